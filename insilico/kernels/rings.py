"""Compiled pools over rings: along a row of sums over rows, a box without its core.

Rows are 1-D, (x · feature), features contiguous; sums over rows are padded by their half-width. A running sum leaves
rounding behind where nothing is; a power below 1 would turn it into activity, so that such pools are summed afresh.
"""

from __future__ import annotations

from numba import njit

from insilico.kernels.compilation import INNER
from insilico.kernels.lanes import BYTES, beyond, load, minus, plus, plus_product, spread, store, times


@njit(**INNER)
def ring_along_row(outer, inner, n_features, outer_half, inner_half, weight, noise, out):
    """Write weight · (outer box − inner box) of each cell into out (x · feature).

    outer, inner are padded rows, by their half-widths, of sums over rows. What the difference leaves below
    noise · outer box is rounding and becomes 0; noise = 0 cuts negative differences only.
    """
    k, n_lanes = n_features, BYTES // out.itemsize
    if k < n_lanes:
        for i in range(k):
            _ring_of_one_feature(outer, inner, i, k, outer_half, inner_half, weight, noise, out)
    else:
        for i in range(0, k, n_lanes):
            _ring_of_lanes(outer, inner, min(i, k - n_lanes), k, outer_half, inner_half, weight, noise, out)


@njit(**INNER)
def _ring_of_lanes(outer, inner, i, k, outer_half, inner_half, weight, noise, out):
    """Do the features i, i + 1, … of a lane."""
    w, rounding = spread(weight), spread(noise)
    outer_sum, inner_sum = load(outer, i), load(inner, i)
    for cell in range(1, 2 * outer_half + 1):
        outer_sum = plus(outer_sum, load(outer, cell * k + i))
    for cell in range(1, 2 * inner_half + 1):
        inner_sum = plus(inner_sum, load(inner, cell * k + i))
    store(out, i, times(w, beyond(minus(outer_sum, inner_sum), times(rounding, outer_sum))))
    for here in range(k + i, out.size, k):
        outer_sum = plus(outer_sum, minus(load(outer, here + 2 * outer_half * k), load(outer, here - k)))
        if inner_half == 0:
            inner_sum = load(inner, here)
        else:
            inner_sum = plus(inner_sum, minus(load(inner, here + 2 * inner_half * k), load(inner, here - k)))
        store(out, here, times(w, beyond(minus(outer_sum, inner_sum), times(rounding, outer_sum))))


@njit(**INNER)
def _ring_of_one_feature(outer, inner, i, k, outer_half, inner_half, weight, noise, out):
    """The same for one feature, where there are fewer features than lanes."""
    outer_sum, inner_sum = outer[i], inner[i]
    for cell in range(1, 2 * outer_half + 1):
        outer_sum += outer[cell * k + i]
    for cell in range(1, 2 * inner_half + 1):
        inner_sum += inner[cell * k + i]
    out[i] = weight * _left(outer_sum, inner_sum, noise)
    for here in range(k + i, out.size, k):
        outer_sum += outer[here + 2 * outer_half * k] - outer[here - k]
        if inner_half == 0:
            inner_sum = inner[here]
        else:
            inner_sum += inner[here + 2 * inner_half * k] - inner[here - k]
        out[here] = weight * _left(outer_sum, inner_sum, noise)


@njit(**INNER)
def _left(outer, inner, noise):
    difference = outer - inner
    return difference if difference > noise * outer else outer * 0


@njit(**INNER)
def real_ring_along_row(outer, inner, n_features, half, part, weight, noise, afresh, out):
    """Do what ring_along_row does, where the outermost cells of a box count by a part of theirs, in (0, 1].

    half, part: pairs (outer, inner). With `afresh` each box is summed anew, so that where nothing is, 0 is found.
    """
    k, n_lanes = n_features, BYTES // out.itemsize
    if k < n_lanes:
        for i in range(k):
            _real_ring_of_one_feature(outer, inner, i, k, half, part, weight, noise, afresh, out)
    else:
        for i in range(0, k, n_lanes):
            _real_ring_of_lanes(outer, inner, min(i, k - n_lanes), k, half, part, weight, noise, afresh, out)


@njit(**INNER)
def _real_ring_of_lanes(outer, inner, i, k, half, part, weight, noise, afresh, out):
    """Do the features i, i + 1, … of a lane."""
    (outer_half, inner_half), of_outer, of_inner = half, spread(part[0]), spread(part[1])
    w, rounding = spread(weight), spread(noise)
    zero = minus(w, w)
    outer_sum = inner_sum = zero
    for cell in range(2 * outer_half - 1):  # without the first and the last of the cells
        outer_sum = plus(outer_sum, load(outer, cell * k + i))
    for cell in range(2 * inner_half - 1):
        inner_sum = plus(inner_sum, load(inner, cell * k + i))
    far, near = (2 * outer_half) * k, (2 * inner_half) * k
    for here in range(i, out.size, k):
        first, last = load(outer, here), load(outer, here + far)
        if afresh:
            outer_sum = _sum_of_lanes(outer, here + k, here + far, k, zero)
        else:
            outer_sum = plus(outer_sum, minus(load(outer, here + far - k), first))
        outer_box = plus_product(outer_sum, of_outer, plus(first, last))
        inner_box = load(inner, here)
        if inner_half > 0:
            if afresh:
                inner_sum = _sum_of_lanes(inner, here + k, here + near, k, zero)
            else:
                inner_sum = plus(inner_sum, minus(load(inner, here + near - k), inner_box))
            inner_box = plus_product(inner_sum, of_inner, plus(inner_box, load(inner, here + near)))
        left = beyond(minus(outer_box, inner_box), times(rounding, outer_box))
        store(out, here, times(w, left))


@njit(**INNER)
def _sum_of_lanes(row, start, stop, k, zero):
    """Add up the cells from start up to stop."""
    total = zero
    for at in range(start, stop, k):
        total = plus(total, load(row, at))
    return total


@njit(**INNER)
def _real_ring_of_one_feature(outer, inner, i, k, half, part, weight, noise, afresh, out):
    """The same for one feature, where there are fewer features than lanes."""
    (outer_half, inner_half), (outer_part, inner_part) = half, part
    outer_sum = inner_sum = zero = weight - weight
    for cell in range(2 * outer_half - 1):
        outer_sum += outer[cell * k + i]
    for cell in range(2 * inner_half - 1):
        inner_sum += inner[cell * k + i]
    far, near = (2 * outer_half) * k, (2 * inner_half) * k
    for here in range(i, out.size, k):
        if afresh:
            outer_sum = _sum_of_one_feature(outer, here + k, here + far, k, zero)
        else:
            outer_sum += outer[here + far - k] - outer[here]
        outer_box = outer_sum + outer_part * (outer[here] + outer[here + far])
        inner_box = inner[here]
        if inner_half > 0:
            if afresh:
                inner_sum = _sum_of_one_feature(inner, here + k, here + near, k, zero)
            else:
                inner_sum += inner[here + near - k] - inner[here]
            inner_box = inner_sum + inner_part * (inner[here] + inner[here + near])
        out[here] = weight * _left(outer_box, inner_box, noise)


@njit(**INNER)
def _sum_of_one_feature(row, start, stop, k, zero):
    total = zero
    for at in range(start, stop, k):
        total += row[at]
    return total
