"""One sweep of the 2018 circuit down the rows of a stimulus; stimuli in parallel, all steps of one before the next.

The box sums over rows run along with the sweep; a row is updated in place as soon as its pools are known, after its
old content went into a ring buffer, from where it leaves the box sums later.

Symbols: mely2018_equations. Arrays of a stimulus are 1-D, (y · x · feature), and rows of it 1-D, (x · feature).
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit, prange

from insilico.kernels.compilation import ENTRY, INNER, fingerprint
from insilico.kernels.mely2018_update import (
    EULER,
    EXPONENTIAL,
    collect_rates,
    euler_row,
    forced_update,
    relax_row,
)
from insilico.kernels.pools import (
    across_features,
    across_folded_features,
    average_features,
    enter,
    exchange,
    fold_features,
    keep,
    leave,
    ring_along_row,
    wrap,
)

Layout = namedtuple(
    "Layout",
    [
        "n_features",
        "core",
        "near",
        "far",
        "with_P",
        "with_Q",
        "with_T",
        "with_U",
        "untuned_P",
        "untuned_T",
        "periodic",
        "folded",
    ],
)  # core, near, far: half-widths of the boxes srf, ssn, ssf in cells; the rest: booleans
Window = namedtuple("Window", "first pitch height n")  # row y of a crop: the n entries from first + y · pitch on
Scratch = namedtuple(
    "Scratch",
    [
        "old_I",
        "old_O",
        "head_I",
        "head_O",
        "core_I",
        "near_I",
        "near_O",
        "far_O",
        "T",
        "P",
        "E",
        "U",
        "rates",
        "sums",
        "differences",
    ],
)


@njit(**INNER)
def _row(s, y, view):
    """Return row y of a crop; a contiguous view."""
    first = view.first + y * view.pitch
    return s[first : first + view.n]


@njit(**INNER)
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
        np.zeros(n // 2, dtype), np.zeros(n // 2, dtype),
    )  # fmt: skip


@njit(**INNER)
def _sweep(X, I, O, view, step, mode, c, g, pools, forces, forced, w):
    """Go once down the rows: update them, or (mode RATE) leave them and collect the largest |ds/dt| in w.rates."""
    k, (across, even, odd) = g.n_features, pools
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
            if g.folded and view.n >= 4 * k:
                fold_features(I_y, k, w.sums, w.differences)
                across_folded_features(w.sums, w.differences, w.P, even, odd, k, c.zero, w.E)
            else:
                across_features(I_y, w.P, across, k, w.E)
        if g.with_T:
            _move_down(w.near_O, O, view, w.old_O, w.head_O, y, g.near, g)
            _move_down(w.far_O, O, view, w.old_O, w.head_O, y, g.far, g)
            ring_along_row(w.far_O, w.near_O, k, g.far, g.near, c.far, c.zero, w.T)
            if g.untuned_T:
                average_features(w.T, k, c.share, c.zero, w.T)
        if g.with_U:
            average_features(O_y, k, c.share, c.zero, w.U)
        keep(w.old_I[y % w.old_I.shape[0]], I_y)
        keep(w.old_O[y % w.old_O.shape[0]], O_y)
        _update(X_y, I_y, O_y, w.E if g.with_Q else w.P, y, view, step, mode, c, forces, forced, w)


@njit(**INNER)
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


@njit(**INNER)
def _update(X, I, O, E, y, view, step, mode, c, forces, forced, w):
    if forced:
        push, scale, held, value = forces
        first = view.first + y * view.pitch
        row = slice(first, first + view.n)
        forced_update(
            X, I, O, step, mode, c, push[:, row], scale[:, row], held[:, row], value[:, row], w.T, E, w.U, w.rates
        )
    elif mode == EXPONENTIAL:
        relax_row(X, I, O, step, c, w.T, E, w.U)
    elif mode == EULER:
        euler_row(X, I, O, step, c, w.T, E, w.U)
    else:
        collect_rates(X, I, O, c, w.T, E, w.U, w.rates)


def _entry(version):
    @njit(**ENTRY)
    def sweep_stimuli(
        X, I, O, windows, rows, steps, n_steps, mode, c, g, pools, push, scale, held, value, forced, residual
    ):  # fmt: skip
        """Sweep each stimulus n_steps[i] times; with mode RATE, write its largest rate into residual.

        X, I, O (stimulus, y · x · feature); push, scale, held, value (population, y · x · feature).
        """
        _ = version
        for i in prange(rows.size):
            s = rows[i]
            view = Window(windows[i, 0], windows[i, 1], windows[i, 2], windows[i, 3])
            if view.height > 0 and view.n > 0:
                scratch = _scratch(X, view, g)
                for _ in range(n_steps[i]):
                    _sweep(
                        X[s],
                        I[s],
                        O[s],
                        view,
                        steps[i],
                        mode,
                        c,
                        g,
                        pools,
                        (push, scale, held, value),
                        forced,
                        scratch,
                    )
                residual[i] = scratch.rates.max()

    return sweep_stimuli


sweep_stimuli = _entry(fingerprint())
