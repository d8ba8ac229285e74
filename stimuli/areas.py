"""How much of a small square cell a shape covers: closed forms for squares, Gaussians and hard discs.

Legend: r radius of the disc; [x0, x1] x [y0, y1] the cell relative to the shape's centre; e width of the ramp.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[np.float64]

RAMP_NODES = 64
"""Gauss-Legendre nodes over a disc's ramp. The error of the average is below 1e-5 for any cell, 1e-7 typically."""


def disc_in_cells(x: Array, y: Array, *, cell: float, radius: float) -> Array:
    """Average a hard disc, centred on the origin, over square cells.

    Parameters
    ----------
    x, y : ndarray
        Centres of the cells, degrees; they broadcast together.
    cell : float
        Side of the cells, degrees.
    radius : float
        Radius of the disc, degrees.

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


def _quadrant_area(x0: Array, x1: Array, y0: Array, y1: Array, r: float) -> Array:
    """Intersect rectangles that lie in x, y >= 0 with the disc of radius r about the origin."""
    x0, x1, y0, y1 = np.broadcast_arrays(x0, x1, y0, y1)
    full = np.clip(_circle(y1, r), x0, x1)  # left of it the rectangle's whole height is inside
    end = np.clip(_circle(y0, r), x0, x1)  # right of it nothing is
    width = end - full
    mean_height = np.where(width > 0, (_circle(full, r) + _circle(end, r)) / 2 - y0, 0.0)
    angle = 2 * np.arcsin(np.clip(np.hypot(width, _circle(full, r) - _circle(end, r)) / (2 * r), 0.0, 1.0))
    segment = np.where(width > 0, 0.5 * r**2 * _minus_sine(angle), 0.0)
    return (full - x0) * (y1 - y0) + width * mean_height + segment


def _circle(x: Array, r: float) -> Array:
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
    hard averages: one integral over the radius, taken with `RAMP_NODES` Gauss-Legendre nodes, and only in cells that
    the ramp touches.

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
    x, y = np.broadcast_arrays(x, y)
    half = cell / 2
    nearest = np.hypot(np.maximum(np.abs(x) - half, 0.0), np.maximum(np.abs(y) - half, 0.0))
    farthest = np.hypot(np.abs(x) + half, np.abs(y) + half)
    inner, outer = radius - edge_width / 2, radius + edge_width / 2
    average = np.where(farthest <= inner, 1.0, 0.0)
    ramp = (farthest > inner) & (nearest < outer)
    nodes, weights = np.polynomial.legendre.leggauss(RAMP_NODES)
    average[ramp] = sum(
        # the density of the radii is the ramp's slope, a half sine
        weight
        * np.pi
        / 4
        * np.cos(np.pi / 2 * node)
        * disc_in_cells(x[ramp], y[ramp], cell=cell, radius=radius + node * edge_width / 2)
        for node, weight in zip(nodes, weights, strict=True)
    )
    return average


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
    if edge_width == 0:
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
