"""The equations of a circuit under one stimulus: what the study of its fixed points needs of it.

Every population p of a circuit obeys, near a state,

    time_constant_p dδ_p/dt = −decay_p δ_p + gain_p [ u_p + Σ_c weight_c · pool_c(δ_source(c)) ]

δ  deviation from the state     u  drive added inside the rectifier
decay  leak and divisive suppression, > 0     gain  1 where the rectifier is open, 0 where it is shut or the unit held
pool_c  what connection c hears of its source: over space, then over features

All arrays are (y, x, feature), or broadcast against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from insilico.perturb import Forces

Populations = tuple[np.ndarray, ...]


class Neighbourhood(Protocol):
    """A pool over space, within each feature."""

    def pooled(self, activity: np.ndarray, boundary: str = "zero") -> np.ndarray:
        """Pool an activity (y, x, feature)."""

    def symbol(self, shape: tuple[int, int]) -> np.ndarray:
        """Return what the pool multiplies each spatial frequency of a periodic sheet by; real (y, x), even."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What one population hears of another, or of itself.

    Parameters
    ----------
    source, target
        Positions of the two populations in the circuit.
    weight
        Factor of the pool, a number or an array that broadcasts against (y, x, feature).
    space
        Pool over space; None: same cell only.
    across
        Pool over features, `activity @ across`, (feature, feature); None: same feature only.
    """

    source: int
    target: int
    weight: np.ndarray | float
    space: Neighbourhood | None = None
    across: np.ndarray | None = None

    def pooled(self, activity: np.ndarray, boundary: str) -> np.ndarray:
        """Return the pool of an activity (y, x, feature), without its weight."""
        heard = activity if self.space is None else self.space.pooled(activity, boundary)
        return heard if self.across is None else heard @ self.across


@dataclass(frozen=True, kw_only=True)
class Linearization:
    """A circuit near one state; see the equation of this module.

    Parameters
    ----------
    shape
        (y, x, feature).
    boundary
        "zero" or "periodic".
    time_constants
        One per population, in the circuit's unit of time; 0 where a population answers at once.
    decay, gain
        One array per population, broadcasting against (y, x, feature).
    connections
        What the populations hear of each other.
    """

    shape: tuple[int, int, int]
    boundary: str
    time_constants: tuple[float, ...]
    decay: Populations
    gain: Populations
    connections: tuple[Connection, ...]

    def heard(self, deviation: Sequence[np.ndarray], target: int) -> np.ndarray | float:
        """Return Σ_c weight_c · pool_c(δ) of the connections to one population."""
        total: np.ndarray | float = 0.0
        for c in self.connections:
            if c.target == target:
                total = total + c.weight * c.pooled(deviation[c.source], self.boundary)
        return total

    def returned(self, deviation: Sequence[np.ndarray]) -> Populations:
        """Return decay δ − gain Σ_c weight_c pool_c(δ), which balances gain · u at a steady state."""
        return tuple(
            d * deviation[p] - g * self.heard(deviation, p)
            for p, (d, g) in enumerate(zip(self.decay, self.gain, strict=True))
        )

    def rates(self, deviation: Sequence[np.ndarray]) -> Populations:
        """Return dδ/dt without drive: the Jacobian times a deviation."""
        return tuple(-r / t for r, t in zip(self.returned(deviation), self.time_constants, strict=True))

    @property
    def carried(self) -> tuple[int, ...]:
        """Populations that are heard by themselves or by an earlier one; the others follow from these at once."""
        return tuple(sorted({c.source for c in self.connections if c.source >= c.target}))


class Equations(Protocol):
    """The equations of a circuit under one stimulus and constant forces."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, feature)."""

    @property
    def boundary(self) -> str:
        """What lies beyond the sheet, "zero" or "periodic"."""

    @property
    def forces(self) -> Forces | None:
        """Perturbations that last, dense; None for none."""

    @property
    def leaks(self) -> tuple[float, ...]:
        """Leak of each population, s = scale · argument / leak where the argument holds no division."""

    @property
    def lowest(self) -> float:
        """Lowest activity that a unit can have."""

    @property
    def is_uniform(self) -> bool:
        """Whether drive and forces are the same at every place of a periodic sheet."""

    def at_one_place(self) -> Equations:
        """Return the equations of a uniform sheet for one cell, which stands for all; shape (1, 1, feature)."""

    def under(self, forces: Forces | None) -> Equations:
        """Return the equations under these forces instead of the present ones."""

    def settled(self, start: Populations | None = None, *, tol: float, max_steps: int) -> Populations:
        """Return the state that the circuit relaxes to, by its own integrator, from `start` or from its usual start."""

    def admissible(self, state: Sequence[np.ndarray]) -> Populations:
        """Return the nearest state that the circuit can be in under its forces."""

    def inputs(self, state: Sequence[np.ndarray]) -> Populations:
        """Return the argument of each population's rectifier."""

    def rates(self, state: Sequence[np.ndarray]) -> Populations:
        """Return ds/dt; 0 for held units."""

    def linearized(self, state: Sequence[np.ndarray]) -> Linearization:
        """Return the circuit near a state."""


@dataclass(frozen=True, kw_only=True)
class StaticEquations:
    """Units that answer at once and hear nobody: output = scale · [response + drive]_+ under forces; see `Equations`.

    Parameters
    ----------
    response
        Response without forces, (y, x, feature).
    boundary
        "zero" or "periodic".
    forces
        Perturbations that last; None for none.
    """

    response: np.ndarray
    boundary: str
    forces: Forces | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, feature)."""
        height, width, n_features = self.response.shape
        return height, width, n_features

    @property
    def leaks(self) -> tuple[float, ...]:
        """One leak of 1."""
        return (1.0,)

    @property
    def lowest(self) -> float:
        """0."""
        return 0.0

    @property
    def is_uniform(self) -> bool:
        """Never: units that hear nobody are as quick to treat one by one."""
        return False

    def at_one_place(self) -> StaticEquations:
        """Return these equations."""
        return self

    def under(self, forces: Forces | None) -> StaticEquations:
        """Return the equations under these forces instead of the present ones."""
        return replace(self, forces=forces)

    def settled(self, start: Populations | None = None, *, tol: float, max_steps: int) -> Populations:
        """Return the response under the forces."""
        if self.forces is None:
            return (self.response,)
        driven = self.forces.scale[0] * np.maximum(self.inputs(())[0], 0.0)
        return (np.where(self.forces.held[0], self.forces.value[0], driven),)

    def admissible(self, state: Sequence[np.ndarray]) -> Populations:
        """Return the response itself: the circuit can be in no other state."""
        return self.settled(tol=0.0, max_steps=0)

    def inputs(self, state: Sequence[np.ndarray]) -> Populations:
        """Return response + drive."""
        return (self.response if self.forces is None else self.response + self.forces.drive[0],)

    def rates(self, state: Sequence[np.ndarray]) -> Populations:
        """Return how far the state is from the response, as if a unit took the time 1."""
        return (self.settled(tol=0.0, max_steps=0)[0] - state[0],)

    def linearized(self, state: Sequence[np.ndarray]) -> Linearization:
        """Return units without connections."""
        gain = np.ones(self.shape) if self.forces is None else self.forces.scale[0] * ~self.forces.held[0]
        return Linearization(
            shape=self.shape,
            boundary=self.boundary,
            time_constants=(0.0,),
            decay=(np.ones(self.shape),),
            gain=(gain * (self.inputs(state)[0] > 0),),
            connections=(),
        )
