"""Pools of a population code: what a unit hears of its neighbours in space and over features (numpy reference).

An activity has the shape (y, x, feature). A spatial pool is a weighted sum of square boxes, so that one description
covers the hard rings of a paper (sides in cells), rings of real-valued half-width, and rings with soft edges.
A pool over features is a circulant matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

BOUNDARIES = ("zero", "periodic")


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A spatial kernel: weighted square boxes about the unit's own cell.

    Parameters
    ----------
    boxes
        Pairs (half-width in cells, weight). A box of half-width r covers the offsets |d| <= r fully and the next
        cell by the fraction that is left, along each axis; side 2 r + 1.
    """

    boxes: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.boxes:
            raise ValueError("boxes = (): a ring needs at least one (half-width, weight) pair.")
        for half_width, weight in self.boxes:
            if not (math.isfinite(half_width) and half_width >= 0 and math.isfinite(weight)):
                raise ValueError(f"box {(half_width, weight)}: half-width must be finite and >= 0, the weight finite.")

    @property
    def reach(self) -> int:
        """Largest offset, in cells, that the ring can hear."""
        return max(math.ceil(half_width) for half_width, _ in self.boxes)

    @property
    def annuli(self) -> tuple[tuple[float, float | None, float], ...]:
        """The same kernel as boxes that may lack their core: (half-width, half-width of the core or None, weight)."""
        found, boxes = [], list(self.boxes)
        while boxes:
            half_width, weight = boxes.pop(0)
            core = boxes.pop(0)[0] if boxes and boxes[0][1] == -weight and boxes[0][0] < half_width else None
            found.append((half_width, core, weight))
        return tuple(found)

    def pooled(self, activity: np.ndarray, boundary: str = "zero") -> np.ndarray:
        """Pool an activity (y, x, feature) over the ring, within each feature; same shape and dtype."""
        return ring_pool(activity, self, boundary)

    def symbol(self, shape: tuple[int, int]) -> np.ndarray:
        """Return what the ring multiplies each spatial frequency of a periodic sheet by; real (y, x)."""
        symbol = np.zeros(shape)
        for outer, inner, weight in self.annuli:
            A_y, A_x = (axis_symbol(box_matrix(n, float(outer), "periodic", "float64")) for n in shape)
            if inner is None:
                symbol += weight * np.outer(A_y, A_x)
                continue
            B_y, B_x = (axis_symbol(box_matrix(n, float(inner), "periodic", "float64")) for n in shape)
            symbol += weight * (np.outer(A_y - B_y, A_x) + np.outer(B_y, A_x - B_x))
        return symbol


def hard_ring(*, outer: int, inner: int) -> Ring:
    """Return the mean over an `outer` x `outer` square without its central `inner` x `inner` square.

    Parameters
    ----------
    outer, inner
        Sides in cells, odd, inner < outer. The weights are uniform and sum to 1.
    """
    return _ring_between(((outer - 1) / 2, (inner - 1) / 2))


def soft_ring(*, outer: float, inner: float, spread: float = 0.3, n_edges: int = 5) -> Ring:
    """Return a ring with soft edges: the mean over rings whose two half-widths are scaled by 1 - spread … 1 + spread.

    Parameters
    ----------
    outer, inner
        Half-widths in cells, real-valued, inner < outer.
    spread
        Largest relative change of a half-width, 0 to 1; 0 is a sharp ring.
    n_edges
        Number of evenly spaced scales.
    """
    scales = np.linspace(1 - spread, 1 + spread, n_edges) if spread else np.ones(1)
    return _ring_between(*((outer * scale, inner * scale) for scale in scales))


def _ring_between(*edges: tuple[float, float]) -> Ring:
    boxes: list[tuple[float, float]] = []
    for outer, inner in edges:
        if not 0 <= inner < outer:
            raise ValueError(f"ring from half-width {inner} to {outer}: the inner one must be >= 0 and the smaller.")
        weight = 1 / (len(edges) * ((2 * outer + 1) ** 2 - (2 * inner + 1) ** 2))
        boxes += [(float(outer), weight), (float(inner), -weight)]
    return Ring(boxes=tuple(boxes))


@lru_cache(maxsize=128)
def box_matrix(n: int, half_width: float, boundary: str, dtype: str) -> np.ndarray:
    """Return the banded matrix that sums over a box along one axis of n cells; array (n, n), read-only.

    Beyond the sheet there is nothing under the boundary "zero" (no correction of the denominator), and the
    opposite side under "periodic".
    """
    matrix = np.zeros((n, n))
    cells = np.arange(n)
    for offset in range(-math.ceil(half_width), math.ceil(half_width) + 1):
        heard = cells + offset
        inside = np.ones(n, bool) if boundary == "periodic" else (heard >= 0) & (heard < n)
        matrix[cells[inside], heard[inside] % n] += min(1.0, half_width + 1 - abs(offset))
    matrix = matrix.astype(dtype)
    matrix.flags.writeable = False
    return matrix


def axis_symbol(matrix: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of a symmetric circulant matrix (n, n), by frequency; real (n,)."""
    return np.fft.fft(matrix[0]).real


def annulus_sum(activity: np.ndarray, outer: float, inner: float | None, boundary: str = "zero") -> np.ndarray:
    """Sum an activity (y, x, feature) over a square box about each cell, without its core; same shape.

    With the boxes A and B along one axis, A ⊗ A − B ⊗ B = (A − B) ⊗ A + B ⊗ (A − B): nothing cancels, so that small
    sums are as exact as large ones (a power below 1 needs it) and an empty ring is exactly 0.
    """
    height, width, _ = activity.shape
    rows, columns = (box_matrix(n, float(outer), boundary, activity.dtype.name) for n in (height, width))
    if inner is None:
        return _along_axes(rows, columns, activity)
    core_rows, core_columns = (box_matrix(n, float(inner), boundary, activity.dtype.name) for n in (height, width))
    return _along_axes(rows - core_rows, columns, activity) + _along_axes(core_rows, columns - core_columns, activity)


def _along_axes(rows: np.ndarray, columns: np.ndarray, activity: np.ndarray) -> np.ndarray:
    return np.matmul(columns, np.tensordot(rows, activity, axes=1))


def ring_pool(activity: np.ndarray, ring: Ring, boundary: str = "zero") -> np.ndarray:
    """Pool an activity (y, x, feature) over a ring, within each feature; same shape and dtype."""
    pooled = np.zeros_like(activity)
    for outer, inner, weight in ring.annuli:
        pooled += activity.dtype.type(weight) * annulus_sum(activity, outer, inner, boundary)
    return pooled


def dense_kernel(ring: Ring) -> np.ndarray:
    """Return the weights of a ring by offset, (2 R + 1, 2 R + 1) with R its reach; their sum is 1 for a mean.

    Convolution with them, nothing beyond the border, is `ring_pool`.
    """
    offsets = np.abs(np.arange(-ring.reach, ring.reach + 1))
    kernel = np.zeros((len(offsets), len(offsets)))
    for outer, inner, weight in ring.annuli:
        A = np.clip(outer + 1 - offsets, 0, 1)
        B = np.zeros_like(A) if inner is None else np.clip(inner + 1 - offsets, 0, 1)
        kernel += weight * (np.outer(A - B, A) + np.outer(B, A - B))
    return kernel


def feature_mean(activity: np.ndarray) -> np.ndarray:
    """Average an activity (…, feature) over its features, kept as an axis of length 1."""
    return activity.mean(axis=-1, keepdims=True)


def gaussian_over_features(
    n_features: int, width: float, *, continuous: bool = True, closed: bool = False
) -> np.ndarray:
    """Return the weights w[d] of a pool over features, by lag; array (n_features,), sum 1.

    Parameters
    ----------
    n_features
        Number of channels k; they sit at i / (k − 1), i = 0 … k − 1, or at i / k where the range is closed.
    width
        Standard deviation of the Gaussian, as a fraction of the whole feature range; > 0.
    continuous
        False for an unordered axis (colour): the peak keeps its weight, all other channels share the rest evenly.
    closed
        True if the channels divide a circular range evenly, so that a width means the same for any number of them;
        False as published, where both ends of the range are channels.

    References
    ----------
    Mély, Linsley & Serre 2018, Psychological Review 125, 769-784, supplement.
    """
    if n_features == 1:
        return np.ones(1)
    peak = n_features // 2
    lags = (np.arange(n_features) - peak) / (n_features if closed else n_features - 1)
    weights = np.exp(-0.5 * (lags / width) ** 2)
    weights /= weights.sum()
    if not continuous:
        others = (1 - weights[peak]) / (n_features - 1)
        return np.concatenate([weights[peak : peak + 1], np.full(n_features - 1, others)])
    return np.roll(weights, -peak)


def circulant(weights: np.ndarray) -> np.ndarray:
    """Return the matrix M[i, j] = w[(j − i) mod k], so that `activity @ M` pools over features."""
    k = len(weights)
    return weights[(np.arange(k)[None, :] - np.arange(k)[:, None]) % k]
