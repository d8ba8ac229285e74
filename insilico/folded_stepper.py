"""Folded stimuli as a backend of `insilico.dynamics`: the steps of the full sheet, on what symmetry leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from insilico.dynamics import State
from insilico.perturb import Forces

Fields = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class FoldedStepper:
    """One group of folded stimuli as a `Stepper`; its states are (stimulus, cell, 1, channel).

    Parameters
    ----------
    advanced
        advanced(rows, I, O, steps) returns I and O one step later; fields are (cell, stimulus, channel), steps
        broadcast against them.
    rates
        rates(rows, I, O) returns the largest |dI/dt| or |dO/dt| of each stimulus.
    """

    advanced: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], Fields]
    rates: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

    def advance(
        self, state: State, *, rows: np.ndarray, steps: np.ndarray, n_steps: np.ndarray, forces: Forces | None
    ) -> None:
        """Advance the stimuli `rows` in place by n_steps[i] steps of size steps[i]."""
        I, O = (by_cell(s[rows]) for s in state)
        left = np.arange(rows.size)
        for taken in range(int(n_steps.max(initial=0))):
            going = n_steps[left] > taken
            if not going.all():  # most runs are of one length
                _put(state, rows[left], I, O)
                left, I, O = left[going], I[:, going], O[:, going]
            I, O = self.advanced(rows[left], I, O, steps[left, None])
        _put(state, rows[left], I, O)

    def residual(self, state: State, *, rows: np.ndarray, forces: Forces | None) -> np.ndarray:
        """Return the largest |dI/dt| or |dO/dt| of each stimulus in `rows`."""
        return self.rates(rows, *(by_cell(s[rows]) for s in state))


def by_stimulus(field: np.ndarray) -> np.ndarray:
    """Return a field (cell, stimulus, channel) as a new state (stimulus, cell, 1, channel)."""
    return np.swapaxes(field, 0, 1)[:, :, None].copy(order="C")


def by_cell(state: np.ndarray) -> np.ndarray:
    """Return a state (stimulus, cell, 1, channel) as a new field (cell, stimulus, channel)."""
    return np.swapaxes(state[:, :, 0], 0, 1).copy(order="C")


def _put(state: State, rows: np.ndarray, *fields: np.ndarray) -> None:
    for s, field in zip(state, fields, strict=True):
        s[rows] = by_stimulus(field)
