"""Circuits of an input and an output stage as models of the laboratory; their arrays are computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from insilico.circuit import AbstractCircuit, Drive, State
from insilico.circuits.two_stage import Activity
from insilico.perturb import POPULATIONS, Perturbation

Pair = tuple[np.ndarray, np.ndarray]

STEP = 0.125  # of a time course, in the unit of tau: its states are within 1 % of those of an ever smaller step


class AbstractTwoStageCircuit(AbstractCircuit):
    """A circuit with the populations "input" (I) and "output" (O), given by its array-level functions."""

    populations: ClassVar[tuple[str, ...]] = POPULATIONS
    arrays_steady_state: ClassVar[Callable[..., Activity]]
    arrays_simulate: ClassVar[Callable[..., Activity]]

    def steady_state(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return I and O where the circuit settles."""
        values = np.ascontiguousarray(drive.data)
        activity = type(self).arrays_steady_state(
            values, parameters, boundary=boundary, lesions=tuple(lesions), perturbations=tuple(perturbations)
        )
        return _state({"input": activity.inhibited, "output": activity.output}, values, activity, activity.n_steps)

    def time_course(
        self,
        drive: Drive,
        parameters: Any,
        *,
        times: np.ndarray,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return I and O at the given times after the onset of the drive, from rest (I = O = 0).

        Integrated at a step of 1/8 of the circuit's unit of time (tau = 6), on a grid that does not depend on what is
        recorded.
        """
        values = np.ascontiguousarray(drive.data)
        common = {"boundary": boundary, "lesions": tuple(lesions), "perturbations": tuple(perturbations)}

        def advanced(state: Pair, first: int, n_steps: int, step: float = STEP) -> Activity:
            return type(self).arrays_simulate(
                values, parameters, initial=state, start=first * STEP, n_steps=n_steps, step=step, **common
            )

        taken, state, activity = 0, (np.zeros_like(values), np.zeros_like(values)), None
        inhibited, output = [], []
        for time in times:  # steps lie on one grid, whatever is recorded; a sample between two steps is a side step
            due = int(np.floor(time / STEP + 1e-9))
            if due > taken:
                activity = advanced(state, taken, due - taken)
                taken, state = due, (activity.inhibited, activity.output)
            rest = float(time) - taken * STEP
            sample = state
            if rest > 1e-9 * STEP:
                aside = advanced(state, taken, 1, rest)
                sample = (aside.inhibited, aside.output)
            inhibited.append(sample[0])
            output.append(sample[1])
        populations = {"input": np.stack(inhibited, axis=1), "output": np.stack(output, axis=1)}
        n = len(values)
        return State(
            populations=populations,
            drive=values,
            residual=np.full(n, np.inf) if activity is None else activity.residual,
            converged=np.zeros(n, dtype=bool) if activity is None else activity.converged,
            n_steps=np.full(n, taken),
        )


def _state(populations: dict[str, np.ndarray], drive: np.ndarray, activity: Activity, n_steps: np.ndarray) -> State:
    return State(
        populations=populations,
        drive=drive,
        residual=activity.residual,
        converged=activity.converged,
        n_steps=n_steps,
    )
