"""The arrays a population-coded circuit takes: a drive (stimulus, y, x, feature) and an initial state of that shape."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from insilico.dynamics import State

PRECISIONS = ("float32", "float64")


def checked_drive(drive: np.ndarray, *, name: str = "drive") -> np.ndarray:
    """Return the drive, C-contiguous, if it can be one; it is computed with in its own precision.

    Raises
    ------
    TypeError
        Not an array of float32 or float64.
    ValueError
        Not (stimulus, y, x, feature), empty along an axis other than stimulus, not finite, or negative.
    """
    dtype = getattr(drive, "dtype", type(drive).__name__)
    if str(dtype) not in PRECISIONS:
        raise TypeError(f"{name} of type {dtype}: must be an array of float32 or float64; convert with .astype(float).")
    if drive.ndim != 4 or 0 in drive.shape[1:]:
        raise ValueError(f"{name} of shape {drive.shape}: must be (stimulus, y, x, feature); a single one is [None].")
    if not np.isfinite(drive).all():
        raise ValueError(f"{name} has {np.count_nonzero(~np.isfinite(drive))} NaN or infinite entries: set them to 0.")
    if (drive < 0).any():
        raise ValueError(
            f"{name} has a smallest entry of {drive.min()}: must be >= 0; rectify it, or split it by sign."
        )
    return np.ascontiguousarray(drive)


def initial_state(drive: np.ndarray, initial: Sequence[np.ndarray] | None, *, names: Sequence[str]) -> State:
    """Return a new state to be advanced in place: copies of `initial`, one array per population, or of the drive."""
    if initial is None:
        return tuple(drive.copy() for _ in names)
    if len(initial) != len(names):
        raise ValueError(
            f"initial has {len(initial)} arrays: must be ({', '.join(names)}), each shaped like the drive."
        )
    for name, given in zip(names, initial, strict=True):
        if np.shape(given) != drive.shape:
            raise ValueError(
                f"initial {name} of shape {np.shape(given)}: must be shaped like the drive, {drive.shape}."
            )
        if not np.isfinite(given).all() or (np.asarray(given) < 0).any():
            raise ValueError(f"initial {name}: must be finite and >= 0.")
    return tuple(np.array(given, dtype=drive.dtype, order="C") for given in initial)
