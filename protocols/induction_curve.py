"""Measures of a curve of shifts over the angle between surround and centre; NaN where they are undefined."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

ROUNDING = 1e-4  # degrees; a shift below zero by less is none


def peak(_: np.ndarray, shift: np.ndarray) -> float:
    """Return the largest shift, degrees."""
    return float(np.max(shift))


def peak_angle(angles: np.ndarray, shift: np.ndarray) -> float:
    """Return the angle of the largest shift, degrees."""
    return float("nan") if np.isnan(shift).any() else float(angles[np.argmax(shift)])


def zero(angles: np.ndarray, shift: np.ndarray) -> float:
    """Return the first angle beyond the peak, interpolated, at which repulsion turns into attraction, degrees."""
    if np.isnan(shift).any() or not np.max(shift) > ROUNDING:
        return float("nan")
    top = int(np.argmax(shift))
    below = np.flatnonzero(shift[top:] < -ROUNDING)
    if below.size == 0:
        return float("nan")
    first = top + int(below[0])
    last = int(np.flatnonzero(shift[:first] >= 0)[-1])
    high, low = shift[last], shift[last + 1]
    return float(angles[last] + (angles[last + 1] - angles[last]) * high / (high - low))


def trough(_: np.ndarray, shift: np.ndarray) -> float:
    """Return the smallest shift from the peak on, degrees; negative where there is attraction."""
    return float("nan") if np.isnan(shift).any() else float(np.min(shift[np.argmax(shift) :]))


def trough_before(_: np.ndarray, shift: np.ndarray) -> float:
    """Return the smallest shift up to the peak; negative where there is attraction at small abscissae."""
    return float("nan") if np.isnan(shift).any() else float(np.min(shift[: np.argmax(shift) + 1]))


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "peak": peak,
    "peak_angle": peak_angle,
    "zero": zero,
    "trough": trough,
}
