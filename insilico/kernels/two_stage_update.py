"""Row updates of a circuit with two stages: Euler and exponential Euler steps, rates, the same under perturbing forces.

The formulas are those of `insilico.dynamics`, with a = xi X − mu U − nu T and b = alpha U + beta T for I, and
a = E + zeta I, b = 0 for O. T stands for T^qT, E for all of O's input that is read at the start of a step:
gamma P^qP G + delta Q + gO N − thO. All arrays are rows, 1-D, (x · feature).

Forces enter where a force of nothing (push 0, scale 1) leaves every rounding as it is without forces, products and sums
that a compiler contracts included: a push is added last, a scale multiplies inside the choice of the rectifier.
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
def forced_relax_row(X, I, O, step, c, of_I, of_O, T, E, U):
    """As relax_row, under forces (push, scale, held, value) of each population's row (insilico.perturb)."""
    push, scale, held, value = of_I
    per_eta = step / c.eta
    for i in range(I.size):
        a = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] + push[i]
        b = c.alpha * U[i] + c.beta * T[i]
        above = a - b * I[i] > c.zero
        rate = c.leak_I + (scale[i] * b if above else c.zero)
        target = (scale[i] * a if above else c.zero) / rate
        new = I[i] + approach(per_eta * rate) * (target - I[i])
        I[i] = value[i] if held[i] else new
    push, scale, held, value = of_O
    share_O = approach(step * c.leak_O / c.tau)
    for i in range(O.size):
        a = E[i] + c.zeta * I[i] + push[i]
        target = (scale[i] * a if a > c.zero else c.zero) / c.leak_O
        new = O[i] + share_O * (target - O[i])
        O[i] = value[i] if held[i] else new


@njit(**INNER)
def forced_euler_row(X, I, O, step, c, of_I, of_O, T, E, U):
    """As euler_row, under forces."""
    push, scale, held, value = of_I
    per_eta, per_tau = step / c.eta, step / c.tau
    stay_I, stay_O = c.one - c.leak_I * per_eta, c.one - c.leak_O * per_tau
    for i in range(I.size):
        bracket = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] - (c.alpha * U[i] + c.beta * T[i]) * I[i] + push[i]
        new = stay_I * I[i] + per_eta * scale[i] * (bracket if bracket > c.zero else c.zero)
        I[i] = value[i] if held[i] else new
    push, scale, held, value = of_O
    for i in range(O.size):
        bracket = E[i] + c.zeta * I[i] + push[i]
        new = stay_O * O[i] + per_tau * scale[i] * (bracket if bracket > c.zero else c.zero)
        O[i] = value[i] if held[i] else new


@njit(**INNER)
def collect_forced_rates(X, I, O, c, of_I, of_O, T, E, U, rates):
    """As collect_rates, under forces; held units do not move."""
    push, scale, held, _ = of_I
    for i in range(I.size):
        bracket = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] - (c.alpha * U[i] + c.beta * T[i]) * I[i] + push[i]
        rate = abs((scale[i] * bracket if bracket > c.zero else c.zero) - c.leak_I * I[i]) / c.eta
        moves = c.zero if held[i] else rate
        rates[i] = moves if moves > rates[i] else rates[i]
    push, scale, held, _ = of_O
    for i in range(O.size):
        bracket = E[i] + c.zeta * I[i] + push[i]
        rate = abs((scale[i] * bracket if bracket > c.zero else c.zero) - c.leak_O * O[i]) / c.tau
        moves = c.zero if held[i] else rate
        rates[i] = moves if moves > rates[i] else rates[i]
