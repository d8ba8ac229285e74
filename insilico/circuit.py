"""The contract of a circuit: arrays in, arrays out, no knowledge of stimuli or protocols."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.encode import PopulationCode
from insilico.energy import EnergyModel
from insilico.equations import Equations, StaticEquations
from insilico.perturb import Perturbation, combined, refuse_finite_windows
from stimuli import Display, StimulusSet

Encoder = PopulationCode | EnergyModel
Drive = xr.DataArray | xr.Dataset


@dataclass(frozen=True, kw_only=True)
class State:
    """What a circuit does under a batch of stimuli.

    Parameters
    ----------
    populations
        Population name to activity, (stimulus, y, x, feature), or (stimulus, time, y, x, feature) over time.
    drive
        Afferent drive (stimulus, y, x, feature) that the comparison's `feedforward` null reads.
    residual
        Largest |d activity / dt| of each stimulus at the final state; 0 for a circuit without dynamics.
    converged
        Whether each stimulus has reached its fixed point.
    n_steps
        Integration steps of each stimulus; 0 for a circuit without dynamics.
    """

    populations: Mapping[str, np.ndarray]
    drive: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    n_steps: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Mechanism:
    """One term of a circuit's equations.

    Parameters
    ----------
    term
        As the equations write it, without its sign: "mu U".
    name
        In words.
    population
        Whose equation it stands in.
    """

    term: str
    name: str
    population: str


class AbstractCircuit(abc.ABC):
    """One circuit: its parameters, its populations, its equations. Instances hold no state."""

    name: ClassVar[str]
    summary: ClassVar[str]
    citation: ClassVar[str]
    parameters_class: ClassVar[type[Any]]
    populations: ClassVar[tuple[str, ...]] = ("output",)
    lesions: ClassVar[tuple[str, ...]] = ()
    default_set: ClassVar[str] = "default"
    lowest: ClassVar[float] = 0.0  # activity that a unit can have, and be clamped to
    population_code: ClassVar[Mapping[str, Any]] = {}  # settings of that encoder that belong to the circuit
    mechanisms: ClassVar[tuple[Mechanism, ...]] = ()

    def encode(self, encoder: Encoder, parameters: Any, stimuli: StimulusSet, display: Display | None) -> Drive:
        """Return the drive of a batch of stimuli."""
        return encoder.encode(stimuli, display)

    def folded(
        self, encoder: Encoder, parameters: Any, stimuli: StimulusSet, *, lesions: Sequence[str]
    ) -> State | None:
        """Return the fixed points of symmetric stimuli at the sheet's centre, without the rest of the sheet.

        All cells of the result show the centre's activity. None where the circuit, the encoder or the stimuli do not
        allow it, or where not all of them settle: then the full sheet decides.
        """
        return None

    @abc.abstractmethod
    def steady_state(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return the fixed point of each stimulus."""

    @abc.abstractmethod
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
        """Return the activity at the given times after stimulus onset."""

    def contributions(
        self,
        drive: np.ndarray,
        activity: Mapping[str, np.ndarray],
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
    ) -> Mapping[str, np.ndarray]:
        """Return the signed terms of the equations, by `Mechanism.term`, for one stimulus at one time.

        Drive, each population's activity and each term are (y, x, feature); the terms of a population sum to the
        argument of its rectifier, without what perturbations add.
        """
        raise TypeError(f"circuit {self.name!r} does not tell its mechanisms apart: record without mechanisms=True.")

    def equations(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> tuple[Equations, ...]:
        """Return the equations under each stimulus, for the study of its fixed point."""
        raise TypeError(f"circuit {self.name!r} does not give its equations: its fixed points cannot be linearized.")


class AbstractStaticCircuit(AbstractCircuit):
    """A circuit in closed form: one population, "output", and no dynamics but those of its perturbations."""

    @abc.abstractmethod
    def respond(self, drive: Drive, parameters: Any, *, boundary: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the response and the afferent drive, both (stimulus, y, x, feature)."""

    def steady_state(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> State:
        """Return the response under perturbations that last."""
        refuse_finite_windows(perturbations)
        response, afferent = self.respond(drive, parameters, boundary=boundary)
        _check_activity(afferent)
        return _still(under(response, perturbations), afferent)

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
        """Return the same response at all times, but for the perturbations that act at each."""
        response, afferent = self.respond(drive, parameters, boundary=boundary)
        _check_activity(afferent)
        frames = [under(response, [p for p in perturbations if p.acts_at(t)]) for t in times]
        return _still(np.stack(frames, axis=1), afferent)

    def equations(
        self,
        drive: Drive,
        parameters: Any,
        *,
        boundary: str,
        lesions: Sequence[str],
        perturbations: Sequence[Perturbation],
    ) -> tuple[Equations, ...]:
        """Return the response to each stimulus as equations whose units hear nobody."""
        refuse_finite_windows(perturbations)
        response, afferent = self.respond(drive, parameters, boundary=boundary)
        _check_activity(afferent)
        forces = combined(perturbations, response.shape[1:], populations=("output",))
        return tuple(StaticEquations(response=r, boundary=boundary, forces=forces) for r in response)


def under(response: np.ndarray, perturbations: Sequence[Perturbation]) -> np.ndarray:
    """Return a static response (stimulus, y, x, feature) under perturbations: scale · [R + drive]_+, or held."""
    forces = combined(perturbations, response.shape[1:], populations=("output",))
    if forces is None:
        return response
    driven = forces.scale[0] * np.maximum(response + forces.drive[0], 0.0)
    return np.where(forces.held[0], forces.value[0], driven)


def _check_activity(drive: np.ndarray) -> None:
    bad = ~(np.isfinite(drive) & (drive >= 0))
    if bad.any():
        raise ValueError(f"the drive has {int(bad.sum())} entries that are negative, NaN or infinite: must be >= 0.")


def _still(response: np.ndarray, drive: np.ndarray) -> State:
    """Return a response without dynamics; what is not finite is no fixed point."""
    n = drive.shape[0]
    finite = np.isfinite(response.reshape(n, -1)).all(axis=1)
    return State(
        populations={"output": response},
        drive=drive,
        residual=np.where(finite, 0.0, np.inf),
        converged=finite,
        n_steps=np.zeros(n, dtype=int),
    )
