"""Fused step of the 2018 circuit: all steps of one stimulus before the next, stimuli in parallel.

One sweep goes down the rows of a stimulus. The box sums over rows run along with it; a row is updated in place as
soon as its pools are known, after its old content went into a ring buffer, from where it leaves the box sums later.

Activities vanish where neither drive, nor near ring, nor initial state, nor perturbation reaches, so that under the
boundary "zero" each stimulus is cropped to the bounding box of what is left: the result is the same.

Symbols: mely2018_equations. Shapes: X, I, O (stimulus, y, x · feature); rows 1-D, (x · feature).
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numba import njit, prange

from insilico.dynamics import State
from insilico.kernels.exponential import decay
from insilico.kernels.pools import (
    across_features,
    average_features,
    enter,
    exchange,
    leave,
    ring_along_row,
    wrap,
)
from insilico.kernels.support import boxes_of_activity
from insilico.perturb import Forces, Perturbation, selected_units

if TYPE_CHECKING:
    from insilico.circuits.mely2018_equations import Wiring

EULER, EXPONENTIAL, RATE = 0, 1, 2
_OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract"}}

Constants = namedtuple(
    "Constants", "zero one xi alpha mu beta nu zeta gamma_near far leak_I leak_O eta tau share".split()
)  # scalars in the precision of the drive; gamma_near, far: gamma and 1 over the areas of the near and the far ring
Layout = namedtuple(
    "Layout", "n_features core near far with_P with_Q with_T with_U untuned_P untuned_T periodic".split()
)  # core, near, far: half-widths of the boxes srf, ssn, ssf in cells; the rest: booleans
Window = namedtuple("Window", "first pitch height n")  # row y of a crop: the n entries from first + y · pitch on
Scratch = namedtuple(
    "Scratch", "old_I old_O head_I head_O core_I near_I near_O far_O T P E U rates".split()
)


class FusedStepper:
    """The circuit, compiled; see `insilico.dynamics.Stepper`.

    Parameters
    ----------
    drive
        X, (stimulus, y, x, feature).
    wiring
        The circuit.
    method
        "exponential" or "euler".
    state
        (I, O) at the start; together with `perturbations` it decides where the sheet is cropped.
    perturbations
        All perturbations of the run.
    """

    def __init__(
        self, drive: np.ndarray, wiring: Wiring, *, method: str, state: State, perturbations: Sequence[Perturbation]
    ) -> None:
        self._X = drive
        self._method = EXPONENTIAL if method == "exponential" else EULER
        self._across = (wiring.parameters.delta * wiring.across).astype(drive.dtype).ravel()
        self._constants = _constants(wiring, drive)
        self._layout = _layout(wiring, drive)
        shape = drive.shape[1:]
        units = [selected_units(p, shape) for p in perturbations]
        touched = np.zeros((2, *shape), bool)
        for ids in units:
            touched.reshape(-1)[ids] = True
        boxes = boxes_of_activity(
            (drive, state[0], touched[0]), (state[1], touched[1]), reach=wiring.near.reach, boundary=wiring.boundary
        )
        self._windows = _windows(boxes, width=shape[1], n_features=shape[2])

    def advance(
        self, state: State, *, rows: np.ndarray, steps: np.ndarray, n_steps: np.ndarray, forces: Forces | None
    ) -> None:
        """Advance the stimuli `rows` in place by n_steps[i] steps of size steps[i]."""
        self._sweep(state, rows, steps, n_steps, forces, self._method)

    def residual(self, state: State, *, rows: np.ndarray, forces: Forces | None) -> np.ndarray:
        """Return the largest |dI/dt| or |dO/dt| of each stimulus in `rows`; clamped units do not move."""
        ones = np.ones(len(rows), np.int64)
        return self._sweep(state, rows, ones.astype(float), ones, forces, RATE)

    def _sweep(self, state, rows, steps, n_steps, forces, mode) -> np.ndarray:
        dtype = self._X.dtype
        flat = (len(self._X), -1)
        residual = np.zeros(len(rows))
        sweep_stimuli(
            self._X.reshape(flat), state[0].reshape(flat), state[1].reshape(flat), self._windows[rows],
            rows, steps.astype(dtype), n_steps, mode, self._constants, self._layout, self._across,
            *_dense(forces, dtype), forces is not None, residual,
        )  # fmt: skip
        return residual


def _constants(wiring, drive) -> Constants:
    p, number = wiring.parameters, drive.dtype.type
    of_I, of_O = p.populations
    values = {
        "zero": 0, "one": 1, "xi": p.xi, "alpha": p.alpha, "mu": p.mu, "beta": p.beta, "nu": p.nu, "zeta": p.zeta,
        "gamma_near": p.gamma / (p.ssn**2 - p.srf**2), "far": 1 / (p.ssf**2 - p.ssn**2),
        "leak_I": of_I.leak, "leak_O": of_O.leak, "eta": p.eta, "tau": p.tau, "share": 1 / drive.shape[3],
    }  # fmt: skip
    return Constants(**{name: number(value) for name, value in values.items()})


def _layout(wiring, drive) -> Layout:
    p = wiring.parameters
    return Layout(
        n_features=drive.shape[3],
        core=p.srf // 2,
        near=p.ssn // 2,
        far=p.ssf // 2,
        with_P=p.gamma > 0,
        with_Q=p.delta > 0,
        with_T=p.beta > 0 or p.nu > 0,
        with_U=p.alpha > 0 or p.mu > 0,
        untuned_P=wiring.untuned_near,
        untuned_T=wiring.untuned_far,
        periodic=wiring.boundary == "periodic",
    )


def _windows(boxes, width, n_features) -> np.ndarray:
    """Return the numbers of a Window for each box (top, bottom, left, right)."""
    top, bottom, left, right = boxes.T
    pitch = np.full(len(boxes), width * n_features)
    return np.stack([top * pitch + left * n_features, pitch, bottom - top, (right - left) * n_features], axis=1)


def _dense(forces, dtype) -> tuple[np.ndarray, ...]:
    if forces is None:
        nothing = np.zeros((2, 0), dtype)
        return nothing, nothing, np.zeros((2, 0), bool), nothing
    flat = (2, -1)
    drive, scale, value = (a.astype(dtype).reshape(flat) for a in (forces.drive, forces.scale, forces.value))
    return drive, scale, forces.held.reshape(flat), value


@njit(parallel=True, **_OPTIONS)
def sweep_stimuli(
    X, I, O, windows, rows, steps, n_steps, mode, c, g, across, push, scale, held, value, forced, residual
):  # fmt: skip
    """Sweep each stimulus n_steps[i] times; with mode RATE, write its largest rate into residual.

    X, I, O (stimulus, y · x · feature); push, scale, held, value (population, y · x · feature).
    """
    for i in prange(rows.size):
        s = rows[i]
        view = Window(windows[i, 0], windows[i, 1], windows[i, 2], windows[i, 3])
        if view.height > 0 and view.n > 0:
            scratch = _scratch(X, view, g)
            for _ in range(n_steps[i]):
                _sweep(X[s], I[s], O[s], view, steps[i], mode, c, g, across, (push, scale, held, value), forced, scratch)
            residual[i] = scratch.rates.max()


@njit(**_OPTIONS)
def _row(s, y, view):
    """Return row y of a crop; a contiguous view."""
    first = view.first + y * view.pitch
    return s[first : first + view.n]


@njit(**_OPTIONS)
def _scratch(X, view, g):
    n, k = view.n, g.n_features
    head = view.height if g.periodic else 1
    dtype = X.dtype
    return Scratch(
        np.zeros((g.near + 1, n), dtype), np.zeros((g.far + 1, n), dtype),
        np.zeros((min(g.near, head), n), dtype), np.zeros((min(g.far, head), n), dtype),
        np.zeros(n + 2 * g.core * k, dtype), np.zeros(n + 2 * g.near * k, dtype),
        np.zeros(n + 2 * g.near * k, dtype), np.zeros(n + 2 * g.far * k, dtype),
        np.zeros(n, dtype), np.zeros(n, dtype), np.zeros(n, dtype), np.zeros(n, dtype), np.zeros(n, dtype),
    )  # fmt: skip


@njit(**_OPTIONS)
def _sweep(X, I, O, view, step, mode, c, g, across, forces, forced, w):
    """Go once down the rows: update them, or (mode RATE) leave them and collect the largest |ds/dt| in w.rates."""
    k = g.n_features
    if g.periodic:
        for y in range(w.head_I.shape[0]):
            w.head_I[y] = _row(I, y, view)
        for y in range(w.head_O.shape[0]):
            w.head_O[y] = _row(O, y, view)
    for y in range(view.height):
        X_y, I_y, O_y = _row(X, y, view), _row(I, y, view), _row(O, y, view)
        if g.with_P:
            _move_down(w.near_I, I, view, w.old_I, w.head_I, y, g.near, g)
            if g.core > 0:
                _move_down(w.core_I, I, view, w.old_I, w.head_I, y, g.core, g)
            core = w.core_I if g.core > 0 else I_y
            ring_along_row(w.near_I, core, k, g.near, g.core, c.gamma_near, c.zero, w.P)
            if g.untuned_P:
                average_features(w.P, k, c.share, c.zero, w.P)
        if g.with_Q:
            across_features(I_y, w.P, across, k, w.E)
        if g.with_T:
            _move_down(w.near_O, O, view, w.old_O, w.head_O, y, g.near, g)
            _move_down(w.far_O, O, view, w.old_O, w.head_O, y, g.far, g)
            ring_along_row(w.far_O, w.near_O, k, g.far, g.near, c.far, c.zero, w.T)
            if g.untuned_T:
                average_features(w.T, k, c.share, c.zero, w.T)
        if g.with_U:
            average_features(O_y, k, c.share, c.zero, w.U)
        w.old_I[y % w.old_I.shape[0]] = I_y
        w.old_O[y % w.old_O.shape[0]] = O_y
        _update(X_y, I_y, O_y, w.E if g.with_Q else w.P, y, view, step, mode, c, forces, forced, w)


@njit(**_OPTIONS)
def _move_down(padded, s, view, old, head, y, half, g):
    """Bring the sum over the rows y − half … y + half up to row y; old rows are taken from before their update."""
    k, n = g.n_features, view.height
    pad = half * k
    total = padded[pad : padded.size - pad]
    if y == 0:
        total[:] = 0
        for row in range(min(half + 1, n)):
            enter(total, _row(s, row, view))
        if g.periodic:
            for row in range(n - half, n):
                enter(total, _row(s, row, view))
    else:
        entering = y + half < n or g.periodic
        leaving = y - half - 1 >= 0 or g.periodic
        new = _row(s, y + half, view) if y + half < n else head[(y + half - n) % head.shape[0]]
        gone = _row(s, n + y - half - 1, view) if y - half - 1 < 0 else old[(y - half - 1) % old.shape[0]]
        if entering and leaving:
            exchange(total, new, gone)
        elif entering:
            enter(total, new)
        elif leaving:
            leave(total, gone)
    if g.periodic:
        wrap(padded, pad)


@njit(**_OPTIONS)
def _update(X, I, O, E, y, view, step, mode, c, forces, forced, w):
    if forced:
        push, scale, held, value = forces
        first = view.first + y * view.pitch
        row = slice(first, first + view.n)
        _forced_update(
            X, I, O, step, mode, c, push[:, row], scale[:, row], held[:, row], value[:, row], w.T, E, w.U, w.rates
        )
    elif mode == EXPONENTIAL:
        _relax(X, I, O, step, c, w.T, E, w.U)
    elif mode == EULER:
        _euler(X, I, O, step, c, w.T, E, w.U)
    else:
        _collect_rates(X, I, O, c, w.T, E, w.U, w.rates)


@njit(**_OPTIONS)
def _relax(X, I, O, step, c, T, E, U):
    """Exponential Euler step of one row (dynamics.exponential_step)."""
    per_eta = step / c.eta
    stay_O = decay(step * c.leak_O / c.tau)
    for i in range(I.size):
        a = c.xi * X[i] - c.mu * U[i] - c.nu * T[i]
        b = c.alpha * U[i] + c.beta * T[i]
        above = a - b * I[i] > c.zero
        rate = c.leak_I + (b if above else c.zero)
        target = (a if above else c.zero) / rate
        I[i] = target + (I[i] - target) * decay(per_eta * rate)
    for i in range(O.size):
        a = E[i] + c.zeta * I[i]
        target = (a if a > c.zero else c.zero) / c.leak_O
        O[i] = target + (O[i] - target) * stay_O


@njit(**_OPTIONS)
def _euler(X, I, O, step, c, T, E, U):
    """Explicit Euler step of one row (dynamics.euler_step)."""
    per_eta, per_tau = step / c.eta, step / c.tau
    stay_I, stay_O = c.one - c.leak_I * per_eta, c.one - c.leak_O * per_tau
    for i in range(I.size):
        bracket = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] - (c.alpha * U[i] + c.beta * T[i]) * I[i]
        I[i] = stay_I * I[i] + per_eta * (bracket if bracket > c.zero else c.zero)
    for i in range(O.size):
        bracket = E[i] + c.zeta * I[i]
        O[i] = stay_O * O[i] + per_tau * (bracket if bracket > c.zero else c.zero)


@njit(**_OPTIONS)
def _collect_rates(X, I, O, c, T, E, U, rates):
    """Largest |ds/dt| of one row (dynamics.derivative), elementwise into rates."""
    for i in range(I.size):
        bracket = c.xi * X[i] - c.mu * U[i] - c.nu * T[i] - (c.alpha * U[i] + c.beta * T[i]) * I[i]
        rate = abs((bracket if bracket > c.zero else c.zero) - c.leak_I * I[i]) / c.eta
        rates[i] = rate if rate > rates[i] else rates[i]
    for i in range(O.size):
        bracket = E[i] + c.zeta * I[i]
        rate = abs((bracket if bracket > c.zero else c.zero) - c.leak_O * O[i]) / c.tau
        rates[i] = rate if rate > rates[i] else rates[i]


@njit(**_OPTIONS)
def _forced_update(X, I, O, step, mode, c, push, scale, held, value, T, E, U, rates):
    """Step or rates of one row under forces (insilico.perturb), unit by unit."""
    for i in range(I.size):
        a = push[0, i] + c.xi * X[i] - c.mu * U[i] - c.nu * T[i]
        b = c.alpha * U[i] + c.beta * T[i]
        new, rate = _forced_unit(I[i], a, b, scale[0, i], step, mode, c.leak_I, c.eta, c)
        if mode == RATE:
            rates[i] = max(rates[i], c.zero if held[0, i] else abs(rate))
        else:
            I[i] = value[0, i] if held[0, i] else new
        new, rate = _forced_unit(O[i], push[1, i] + E[i] + c.zeta * I[i], c.zero, scale[1, i], step, mode, c.leak_O, c.tau, c)
        if mode == RATE:
            rates[i] = max(rates[i], c.zero if held[1, i] else abs(rate))
        else:
            O[i] = value[1, i] if held[1, i] else new


@njit(**_OPTIONS)
def _forced_unit(s, a, b, scale, step, mode, leak, time_constant, c):
    """Return the next state of one unit and its ds/dt."""
    above = a - b * s > c.zero
    bracket = (a - b * s) if above else c.zero
    rate = (scale * bracket - leak * s) / time_constant
    if mode == EXPONENTIAL:
        speed = leak + (scale * b if above else c.zero)
        target = (scale * a if above else c.zero) / speed
        return target + (s - target) * decay(step * speed / time_constant), rate
    return s + step * rate, rate
