"""How much of a small square cell a shape covers: closed forms for squares, Gaussians and hard discs.

Legend: r radius of the disc; [x0, x1] x [y0, y1] the cell relative to the shape's centre; e width of the ramp.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from stimuli.validation import TOLERANCE_DEG

Array = NDArray[np.float64]

RAMP_NODES = 12
"""Gauss-Legendre nodes on each smooth stretch of a disc's ramp; the error of an average stays below 1e-9."""


def disc_in_cells(x: Array, y: Array, *, cell: float, radius: float | Array) -> Array:
    """Average a hard disc, centred on the origin, over square cells.

    Parameters
    ----------
    x, y : ndarray
        Centres of the cells, degrees; they broadcast together.
    cell : float
        Side of the cells, degrees.
    radius : float or ndarray
        Radius of the disc, degrees; an array has one for each cell.

    Returns
    -------
    ndarray
        Covered fraction of each cell in [0, 1], exact to rounding error.
    """
    half = cell / 2
    area = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    # The disc is symmetric: a cell that crosses an axis is cut there, and each part is folded into x, y >= 0.
    for x0, x1 in ((x - half, x + half), (-x - half, -x + half)):
        for y0, y1 in ((y - half, y + half), (-y - half, -y + half)):
            left, right, low, high = (np.maximum(edge, 0.0) for edge in (x0, x1, y0, y1))
            area += _quadrant_area(left, right, low, high, radius)
    return np.clip(area / cell**2, 0.0, 1.0)


def _quadrant_area(x0: Array, x1: Array, y0: Array, y1: Array, r: float | Array) -> Array:
    """Intersect rectangles that lie in x, y >= 0 with the disc of radius r about the origin."""
    x0, x1, y0, y1 = np.broadcast_arrays(x0, x1, y0, y1)
    full = np.clip(_circle(y1, r), x0, x1)  # left of it the rectangle's whole height is inside
    end = np.clip(_circle(y0, r), x0, x1)  # right of it nothing is
    width = end - full
    mean_height = np.where(width > 0, (_circle(full, r) + _circle(end, r)) / 2 - y0, 0.0)
    chord = np.hypot(width, _circle(full, r) - _circle(end, r))
    share = np.divide(chord, 2 * r, out=np.zeros_like(chord), where=np.asarray(r) > 0)
    angle = 2 * np.arcsin(np.clip(share, 0.0, 1.0))
    segment = np.where(width > 0, 0.5 * r**2 * _minus_sine(angle), 0.0)
    return (full - x0) * (y1 - y0) + width * mean_height + segment


def _circle(x: Array, r: float | Array) -> Array:
    """Return sqrt(r^2 - x^2), 0 beyond r."""
    return np.sqrt(np.maximum((r - x) * (r + x), 0.0))


def _minus_sine(angle: Array) -> Array:
    """Return angle - sin(angle) without cancellation near 0 (Taylor series below 0.5 rad)."""
    square = angle**2
    series = angle * square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110))))
    return np.where(angle < 0.5, series, angle - np.sin(angle))


def soft_disc_in_cells(x: Array, y: Array, *, cell: float, radius: float, edge_width: float) -> Array:
    """Average a disc with a raised-cosine edge, centred on the origin, over square cells.

    A soft disc is the mean of hard discs whose radii are spread over the ramp, so its average is that of the exact
    hard averages: one integral over the radius. It is taken between the radii at which the circle meets a corner or a
    side of the cell, with `RAMP_NODES` Gauss-Legendre nodes each, and only in cells that the ramp touches.

    Parameters
    ----------
    x, y, cell, radius
        As in `disc_in_cells`.
    edge_width : float
        Width of the ramp, degrees, centred on the radius.

    Returns
    -------
    ndarray
        Averaged window of each cell in [0, 1].
    """
    x, y = (np.abs(edge) for edge in np.broadcast_arrays(x, y))
    half = cell / 2
    nearest = np.hypot(np.maximum(x - half, 0.0), np.maximum(y - half, 0.0))
    farthest = np.hypot(x + half, y + half)
    inner, outer = radius - edge_width / 2, radius + edge_width / 2
    average = np.where(farthest <= inner, 1.0, 0.0)
    ramp = (farthest > inner) & (nearest < outer)
    x, y = x[ramp], y[ramp]
    stops = np.sort(np.clip(_touching_radii(x, y, half), inner, outer), axis=0)
    stops = np.concatenate([np.full((1, x.size), inner), stops, np.full((1, x.size), outer)])
    nodes, weights = np.polynomial.legendre.leggauss(RAMP_NODES)
    total = np.zeros(x.size)
    for start, stop in pairwise(stops):
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            # the step 3 n² − 2 n³ has no slope at the ends of a stretch, where the covered area grows like a root
            r = start + (stop - start) * node**2 * (3 - 2 * node)
            density = np.pi / (2 * edge_width) * np.sin(np.pi * np.clip((r - inner) / edge_width, 0.0, 1.0))
            slope = (stop - start) * 6 * node * (1 - node)
            total += weight * slope * density * disc_in_cells(x, y, cell=cell, radius=r)
    average[ramp] = np.clip(total, 0.0, 1.0)
    return average


def _touching_radii(x: Array, y: Array, half: float) -> Array:
    """Return the radii, shape (8, cell), at which a circle meets a corner or the line of a side of each cell."""
    x0, x1, y0, y1 = x - half, x + half, y - half, y + half
    corners = [np.hypot(u, v) for u in (x0, x1) for v in (y0, y1)]
    return np.stack([*corners, np.abs(x0), x1, np.abs(y0), y1])


def interval_in_cells(x: Array, *, cell: float, radius: float, edge_width: float) -> Array:
    """Average the interval [-radius, radius], with raised-cosine ramps, over cells of one dimension.

    Parameters
    ----------
    x : ndarray
        Centres of the cells, degrees.
    cell, radius, edge_width : float
        Side of the cells, half width of the interval and width of its ramps, degrees.

    Returns
    -------
    ndarray
        Averaged window of each cell in [0, 1], exact to rounding error.
    """
    x = np.abs(x)
    upper, lower = x + cell / 2, x - cell / 2
    if edge_width <= TOLERANCE_DEG:
        return np.clip(np.minimum(upper, radius) - np.maximum(lower, -radius), 0.0, cell) / cell
    integral = _ramp_integral(upper, radius, edge_width) - _ramp_integral(lower, radius, edge_width)
    return np.clip(integral / cell, 0.0, 1.0)


def _ramp_integral(x: Array, radius: float, e: float) -> Array:
    """Integrate the soft interval from 0 to x; odd in x."""
    start = radius - e / 2
    s = np.clip(np.abs(x) - start, 0.0, e)
    ramp = s / 2 + e / (2 * np.pi) * np.sin(np.pi * s / e)
    return np.sign(x) * (np.minimum(np.abs(x), start) + ramp)


def gaussian_in_cells(x: Array, *, cell: float, sd: float) -> Array:
    """Average exp(-x^2 / (2 sd^2)) over cells of one dimension, exactly.

    Parameters
    ----------
    x : ndarray
        Centres of the cells, degrees.
    cell, sd : float
        Side of the cells and standard deviation, degrees.

    Returns
    -------
    ndarray
        Averaged window of each cell in [0, 1].
    """
    scale = np.sqrt(2) * sd
    return sd * np.sqrt(np.pi / 2) / cell * (erf((x + cell / 2) / scale) - erf((x - cell / 2) / scale))
