"""The linear circuit as one of the laboratory's models; arrays in `linear`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from insilico.circuit import AbstractCircuit, Drive, State
from insilico.circuits import linear
from insilico.circuits.arrays import checked_drive
from insilico.circuits.course import STEP, sampled
from insilico.circuits.linear import LOWEST, POPULATION, Activity
from insilico.circuits.linear_equations import LESIONS, LinearParameters, Wiring, wired
from insilico.equations import Connection, Equations, Linearization, Populations
from insilico.perturb import Forces, Perturbation, combined, refuse_finite_windows


class Linear(AbstractCircuit):
    """Rate units that excite near neighbours and inhibit wider ones; no threshold, no saturation."""

    name: ClassVar[str] = "linear"
    summary: ClassVar[str] = "linear network with near excitation and wider inhibition: a null of influence mapping"
    citation: ClassVar[str] = "this project; a linear network with stated weights, fitted to nothing"
    parameters_class: ClassVar[type] = LinearParameters
    populations: ClassVar[tuple[str, ...]] = POPULATION
    lesions: ClassVar[tuple[str, ...]] = LESIONS
    default_set: ClassVar[str] = "near_far"
    lowest: ClassVar[float] = LOWEST

    def steady_state(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return the rates where the circuit settles."""
        values = np.ascontiguousarray(drive.data)
        activity = linear.steady_state(
            values, parameters, boundary=boundary, lesions=tuple(lesions), perturbations=tuple(perturbations)
        )
        return _state(activity.output, values, activity)

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
        """Return the rates at the given times after the onset of the drive, from rest (r = 0).

        Integrated at a step of 1/8 of the circuit's unit of time (tau = 6), on a grid that does not depend on what is
        recorded.
        """
        values = np.ascontiguousarray(drive.data)
        common: dict[str, Any] = {
            "boundary": boundary,
            "lesions": tuple(lesions),
            "perturbations": tuple(perturbations),
        }

        def advanced(state: Activity, first: int, n_steps: int, step: float) -> Activity:
            return linear.simulate(
                values,
                parameters,
                initial=state.output,
                start=first * STEP,
                n_steps=n_steps,
                step=step,
                **common,
            )

        n = len(values)
        rest = Activity(
            output=np.zeros(values.shape),
            residual=np.full(n, np.inf),
            converged=np.zeros(n, dtype=bool),
            n_steps=np.zeros(n, dtype=int),
        )
        samples, last, taken = sampled(advanced, rest, times)
        rates = np.stack([sample.output for sample in samples], axis=1)
        return _state(rates, values, replace(last, n_steps=np.full(n, taken)))

    def equations(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> tuple[Equations, ...]:
        """Return the equations under each stimulus."""
        refuse_finite_windows(perturbations)
        values = checked_drive(np.asarray(drive.data, dtype=np.float64))
        wiring = wired(parameters, values.shape[1:], lesions=tuple(lesions), boundary=boundary)
        forces = combined(perturbations, values.shape[1:], populations=POPULATION, lowest=LOWEST)
        return tuple(LinearEquations(drive=X, wiring=wiring, forces=forces) for X in values)


@dataclass(frozen=True, kw_only=True)
class LinearEquations:
    """The equations of the linear circuit under one stimulus; see `insilico.equations.Equations`.

    Parameters
    ----------
    drive
        X, (y, x, feature).
    wiring
        The connections.
    forces
        Perturbations that last, dense; None for none.
    """

    drive: np.ndarray
    wiring: Wiring
    forces: Forces | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, feature)."""
        height, width, n_features = self.drive.shape
        return height, width, n_features

    @property
    def boundary(self) -> str:
        """What lies beyond the sheet, "zero" or "periodic"."""
        return self.wiring.boundary

    @property
    def leaks(self) -> tuple[float, ...]:
        """Leak of each population."""
        return (1.0,)

    @property
    def lowest(self) -> float:
        """Lowest activity that a unit can have."""
        return LOWEST

    @property
    def is_uniform(self) -> bool:
        """Whether drive and forces are the same at every place of a periodic sheet."""
        same = bool((self.drive == self.drive[:1, :1]).all())
        return self.boundary == "periodic" and same and (self.forces is None or self.forces.uniform)

    def at_one_place(self) -> LinearEquations:
        """Return the equations of a uniform sheet for one cell, which stands for all; shape (1, 1, feature)."""
        forces = None if self.forces is None else self.forces.at(0, 0)
        return replace(self, drive=self.drive[:1, :1], forces=forces)

    def under(self, forces: Forces | None) -> LinearEquations:
        """Return the equations under these forces instead of the present ones."""
        return replace(self, forces=forces)

    def settled(self, start: Populations | None = None, *, tol: float, max_steps: int) -> Populations:
        """Return the steady rates, wherever the circuit starts."""
        return (linear.settled(self.drive, self.wiring, forces=self.forces, max_steps=max_steps)[0],)

    def admissible(self, state: Sequence[np.ndarray]) -> Populations:
        """Return the state with held units at their values."""
        (r,) = state
        return (r if self.forces is None else np.where(self.forces.held[0], self.forces.value[0], r),)

    def inputs(self, state: Sequence[np.ndarray]) -> Populations:
        """Return X + W r and the drive: the input, which nothing rectifies."""
        added = 0.0 if self.forces is None else self.forces.drive[0]
        return (self.drive + added + self.wiring.heard(state[0]),)

    def rates(self, state: Sequence[np.ndarray]) -> Populations:
        """Return dr/dt; 0 for held units."""
        return (linear.rate(state[0], self.drive, self.wiring, self.forces),)

    def linearized(self, state: Sequence[np.ndarray]) -> Linearization:
        """Return the circuit near a state: the same near all."""
        ones = np.ones(self.shape)
        gain = ones if self.forces is None else np.where(self.forces.held[0], 0.0, self.forces.scale[0])
        connections = [
            Connection(source=0, target=0, weight=weight, space=space, across=across)
            for weight, space, across in self.wiring.pools
            if weight
        ]
        return Linearization(
            shape=self.shape,
            boundary=self.boundary,
            time_constants=(self.wiring.tau,),
            decay=(ones,),
            gain=(gain,),
            connections=tuple(connections),
        )


def _state(rates: np.ndarray, drive: np.ndarray, activity: Activity) -> State:
    return State(
        populations={"output": rates},
        drive=drive,
        residual=activity.residual,
        converged=activity.converged,
        n_steps=activity.n_steps,
    )


CIRCUIT = Linear()
