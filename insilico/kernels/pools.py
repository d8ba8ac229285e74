"""Compiled pools over the rows of a sheet. A row is 1-D, (x · feature), features contiguous.

A box sum over a square is a running sum over rows followed by a running sum along the row. The running sum over rows
lives in a padded row of x + 2 · half cells, so that the running sum along it needs no test for the border.
All functions write into arrays that are handed in.
"""

from __future__ import annotations

from numba import njit

from insilico.kernels.compilation import INNER
from insilico.kernels.lanes import BYTES, load, minus, plus, plus_product, spread, store
from insilico.kernels.power import power


@njit(**INNER)
def keep(copy, row):
    """Copy a row (a plain loop: assignment to a slice is ten times slower)."""
    for i in range(row.size):
        copy[i] = row[i]


@njit(**INNER)
def clear(row):
    """Set a row to 0."""
    for i in range(row.size):
        row[i] = 0


@njit(**INNER)
def enter(total, row):
    """Add a row to a running sum over rows."""
    for i in range(row.size):
        total[i] += row[i]


@njit(**INNER)
def leave(total, row):
    """Take a row out of a running sum over rows."""
    for i in range(row.size):
        total[i] -= row[i]


@njit(**INNER)
def multiply(row, by):
    """Multiply a row by another, entry by entry."""
    for i in range(row.size):
        row[i] *= by[i]


@njit(**INNER)
def exchange(total, entering, leaving):
    """Move a running sum over rows on by one row."""
    for i in range(entering.size):
        total[i] += entering[i] - leaving[i]


@njit(**INNER)
def wrap(padded, pad):
    """Fill both pads of a padded row, `pad` entries each, with the opposite ends of its middle."""
    n = padded.size - 2 * pad
    for i in range(pad):
        padded[i] = padded[n + i]
        padded[n + pad + i] = padded[pad + i]


@njit(**INNER)
def blend(out, total, share_above, above, share_below, below):
    """Write a sum over rows plus shares of the two rows at its edges."""
    for i in range(total.size):
        out[i] = total[i] + (share_above * above[i] + share_below * below[i])


@njit(**INNER)
def add_constant(total, number):
    """Add a number to each entry of a row."""
    for i in range(total.size):
        total[i] += number


@njit(**INNER)
def raise_to(row, gain, q, lowest, highest):
    """Replace a row by gain · row^q; lowest, highest from power.power_range."""
    for i in range(row.size):
        row[i] = gain * power(row[i], q, lowest, highest)


@njit(**INNER)
def across_features(row, start, across, n_features, out):
    """Write start + row @ across of each cell into out; across 1-D (feature · feature)."""
    k, n_lanes = n_features, BYTES // out.itemsize
    n_cells = out.size // k
    if k < n_lanes:
        for cell in range(n_cells):
            for j in range(k):
                total = start[cell * k + j]
                for i in range(k):
                    total += row[cell * k + i] * across[i * k + j]
                out[cell * k + j] = total
        return
    for j in range(0, k, n_lanes):
        first = min(j, k - n_lanes)
        if n_cells >= 8:
            for cell in range(0, n_cells, 8):  # the last eight overlap the eight before them
                _across_eight_cells(row, start, across, k, min(cell, n_cells - 8) * k, first, out)
        else:
            for cell in range(n_cells):
                total = load(start, cell * k + first)
                for i in range(k):
                    total = plus_product(total, spread(row[cell * k + i]), load(across, i * k + first))
                store(out, cell * k + first, total)


@njit(**INNER)
def _across_eight_cells(row, start, across, k, here, first, out):
    """Pool the lanes `first` … of eight cells, whose sums stay in registers."""
    at = here + first
    a, b = load(start, at), load(start, at + k)
    c, d = load(start, at + 2 * k), load(start, at + 3 * k)
    e, f = load(start, at + 4 * k), load(start, at + 5 * k)
    g, h = load(start, at + 6 * k), load(start, at + 7 * k)
    for i in range(k):
        w = load(across, i * k + first)
        s = here + i
        a = plus_product(a, spread(row[s]), w)
        b = plus_product(b, spread(row[s + k]), w)
        c = plus_product(c, spread(row[s + 2 * k]), w)
        d = plus_product(d, spread(row[s + 3 * k]), w)
        e = plus_product(e, spread(row[s + 4 * k]), w)
        f = plus_product(f, spread(row[s + 5 * k]), w)
        g = plus_product(g, spread(row[s + 6 * k]), w)
        h = plus_product(h, spread(row[s + 7 * k]), w)
    store(out, at, a)
    store(out, at + k, b)
    store(out, at + 2 * k, c)
    store(out, at + 3 * k, d)
    store(out, at + 4 * k, e)
    store(out, at + 5 * k, f)
    store(out, at + 6 * k, g)
    store(out, at + 7 * k, h)


@njit(**(INNER | {"fastmath": {"contract", "reassoc"}}))
def average_features(row, n_features, share, zero, out):
    """Write the mean over the features of each cell into each of them; share = 1 / n_features; out may be row."""
    k = n_features
    for cell in range(row.size // k):
        here, mean = row[cell * k : (cell + 1) * k], out[cell * k : (cell + 1) * k]
        total = zero
        for i in range(k):
            total += here[i]
        for i in range(k):
            mean[i] = total * share


@njit(**INNER)
def fold_features(row, n_features, sums, differences):
    """Add to, and subtract from, the first half of each cell's features its second half; outputs (x · feature / 2)."""
    half, n_lanes = n_features // 2, BYTES // row.itemsize
    for i in range(0, half, n_lanes):
        first = min(i, half - n_lanes)
        for here in range(first, sums.size, half):
            at = 2 * here - first
            a, b = load(row, at), load(row, at + half)
            store(sums, here, plus(a, b))
            store(differences, here, minus(a, b))


@njit(**INNER)
def across_folded_features(sums, differences, start, even, odd, n_features, zero, out):
    """Do what across_features does for an even number of features in half the products.

    A circulant matrix M acts on the folded halves alone: with even, odd = (M[i, j] ± M[i, j + k/2]) / 2, the first
    half of the result is sums @ even + differences @ odd, the second sums @ even − differences @ odd.
    """
    half, n_lanes = n_features // 2, BYTES // out.itemsize
    n_cells = out.size // n_features
    for j in range(0, half, n_lanes):
        first = min(j, half - n_lanes)
        for cell in range(0, n_cells, 4):  # the last four overlap the four before them
            _four_folded_cells(sums, differences, start, even, odd, half, min(cell, n_cells - 4), first, zero, out)


@njit(**INNER)
def _four_folded_cells(sums, differences, start, even, odd, k, cell, first, zero, out):
    """Pool the lanes `first` … of four cells; k features per folded half."""
    e = cell * k
    a = b = c = d = p = q = r = s = spread(zero)
    for i in range(k):
        w, v = load(even, i * k + first), load(odd, i * k + first)
        a = plus_product(a, spread(sums[e + i]), w)
        b = plus_product(b, spread(sums[e + k + i]), w)
        c = plus_product(c, spread(sums[e + 2 * k + i]), w)
        d = plus_product(d, spread(sums[e + 3 * k + i]), w)
        p = plus_product(p, spread(differences[e + i]), v)
        q = plus_product(q, spread(differences[e + k + i]), v)
        r = plus_product(r, spread(differences[e + 2 * k + i]), v)
        s = plus_product(s, spread(differences[e + 3 * k + i]), v)
    at = 2 * e + first
    _unfold(start, at, k, a, p, out)
    _unfold(start, at + 2 * k, k, b, q, out)
    _unfold(start, at + 4 * k, k, c, r, out)
    _unfold(start, at + 6 * k, k, d, s, out)


@njit(**INNER)
def _unfold(start, at, k, total, difference, out):
    store(out, at, plus(load(start, at), plus(total, difference)))
    store(out, at + k, plus(load(start, at + k), minus(total, difference)))
