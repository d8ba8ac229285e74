"""Circuits of two stages near a state: rates, rectifier inputs, and their derivatives.

With the equations and symbols of `two_stage_equations`, S the scale of a perturbation and χ = 1 where a rectifier is
open,

    eta dδI/dt = −(epsilon² + S χ (alpha U + beta T^qT)) δI − S χ [ (alpha I + mu) δU + (beta I + nu) qT T^(qT−1) δT ]
    tau dδO/dt = −sigma² δO + S χ [ zeta δI + gamma (qP P^(qP−1) G δP + P^qP δG) + delta δQ + gO δN ]

A pool that hears nobody has a power without a derivative there (q < 1); all that it hears is shut or held, so that the
derivative counts as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from insilico.circuits.two_stage_equations import ReferenceStepper, Wiring
from insilico.dynamics import Stepper, settle
from insilico.equations import Connection, Linearization, Populations
from insilico.perturb import Forces

INPUT, OUTPUT = 0, 1


@dataclass(frozen=True, kw_only=True)
class TwoStageEquations:
    """The equations of a two-stage circuit under one stimulus; see `insilico.equations.Equations`.

    Parameters
    ----------
    drive
        X, (y, x, feature), float64.
    wiring
        The circuit.
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
        return tuple(population.leak for population in self.wiring.coefficients.populations)

    @property
    def lowest(self) -> float:
        """Lowest activity that a unit can have."""
        return 0.0

    @property
    def is_uniform(self) -> bool:
        """Whether drive and forces are the same at every place of a periodic sheet."""
        return self.boundary == "periodic" and uniform(self.drive) and (self.forces is None or self.forces.uniform)

    def at_one_place(self) -> TwoStageEquations:
        """Return the equations of a uniform sheet for one cell, which stands for all; shape (1, 1, feature)."""
        forces = None if self.forces is None else self.forces.at(0, 0)
        return replace(self, drive=np.ascontiguousarray(self.drive[:1, :1]), forces=forces)

    def under(self, forces: Forces | None) -> TwoStageEquations:
        """Return the equations under these forces instead of the present ones."""
        return replace(self, forces=forces)

    def settled(self, start: Populations | None = None, *, tol: float, max_steps: int) -> Populations:
        """Return the state that the circuit relaxes to, from `start` or from I = O = X."""
        I, O = (self.drive, self.drive) if start is None else start
        state = tuple(np.array(s[None], dtype=np.float64, order="C") for s in (I, O))
        settle(self._fast_stepper, state, forces=self.forces, tol=tol, max_steps=max_steps)
        return state[0][0], state[1][0]

    def admissible(self, state: Sequence[np.ndarray]) -> Populations:
        """Return the state without negative activity, held units at their values."""
        states = [np.maximum(s, 0.0) for s in state]
        if self.forces is None:
            return tuple(states)
        return tuple(np.where(h, v, s) for h, v, s in zip(self.forces.held, self.forces.value, states, strict=True))

    def inputs(self, state: Sequence[np.ndarray]) -> Populations:
        """Return the argument of each rectifier."""
        I, O = state
        (a, b), facilitation = self._stepper.suppression(O, 0), self._stepper.facilitation(I, O)
        drives = (0.0, 0.0) if self.forces is None else self.forces.drive
        return drives[0] + a - b * I, drives[1] + self.wiring.coefficients.zeta * I + facilitation

    def rates(self, state: Sequence[np.ndarray]) -> Populations:
        """Return dI/dt and dO/dt; 0 for held units."""
        rates = []
        for p, (s, argument) in enumerate(zip(state, self.inputs(state), strict=True)):
            population = self.wiring.coefficients.populations[p]
            rate = (self._scale(p) * np.maximum(argument, 0) - population.leak * s) / population.time_constant
            rates.append(rate if self.forces is None else np.where(self.forces.held[p], 0.0, rate))
        return tuple(rates)

    def linearized(self, state: Sequence[np.ndarray]) -> Linearization:
        """Return the circuit near a state."""
        I, O = state
        c, w = self.wiring.coefficients, self.wiring
        untuned = np.full((self.shape[2],) * 2, 1 / self.shape[2])
        of_U = Connection(source=OUTPUT, target=INPUT, weight=-(c.alpha * I + c.mu), across=untuned)
        of_T = Connection(
            source=OUTPUT, target=INPUT, weight=0.0, space=w.far, across=untuned if w.untuned_T else w.across_T
        )
        of_P = Connection(
            source=INPUT, target=OUTPUT, weight=0.0, space=w.near, across=untuned if w.untuned_P else w.across_P
        )
        of_Q = Connection(source=INPUT, target=OUTPUT, weight=c.delta, across=w.across)
        of_N = Connection(source=OUTPUT, target=OUTPUT, weight=c.gO, space=w.near)
        T, P = of_T.pooled(O, w.boundary), of_P.pooled(I, w.boundary)
        of_T = replace(of_T, weight=-(c.beta * I + c.nu) * _slope(T, c.qT))
        of_P = replace(of_P, weight=c.gamma * _slope(P, c.qP) * (I if w.gated else 1.0))
        own = c.zeta + c.gamma * P**c.qP if w.gated else c.zeta
        of_I = Connection(source=INPUT, target=OUTPUT, weight=own)
        _, b = self._stepper.suppression(O, 0)
        open_I, open_O = (argument > 0 for argument in self.inputs(state))
        gain = tuple(self._gain(p, open_) for p, open_ in enumerate((open_I, open_O)))
        leaks = [population.leak for population in c.populations]
        return Linearization(
            shape=self.shape,
            boundary=self.boundary,
            time_constants=tuple(population.time_constant for population in c.populations),
            decay=(leaks[INPUT] + gain[INPUT] * b, np.full(self.shape, leaks[OUTPUT])),
            gain=gain,
            connections=tuple(c for c in (of_U, of_T, of_I, of_P, of_Q, of_N) if np.any(c.weight)),
        )

    def _scale(self, population: int) -> np.ndarray | float:
        return 1.0 if self.forces is None else self.forces.scale[population]

    def _gain(self, population: int, open_: np.ndarray) -> np.ndarray:
        if self.forces is None:
            return open_.astype(float)
        return np.where(self.forces.held[population], 0.0, self.forces.scale[population] * open_)

    @property
    def _fast_stepper(self) -> Stepper:
        side = 2 * max(self.wiring.near.reach, self.wiring.far.reach) + 1
        if side > min(self.shape[:2]):  # one cell that stands for all: its rings wrap round it many times
            return self._stepper
        from insilico.kernels.two_stage import FusedStepper  # numba loads only when it is used

        return FusedStepper(self.drive[None], self.wiring, method="exponential")

    @property
    def _stepper(self) -> ReferenceStepper:
        return ReferenceStepper(self.drive[None], self.wiring, method="exponential")


def uniform(field: np.ndarray) -> bool:
    """Whether an array (y, x, feature) is the same at every place."""
    return bool((field == field[:1, :1]).all())


def _slope(pool: np.ndarray, exponent: float) -> np.ndarray | float:
    """Return the derivative of pool^exponent."""
    if exponent == 1:
        return 1.0
    heard = pool > 0
    return exponent * np.where(heard, pool, 1.0) ** (exponent - 1) * heard
