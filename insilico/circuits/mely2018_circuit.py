"""The circuit of Mély, Linsley & Serre (2018) as one of the laboratory's models; arrays in `mely2018`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from insilico.circuit import AbstractCircuit, Drive, State
from insilico.circuits.mely2018 import LESIONS, Activity, Mely2018Parameters, simulate, steady_state
from insilico.perturb import POPULATIONS, Perturbation

STEP = 1.0  # largest step of a time course, in the unit of tau


class Mely2018(AbstractCircuit):
    """Recurrent centre-surround circuit with untuned (U) and tuned (T) suppression and facilitation (P, Q)."""

    name: ClassVar[str] = "mely2018"
    summary: ClassVar[str] = "recurrent centre-surround circuit of Mély, Linsley & Serre (2018)"
    citation: ClassVar[str] = (
        "Mély DA, Linsley D, Serre T (2018) Complementary surrounds explain diverse contextual phenomena across visual "
        "modalities. Psychol Rev 125:769-784. doi:10.1037/rev0000109"
    )
    parameters_class: ClassVar[type] = Mely2018Parameters
    populations: ClassVar[tuple[str, ...]] = POPULATIONS
    lesions: ClassVar[tuple[str, ...]] = LESIONS

    def steady_state(
        self,
        drive: Drive,
        parameters: Mely2018Parameters,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return I ("input") and O ("output") where the circuit settles."""
        values = np.ascontiguousarray(drive.data)
        activity = steady_state(
            values, parameters, boundary=boundary, lesions=tuple(lesions), perturbations=tuple(perturbations)
        )
        return _state({"input": activity.inhibited, "output": activity.output}, values, activity, activity.n_steps)

    def time_course(
        self,
        drive: Drive,
        parameters: Mely2018Parameters,
        *,
        times: np.ndarray,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return I and O at the given times after the onset of the drive, from rest (I = O = 0)."""
        values = np.ascontiguousarray(drive.data)
        now, state, taken = 0.0, (np.zeros_like(values), np.zeros_like(values)), 0
        activity = Activity(
            inhibited=state[0],
            output=state[1],
            residual=np.full(len(values), np.inf),
            converged=np.zeros(len(values), dtype=bool),
            n_steps=np.zeros(len(values), dtype=int),
        )
        inhibited, output = [], []
        for time in times:
            if time > now:
                n = int(np.ceil((time - now) / STEP - 1e-9))
                activity = simulate(
                    values,
                    parameters,
                    step=(time - now) / n,
                    n_steps=n,
                    start=now,
                    boundary=boundary,
                    lesions=tuple(lesions),
                    perturbations=tuple(perturbations),
                    initial=state,
                )
                now, state, taken = float(time), (activity.inhibited, activity.output), taken + n
            inhibited.append(state[0])
            output.append(state[1])
        populations = {"input": np.stack(inhibited, axis=1), "output": np.stack(output, axis=1)}
        return _state(populations, values, activity, np.full(len(values), taken))


def _state(populations: dict[str, np.ndarray], drive: np.ndarray, activity: Activity, n_steps: np.ndarray) -> State:
    return State(
        populations=populations,
        drive=drive,
        residual=activity.residual,
        converged=activity.converged,
        n_steps=n_steps,
    )


CIRCUIT = Mely2018()
