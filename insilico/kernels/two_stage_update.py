"""Row updates of a circuit with two stages: Euler and exponential Euler steps, rates, the same under perturbing forces.

The formulas are those of `insilico.dynamics`, with a = xi X − mu U − nu T and b = alpha U + beta T for I, and
a = E + zeta I, b = 0 for O. T stands for T^qT, E for all of O's input that is read at the start of a step:
gamma P^qP + delta Q + gO N − thO. All arrays are rows, 1-D, (x · feature).
"""

from __future__ import annotations

from collections import namedtuple

from numba import njit

from insilico.kernels.compilation import INNER
from insilico.kernels.exponential import approach

EULER, EXPONENTIAL, RATE = 0, 1, 2

Constants = namedtuple(
    "Constants",
    "zero one xi alpha mu beta nu zeta gamma thO qP qT leak_I leak_O eta tau share "
    "lowest_P highest_P lowest_T highest_T noise_P noise_T",
)  # scalars in the precision of the drive; lowest, highest: power.power_range; noise: pools.ring_along_row


@njit(**INNER)
def relax_row(X, I, O, step, c, T, E, U):
    """Exponential Euler step of one row (dynamics.exponential_step)."""
    per_eta = step / c.eta
    share_O = approach(step * c.leak_O / c.tau)
    for i in range(I.size):
        a = c.xi * X[i] - c.mu * U[i] - c.nu * T[i]
        b = c.alpha * U[i] + c.beta * T[i]
        above = a - b * I[i] > c.zero
        rate = c.leak_I + (b if above else c.zero)
        target = (a if above else c.zero) / rate
        I[i] += approach(per_eta * rate) * (target - I[i])
    for i in range(O.size):
        a = E[i] + c.zeta * I[i]
        target = (a if a > c.zero else c.zero) / c.leak_O
        O[i] += share_O * (target - O[i])


@njit(**INNER)
def euler_row(X, I, O, step, c, T, E, U):
    """Explicit Euler step of one row (dynamics.euler_step)."""
    per_eta, per_tau = step / c.eta, step / c.tau
    stay_I, stay_O = c.one - c.leak_I * per_eta, c.one - c.leak_O * per_tau
    for i in range(I.size):
        bracket = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] - (c.alpha * U[i] + c.beta * T[i]) * I[i]
        I[i] = stay_I * I[i] + per_eta * (bracket if bracket > c.zero else c.zero)
    for i in range(O.size):
        bracket = E[i] + c.zeta * I[i]
        O[i] = stay_O * O[i] + per_tau * (bracket if bracket > c.zero else c.zero)


@njit(**INNER)
def collect_rates(X, I, O, c, T, E, U, rates):
    """Largest |ds/dt| of one row (dynamics.derivative), elementwise into rates."""
    for i in range(I.size):
        bracket = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] - (c.alpha * U[i] + c.beta * T[i]) * I[i]
        rate = abs((bracket if bracket > c.zero else c.zero) - c.leak_I * I[i]) / c.eta
        rates[i] = rate if rate > rates[i] else rates[i]
    for i in range(O.size):
        bracket = E[i] + c.zeta * I[i]
        rate = abs((bracket if bracket > c.zero else c.zero) - c.leak_O * O[i]) / c.tau
        rates[i] = rate if rate > rates[i] else rates[i]


@njit(**INNER)
def forced_update(X, I, O, step, mode, c, push, scale, held, value, T, E, U, rates):
    """Step or rates of one row under forces (insilico.perturb), unit by unit."""
    for i in range(I.size):
        a = push[0, i] + c.xi * X[i] - c.mu * U[i] - c.nu * T[i]
        b = c.alpha * U[i] + c.beta * T[i]
        new, rate = _forced_unit(I[i], a, b, scale[0, i], step, mode, c.leak_I, c.eta, c)
        if mode == RATE:
            rates[i] = max(rates[i], c.zero if held[0, i] else abs(rate))
        else:
            I[i] = value[0, i] if held[0, i] else new
        new, rate = _forced_unit(
            O[i], push[1, i] + E[i] + c.zeta * I[i], c.zero, scale[1, i], step, mode, c.leak_O, c.tau, c
        )
        if mode == RATE:
            rates[i] = max(rates[i], c.zero if held[1, i] else abs(rate))
        else:
            O[i] = value[1, i] if held[1, i] else new


@njit(**INNER)
def _forced_unit(s, a, b, scale, step, mode, leak, time_constant, c):
    """Return the next state of one unit and its ds/dt."""
    above = a - b * s > c.zero
    bracket = (a - b * s) if above else c.zero
    rate = (scale * bracket - leak * s) / time_constant
    if mode == EXPONENTIAL:
        speed = leak + (scale * b if above else c.zero)
        target = (scale * a if above else c.zero) / speed
        return s + approach(step * speed / time_constant) * (target - s), rate
    return s + step * rate, rate
