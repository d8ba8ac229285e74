"""Circuits of an input and an output stage as models of the laboratory; their arrays are computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from insilico.circuit import AbstractCircuit, Drive, State
from insilico.circuits.arrays import checked_drive
from insilico.circuits.course import STEP, sampled
from insilico.circuits.two_stage import Activity, checked_acts
from insilico.circuits.two_stage_equations import ReferenceStepper, Wiring
from insilico.circuits.two_stage_linearized import TwoStageEquations
from insilico.equations import Equations
from insilico.perturb import POPULATIONS, Perturbation, combined, refuse_finite_windows


class AbstractTwoStageCircuit(AbstractCircuit):
    """A circuit with the populations "input" (I) and "output" (O), given by its array-level functions."""

    populations: ClassVar[tuple[str, ...]] = POPULATIONS
    arrays_steady_state: ClassVar[Callable[..., Activity]]
    arrays_simulate: ClassVar[Callable[..., Activity]]
    wired: ClassVar[Callable[..., Wiring]]

    def contributions(
        self,
        drive: np.ndarray,
        activity: Mapping[str, np.ndarray],
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
    ) -> Mapping[str, np.ndarray]:
        """Return the signed terms of both equations at one state of one stimulus."""
        wiring = type(self).wired(parameters, drive.shape, lesions=lesions, boundary=boundary)
        stepper = ReferenceStepper(drive[None], wiring, method="exponential")
        found = stepper.contributions(activity["input"], activity["output"], 0)
        return {m.term: found.get(m.term, np.zeros_like(drive)) for m in type(self).mechanisms}

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

    def equations(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> tuple[Equations, ...]:
        """Return the equations under each stimulus, in float64."""
        lesions, perturbations = checked_acts(lesions, perturbations)
        refuse_finite_windows(perturbations)
        values = checked_drive(np.asarray(drive.data, dtype=np.float64))
        wiring = type(self).wired(parameters, values.shape[1:], lesions=lesions, boundary=boundary)
        forces = combined(perturbations, values.shape[1:])
        return tuple(TwoStageEquations(drive=X, wiring=wiring, forces=forces) for X in values)

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

        def advanced(state: Activity, first: int, n_steps: int, step: float) -> Activity:
            return type(self).arrays_simulate(
                values,
                parameters,
                initial=(state.inhibited, state.output),
                start=first * STEP,
                n_steps=n_steps,
                step=step,
                **common,
            )

        n = len(values)
        rest = Activity(
            inhibited=np.zeros_like(values),
            output=np.zeros_like(values),
            residual=np.full(n, np.inf),
            converged=np.zeros(n, dtype=bool),
            n_steps=np.zeros(n, dtype=int),
        )
        samples, last, taken = sampled(advanced, rest, times)
        populations = {
            "input": np.stack([sample.inhibited for sample in samples], axis=1),
            "output": np.stack([sample.output for sample in samples], axis=1),
        }
        return _state(populations, values, last, np.full(n, taken))


def _state(populations: dict[str, np.ndarray], drive: np.ndarray, activity: Activity, n_steps: np.ndarray) -> State:
    return State(
        populations=populations,
        drive=drive,
        residual=activity.residual,
        converged=activity.converged,
        n_steps=n_steps,
    )
