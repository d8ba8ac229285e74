"""One sweep of a circuit with two stages down the rows of a stimulus; stimuli in parallel, all steps of one in a row.

The box sums over rows run along with the sweep; a row is updated in place as soon as its pools are known, after its
old content went into a ring buffer, from where it leaves the box sums later.

Symbols: two_stage_equations. Arrays of a stimulus are 1-D, (y · x · feature), and rows of it 1-D, (x · feature).
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit, prange

from insilico.kernels.compilation import ENTRY, INLINED, INNER, fingerprint
from insilico.kernels.pools import (
    across_features,
    across_folded_features,
    add_constant,
    average_features,
    clear,
    enter,
    fold_features,
    keep,
    multiply,
    raise_to,
)
from insilico.kernels.rings import real_ring_along_row, ring_along_row
from insilico.kernels.rows import padded_by, row_of, sum_rows
from insilico.kernels.two_stage_update import (
    EULER,
    EXPONENTIAL,
    collect_forced_rates,
    collect_rates,
    euler_row,
    forced_euler_row,
    forced_relax_row,
    relax_row,
)
from stimuli.kernels.compilation import compiled

P, N, T = range(3)  # the pools over rings; P hears I, the others O
OUTER_PART, INNER_PART, WEIGHT = range(3)

Layout = namedtuple(
    "Layout",
    "n_features half_widths n_annuli reach with_ring sharp untuned mixed powered afresh with_Q with_U "
    "with_thO periodic folded gated",
)
# half_widths (ring, outer or inner, annulus): of boxes, in whole cells; n_annuli, reach (in cells), with_ring, sharp
# (one annulus of whole cells), untuned, mixed (over features), powered, afresh (see `rings`): (ring,) each; the rest:
# booleans
Window = namedtuple("Window", "first pitch height n")  # row y of a crop: the n entries from first + y · pitch on
Scratch = namedtuple(
    "Scratch", "old_I old_O head_I head_O sums boxes piece pools mixed E U rates half_sums half_differences zeros"
)


@njit(**INNER)
def _scratch(X, view, g):
    n, k, dtype = view.n, g.n_features, X.dtype
    head = view.height if g.periodic else 1
    of_I, widest = g.reach[P], max(g.reach[P], g.reach[T])
    padded = n + 2 * widest * k
    return Scratch(
        np.zeros((of_I + 1, n), dtype), np.zeros((widest + 1, n), dtype),
        np.zeros((min(of_I, head), n), dtype), np.zeros((min(widest, head), n), dtype),
        np.zeros((3, g.half_widths.shape[2], 2, padded), dtype), np.zeros((2, padded), dtype),
        np.zeros(n, dtype), np.zeros((3, n), dtype), np.zeros((3, n), dtype),
        np.zeros(n, dtype), np.zeros(n, dtype), np.zeros(n, dtype),
        np.zeros(n // 2, dtype), np.zeros(n // 2, dtype), np.zeros(n, dtype),
    )  # fmt: skip


@njit(**INNER)
def _sweep(X, I, O, view, step, mode, c, g, rings, over_features, forces, forced, w):
    """Go once down the rows: update them, or (mode RATE) leave them and collect the largest |ds/dt| in w.rates."""
    if g.periodic:
        for y in range(w.head_I.shape[0]):
            keep(w.head_I[y], row_of(I, y, view))
        for y in range(w.head_O.shape[0]):
            keep(w.head_O[y], row_of(O, y, view))
    for y in range(view.height):
        X_y, I_y, O_y = row_of(X, y, view), row_of(I, y, view), row_of(O, y, view)
        for ring in range(3):
            if g.with_ring[ring]:
                _pool(I, O, ring, y, view, c, g, rings, over_features, w)
        if g.with_U:
            average_features(O_y, g.n_features, c.share, c.zero, w.U)
        if g.gated and g.with_ring[P]:
            multiply(_of_ring(P, g, w), I_y)
        E = _excitation(I_y, view, c, g, over_features, w)
        keep(w.old_I[y % w.old_I.shape[0]], I_y)
        keep(w.old_O[y % w.old_O.shape[0]], O_y)
        _update(X_y, I_y, O_y, _of_ring(T, g, w), E, y, view, step, mode, c, forces, forced, w)


@njit(**INLINED)
def _of_ring(ring, g, w):
    """Return the row where a pool over a ring is found."""
    return w.mixed[ring] if g.mixed[ring] else w.pools[ring]


@njit(**INLINED)
def _excitation(I, view, c, g, over_features, w):
    """Return gamma P^qP G + gO N − thO + delta Q of a row, from I and the pools over rings."""
    E = _of_ring(P, g, w)
    if not g.with_ring[P] and (g.with_ring[N] or g.with_thO):
        clear(E)
    if g.with_ring[N]:
        enter(E, w.pools[N])
    if g.with_thO:
        add_constant(E, -c.thO)
    if not g.with_Q:
        return E
    _over_features(I, E, over_features, 0, view, c, g, w, w.E)
    return w.E


@njit(**INLINED)
def _pool(I, O, ring, y, view, c, g, rings, over_features, w):
    """Find gamma P^qP, gO N or T^qT of row y."""
    pool = w.pools[ring]
    s, old, head = (I, w.old_I, w.head_I) if ring == P else (O, w.old_O, w.head_O)
    _ring(s, ring, y, view, old, head, c, g, rings, w, pool)
    if g.untuned[ring]:
        average_features(pool, g.n_features, c.share, c.zero, pool)
    elif g.mixed[ring]:
        pool = w.mixed[ring]
        _over_features(w.pools[ring], w.zeros, over_features, ring + 1, view, c, g, w, pool)
    if g.powered[ring]:
        q, lowest, highest = (c.qP, c.lowest_P, c.highest_P) if ring == P else (c.qT, c.lowest_T, c.highest_T)
        raise_to(pool, c.gamma if ring == P else c.one, q, lowest, highest)


@njit(**INLINED)
def _over_features(row, start, over_features, i, view, c, g, w, out):
    """Write start + row @ across of each cell into out; (across, even, odd) = over_features[i]."""
    k, half = g.n_features, g.n_features // 2
    matrices = over_features[i]
    if g.folded and view.n >= 4 * k:
        even, odd = matrices[1, : half * half], matrices[2, : half * half]
        fold_features(row, k, w.half_sums, w.half_differences)
        across_folded_features(w.half_sums, w.half_differences, start, even, odd, k, c.zero, out)
    else:
        across_features(row, start, matrices[0], k, out)


@njit(**INLINED)
def _ring(s, ring, y, view, old, head, c, g, rings, w, out):
    """Write the pool of row y over a ring into out."""
    k, noise = g.n_features, c.noise_P if ring == P else c.noise_T if ring == T else c.zero
    half_widths, annuli, row = g.half_widths[ring], rings[ring], row_of(s, y, view)
    for j in range(g.n_annuli[ring]):
        for i in range(2):
            if half_widths[i, j] > 0:
                sum_rows(
                    s, y, view, old, head, half_widths[i, j], annuli[i, j], g, g.afresh[ring], w.sums[ring, j, i],
                    w.boxes[i],
                )  # fmt: skip
        outer_half, inner_half, weight = half_widths[0, j], half_widths[1, j], annuli[WEIGHT, j]
        outer = padded_by(w.sums[ring, j, 0] if annuli[OUTER_PART, j] == 1 else w.boxes[0], outer_half, row.size, k)
        inner = padded_by(w.sums[ring, j, 1] if annuli[INNER_PART, j] == 1 else w.boxes[1], inner_half, row.size, k)
        inner = inner if inner_half > 0 else row
        if g.sharp[ring]:
            ring_along_row(outer, inner, k, outer_half, inner_half, weight, noise, out)
        else:
            parts = annuli[OUTER_PART, j], annuli[INNER_PART, j]
            piece = w.piece if j else out
            real_ring_along_row(outer, inner, k, (outer_half, inner_half), parts, weight, noise, g.afresh[ring], piece)
            if j:
                enter(out, w.piece)


@njit(**INLINED)
def _forces_of(forces, population, first, n):
    push, scale, held, value = forces
    last = first + n
    return (
        push[population, first:last],
        scale[population, first:last],
        held[population, first:last],
        value[population, first:last],
    )


@njit(**INLINED)
def _update(X, I, O, T, E, y, view, step, mode, c, forces, forced, w):
    if forced:
        first = view.first + y * view.pitch
        of_I, of_O = _forces_of(forces, 0, first, view.n), _forces_of(forces, 1, first, view.n)
        if mode == EXPONENTIAL:
            forced_relax_row(X, I, O, step, c, of_I, of_O, T, E, w.U)
        elif mode == EULER:
            forced_euler_row(X, I, O, step, c, of_I, of_O, T, E, w.U)
        else:
            collect_forced_rates(X, I, O, c, of_I, of_O, T, E, w.U, w.rates)
    elif mode == EXPONENTIAL:
        relax_row(X, I, O, step, c, T, E, w.U)
    elif mode == EULER:
        euler_row(X, I, O, step, c, T, E, w.U)
    else:
        collect_rates(X, I, O, c, T, E, w.U, w.rates)


def _entry(version):
    @compiled(**ENTRY)
    def sweep_stimuli(
        X, I, O, windows, rows, steps, n_steps, mode, c, g, rings, over_features, push, scale, held, value, forced,
        residual,
    ):  # fmt: skip
        """Sweep each stimulus n_steps[i] times; with mode RATE, write its largest rate into residual.

        X, I, O (stimulus, y · x · feature); push, scale, held, value (population, y · x · feature).
        rings (ring, outer or inner part or weight, annulus): the parts by which the outermost cells of a box count, and
        the weight of an annulus; over_features (Q, P, N or T; across, even or odd; feature · feature).
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
                        rings,
                        over_features,
                        (push, scale, held, value),
                        forced,
                        scratch,
                    )
                residual[i] = scratch.rates.max()

    return sweep_stimuli


sweep_stimuli = _entry(fingerprint())
