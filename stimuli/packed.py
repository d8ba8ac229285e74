"""Stimuli as plain arrays: what the kernel takes, checked against the display once for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stimuli.apertures import Window
from stimuli.base import AbstractStimulus, refuse_clipping
from stimuli.carriers import Component, Numbers
from stimuli.display import Display
from stimuli.limits import lies_off, refuse_display
from stimuli.validation import TOLERANCE_CONTRAST, TOLERANCE_DEG

Array = NDArray[np.float64]


class Packed(NamedTuple):
    """Components of all stimuli one after the other; those of stimulus i are ``offsets[i]:offsets[i + 1]``."""

    offsets: NDArray[np.int64]
    numbers: Numbers
    window: NDArray[np.int64]


class WindowStack:
    """Sample every window of a batch once, and keep those that the next batch needs too.

    Parameters
    ----------
    display : Display
        Where windows are sampled.
    """

    def __init__(self, display: Display) -> None:
        x, rows = display.grid()
        self._x, self._y = x, rows[:, np.newaxis]
        self.samples: list[Array] = []
        self._index: dict[tuple[object, ...], int] = {}

    def begin(self, windows: Sequence[Window]) -> None:
        """Sample these windows, all different, reusing the samples of the last batch."""
        last = {key: self.samples[i] for key, i in self._index.items()}
        self.samples = [
            last[window.key] if window.key in last else window.sample(self._x, self._y) for window in windows
        ]
        self._index = {window.key: i for i, window in enumerate(windows)}

    def arrays(self, dtype: DTypeLike) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """Return the windows, shape (window, y, x), and the first and last + 1 column above 0 of each row."""
        shape = (len(self.samples), self._y.size, self._x.size)
        stack = np.array(self.samples, dtype).reshape(shape)
        seen = stack > 0
        first = seen.argmax(axis=2)
        last = np.where(seen.any(axis=2), shape[2] - seen[:, :, ::-1].argmax(axis=2), first)
        return stack, np.stack([first, last], axis=2)


def pack(stimuli: Sequence[AbstractStimulus], display: Display, windows: WindowStack) -> Packed:
    """Return a batch as arrays and sample its windows.

    Parameters
    ----------
    stimuli : sequence of AbstractStimulus
        The batch.
    display : Display
        Where it is shown.
    windows : WindowStack
        Takes the windows of the batch.

    Returns
    -------
    Packed

    Raises
    ------
    ValueError
        If the display cannot show a component, or contrasts add up to more than 1 at some pixel.
    """
    scenes = [stimulus.scene for stimulus in stimuli]
    components = list(chain.from_iterable(scenes))
    index: dict[tuple[object, ...], int] = {}
    window = np.array([index.setdefault(component.window.key, len(index)) for component in components], np.int64)
    unique = [components[i].window for i in np.unique(window, return_index=True)[1]]
    rows = np.frombuffer(b"".join([component.packed for component in components]), np.float64)
    numbers = Numbers(*rows.reshape(-1, len(Numbers._fields)).T.copy())
    _refuse_display(components, numbers, unique, display)
    windows.begin(unique)
    packed = Packed(
        offsets=np.cumsum([0, *map(len, scenes)]),
        numbers=numbers,
        window=window,
    )
    _refuse_clipping(packed, windows.samples)
    return packed


def _refuse_display(
    components: Sequence[Component],
    numbers: Numbers,
    windows: Sequence[Window],
    display: Display,
) -> None:
    """Look for a component that the display cannot show; let the reference's own check word the error."""
    too_fine = np.hypot(numbers.kx, numbers.ky) > 2 * np.pi * display.nyquist * (1 - 1e-6)
    limit = min(display.extent_deg) + TOLERANCE_DEG
    too_large = any(window.diameter is not None and window.diameter > limit for window in windows)
    off = any(lies_off(window, display.extent_deg) for window in windows)
    if off or too_large or (too_fine.any() and not display.allow_undersampling):
        for component in components:
            refuse_display(component, display)


def _refuse_clipping(packed: Packed, samples: Sequence[Array]) -> None:
    """Check the sum of contrasts at every pixel, stimuli with the same windows together."""
    ends = packed.offsets
    total = np.concatenate([[0.0], np.cumsum(packed.numbers.contrast)])
    suspects = np.flatnonzero(total[ends[1:]] - total[ends[:-1]] > 1)
    lengths = np.diff(ends)[suspects]
    for length in np.unique(lengths):
        rows = ends[suspects[lengths == length]][:, np.newaxis] + np.arange(length)
        group = np.zeros(len(rows), np.int64)
        for column in packed.window[rows].T:
            group = np.unique(group * len(samples) + column, return_inverse=True)[1]
        for i, first in enumerate(np.unique(group, return_index=True)[1]):
            _refuse_clipping_of(packed.numbers.contrast[rows[group == i]], packed.window[rows[first]], samples)


def _refuse_clipping_of(contrasts: Array, geometry: NDArray[np.int64], samples: Sequence[Array]) -> None:
    """Check contrasts, shape (stimulus, component), of stimuli that share their windows."""
    distinct, place = np.unique(geometry, return_inverse=True)
    summed = np.zeros((len(contrasts), distinct.size))
    for column, target in enumerate(place.ravel()):
        summed[:, target] += contrasts[:, column]
    if sum(samples[i] for i in distinct).max() <= 1 + TOLERANCE_CONTRAST:  # windows that do not overlap
        refuse_clipping(summed.max() * max(samples[i].max() for i in distinct) if summed.max() > 1 else 0.0)
        return
    for row in summed:
        if row.sum() > 1:
            refuse_clipping(sum(c * samples[i] for c, i in zip(row, distinct, strict=True)))
