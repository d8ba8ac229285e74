"""Compiled sums over the rows of a sheet that is updated row by row: each pool sees the state before the update.

A row is read from the sheet where it has not been updated yet, else from the ring buffer `old` of rows above, or from
`head`, the first rows of a periodic sheet.
"""

from __future__ import annotations

from numba import njit

from insilico.kernels.compilation import INLINED
from insilico.kernels.pools import blend, clear, enter, exchange, leave, wrap


@njit(**INLINED)
def row_of(s, y, view):
    """Return row y of a crop; a contiguous view."""
    first = view.first + y * view.pitch
    return s[first : first + view.n]


@njit(**INLINED)
def padded_by(sums, half, n, k):
    """Return a row of n entries with its padding of `half` cells on either side."""
    return sums[: n + 2 * half * k]


@njit(**INLINED)
def sum_rows(s, y, view, old, head, half, part, g, afresh, sums, blended):
    """Sum over the rows y − half … y + half into sums; into blended, where the outermost count by a part only."""
    pad, n, whole = half * g.n_features, view.height, part == 1
    padded, out = padded_by(sums, half, view.n, g.n_features), padded_by(blended, half, view.n, g.n_features)
    total = padded[pad : pad + view.n]
    if afresh:
        _sum_afresh(total, s, view, old, head, y, half if whole else half - 1, g)
    else:
        _move_down(total, s, view, old, head, y, half if whole else half - 1, g)
    if not whole:
        middle = out[pad : pad + view.n]
        with_above, with_below = y - half >= 0 or g.periodic, y + half < n or g.periodic
        above = row_of(s, n + y - half, view) if y - half < 0 else old[(y - half) % old.shape[0]]
        below = row_of(s, y + half, view) if y + half < n else head[(y + half - n) % head.shape[0]]
        none = part - part
        blend(middle, total, part if with_above else none, above, part if with_below else none, below)
        clear(out[:pad])
        clear(out[pad + view.n :])
    if g.periodic:
        wrap(padded if whole else out, pad)


@njit(**INLINED)
def _sum_afresh(total, s, view, old, head, y, half, g):
    """Do what _move_down does, without leaving anything behind."""
    n = view.height
    clear(total)
    for row in range(y - half, y + half + 1):
        if row >= n and g.periodic:
            enter(total, head[row - n])
        elif row < 0 and g.periodic:
            enter(total, row_of(s, n + row, view))
        elif y <= row < n:
            enter(total, row_of(s, row, view))
        elif 0 <= row < y:
            enter(total, old[row % old.shape[0]])


@njit(**INLINED)
def _move_down(total, s, view, old, head, y, half, g):
    """Bring the sum over the rows y − half … y + half up to row y; old rows are taken from before their update."""
    n = view.height
    if y == 0:
        clear(total)
        for row in range(min(half + 1, n)):
            enter(total, row_of(s, row, view))
        if g.periodic:
            for row in range(n - half, n):
                enter(total, row_of(s, row, view))
    else:
        entering = y + half < n or g.periodic
        leaving = y - half - 1 >= 0 or g.periodic
        new = row_of(s, y + half, view) if y + half < n else head[(y + half - n) % head.shape[0]]
        gone = row_of(s, n + y - half - 1, view) if y - half - 1 < 0 else old[(y - half - 1) % old.shape[0]]
        if entering and leaving:
            exchange(total, new, gone)
        elif entering:
            enter(total, new)
        elif leaving:
            leave(total, gone)
