"""Samples of a run at given times: its steps lie on one grid, whatever is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

STEP = 0.125  # in the unit of tau: states are within 1 % of those of an ever smaller step

S = TypeVar("S")


def sampled(advanced: Callable[[S, int, int, float], S], start: S, times: np.ndarray) -> tuple[list[S], S, int]:
    """Return the states at the given times, the last state on the grid, and the number of steps to it.

    Parameters
    ----------
    advanced
        advanced(state, first, n_steps, step) returns the state after n_steps steps of that size from step `first` of
        the grid.
    start
        State at time 0.
    times
        Increasing, >= 0. A time between two steps is reached by a step aside, which later samples do not see.
    """
    state, taken, samples = start, 0, []
    for time in times:
        due = int(np.floor(time / STEP + 1e-9))
        if due > taken:
            state, taken = advanced(state, taken, due - taken, STEP), due
        rest = float(time) - taken * STEP
        samples.append(advanced(state, taken, 1, rest) if rest > 1e-9 * STEP else state)
    return samples, state, taken
