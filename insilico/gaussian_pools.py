"""Pools with Gaussian weights: over the other cells of a sheet, and round a circle of channels.

    N(d) = [ exp(−d²/2 width²) − exp(−d²/2 core²) ] / (its sum over an unbounded sheet),     d distance in cells

A core of 0 is the own cell. Both Gaussians are separable; nothing is truncated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from insilico.pools import axis_symbol

NEGLIGIBLE = 12.0  # standard deviations beyond which a Gaussian adds nothing to a sum in float64


@dataclass(frozen=True, kw_only=True)
class GaussianSurround:
    """Mean over other cells, weighted by a Gaussian without its core; beyond the sheet nothing, or its far side.

    Parameters
    ----------
    width, core
        Standard deviations in cells, core < width. On an unbounded sheet the weights sum to 1.
    """

    width: float
    core: float = 0.0

    def pooled(self, activity: np.ndarray, boundary: str = "zero") -> np.ndarray:
        """Pool an activity (y, x, feature), within each feature; same shape."""
        whole, core = self._areas
        inside = activity if self.core == 0 else core * _averaged(activity, self.core, boundary)
        return (whole * _averaged(activity, self.width, boundary) - inside) / (whole - core)

    def symbol(self, shape: tuple[int, int]) -> np.ndarray:
        """Return what the pool multiplies each spatial frequency of a periodic sheet by; real (y, x)."""
        whole, core = self._areas
        inside = 1.0 if self.core == 0 else core * _average_symbol(shape, self.core)
        return (whole * _average_symbol(shape, self.width) - inside) / (whole - core)

    @property
    def _areas(self) -> tuple[float, float]:
        """Sums of both Gaussians, of height 1, over an unbounded sheet."""
        return _sum(self.width) ** 2, _sum(self.core) ** 2


def _averaged(activity: np.ndarray, width: float, boundary: str) -> np.ndarray:
    rows, columns = (gaussian_matrix(n, width, boundary) for n in activity.shape[:2])
    return np.matmul(columns, np.tensordot(rows, activity, axes=1))


def _average_symbol(shape: tuple[int, int], width: float) -> np.ndarray:
    return np.outer(*(axis_symbol(gaussian_matrix(n, width, "periodic")) for n in shape))


@lru_cache(maxsize=64)
def gaussian_matrix(n: int, width: float, boundary: str) -> np.ndarray:
    """Return the matrix that averages over a Gaussian along one axis of n cells; array (n, n), read-only."""
    offsets = np.arange(n)[:, None] - np.arange(n)[None, :]
    if boundary == "zero":
        matrix = _gaussian(offsets, width)
    else:
        turns = math.ceil(NEGLIGIBLE * width / n) + 1
        images = np.arange(-turns, turns + 1)[:, None, None] * n
        matrix = _gaussian(offsets + images, width).sum(axis=0)
    matrix.flags.writeable = False
    return matrix


def circular_gaussian(n_features: int, width: float) -> np.ndarray:
    """Return the weights by lag of a Gaussian round a circle of channels; array (n_features,), sum 1.

    Parameters
    ----------
    n_features
        Number of channels, evenly spaced round the circle.
    width
        Standard deviation as a fraction of the circle; inf weights all channels alike.
    """
    if math.isinf(width):
        return np.full(n_features, 1 / n_features)
    turns = math.ceil(NEGLIGIBLE * width) + 1
    lags = np.arange(n_features)[None, :] / n_features + np.arange(-turns, turns + 1)[:, None]
    weights = np.exp(-0.5 * (lags / width) ** 2).sum(axis=0)
    return weights / weights.sum()


def _gaussian(offsets: np.ndarray, width: float) -> np.ndarray:
    """Return exp(−d²/2σ²) at whole offsets d, over its sum over all of them."""
    return np.exp(-0.5 * (offsets / width) ** 2) / _sum(width)


def _sum(width: float) -> float:
    """Return the sum of exp(−d²/2σ²) over all whole d; 1 at width 0."""
    if width == 0:
        return 1.0
    reach = np.arange(-math.ceil(NEGLIGIBLE * width), math.ceil(NEGLIGIBLE * width) + 1)
    return float(np.exp(-0.5 * (reach / width) ** 2).sum())
