"""Where a stimulus can be active at all: the bounding box outside of which every activity stays 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def boxes_of_activity(
    sources: Sequence[np.ndarray], outputs: Sequence[np.ndarray], *, reach: int, cropped: bool
) -> np.ndarray:
    """Return (top, bottom, left, right), half-open, per stimulus; int64 (stimulus, 4).

    Parameters
    ----------
    sources
        Arrays (stimulus, y, x, feature) or (y, x, feature) that are not 0 where the input stage can be active.
    outputs
        The same for the output stage, apart from what the input stage excites.
    reach
        Distance in cells over which the input stage excites the output stage.
    cropped
        False where activity may spread over the whole sheet.
    """
    n, height, width, _ = sources[0].shape
    whole = np.tile(np.array([0, height, 0, width]), (n, 1))
    if not cropped:
        return whole
    boxes = np.tile(np.array([height, 0, width, 0]), (n, 1))
    for arrays, margin in ((sources, reach), (outputs, 0)):
        for array in arrays:
            active: np.ndarray = np.any(array, axis=-1)
            _widen(boxes, active if array.ndim == 4 else active[None], margin)
    boxes[:, 0::2] = np.maximum(boxes[:, 0::2], 0)
    boxes[:, 1::2] = np.minimum(boxes[:, 1::2], (height, width))
    return boxes


def _widen(boxes: np.ndarray, active: np.ndarray, margin: int) -> None:
    """Widen boxes, in place, to hold the active cells (stimulus or 1, y, x) and a margin about them."""
    for axis, (low, high) in ((2, (0, 1)), (1, (2, 3))):
        line: np.ndarray = np.any(active, axis=axis)
        some: np.ndarray = np.any(line, axis=1)
        first = np.where(some, line.argmax(axis=1) - margin, boxes[:, low])
        last = np.where(some, line.shape[1] - line[:, ::-1].argmax(axis=1) + margin, boxes[:, high])
        boxes[:, low] = np.minimum(boxes[:, low], first)
        boxes[:, high] = np.maximum(boxes[:, high], last)
