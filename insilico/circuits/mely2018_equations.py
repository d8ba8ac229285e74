"""Equations of the contextual circuit of Mély, Linsley & Serre (2018): parameters, wiring, numpy reference.

    eta dI/dt = −epsilon² I + [ xi X − (alpha I + mu) U − (beta I + nu) T ]_+
    tau dO/dt = −sigma²  O + [ zeta I + gamma P + delta Q ]_+

X  afferent drive     I  input stage ("inhibited")     O  output stage
U  untuned suppression: mean of O over features, same cell           T  tuned suppression: far ring of O, same feature
P  tuned facilitation: near ring of I, same feature                  Q  broad facilitation: Gaussian over features of I

All activities are >= 0 and have the axes (stimulus, y, x, feature). Pools are read at the start of a step.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields, replace

import numpy as np

from insilico.dynamics import Population, State, derivative, euler_step, exponential_step
from insilico.perturb import Forces
from insilico.pools import Ring, circulant, feature_mean, gaussian_over_features, hard_ring, ring_pool

LESIONS = ("P", "Q", "T", "U", "untuned_P", "untuned_T")


@dataclass(frozen=True, kw_only=True)
class Mely2018Parameters:
    """Parameters of the circuit; the defaults are the published ones.

    Parameters
    ----------
    tau, eta
        Time constants of O and of I, in the circuit's unit of time; > 0.
    sigma, epsilon
        Square roots of the leaks of O and of I; > 0.
    xi
        Gain of the afferent drive X onto I.
    zeta
        Gain of I onto O, same cell and feature.
    gamma, delta
        Gains of the facilitations P and Q.
    alpha, mu
        Divisive and subtractive suppression by the untuned pool U.
    beta, nu
        Divisive and subtractive suppression by the tuned far pool T.
    omega
        Standard deviation of the Gaussian of Q, as a fraction of the whole feature range; > 0.
    srf, ssn, ssf
        Sides, in cells, of the classical field, of the near surround and of the far surround; odd, srf < ssn < ssf.
    continuous
        False if the feature axis has no order (colour channels): Q weights all other channels alike.

    References
    ----------
    Mély, Linsley & Serre 2018, Psychological Review 125, 769-784.
    """

    tau: float = 6.0
    sigma: float = 0.5
    eta: float = 6.0
    epsilon: float = 0.5
    xi: float = 4.5
    zeta: float = 0.0
    gamma: float = 1.0
    delta: float = 1.0
    alpha: float = 1.0
    mu: float = 1.0
    beta: float = 3.0
    nu: float = 0.3
    omega: float = 0.15
    srf: int = 1
    ssn: int = 9
    ssf: int = 29
    continuous: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type != "float":
                continue
            lowest_is_open = field.name in ("tau", "sigma", "eta", "epsilon", "omega")
            if not (math.isfinite(value) and (value > 0 if lowest_is_open else value >= 0)):
                bound = "> 0" if lowest_is_open else ">= 0 (its sign is in the equations)"
                raise ValueError(f"{field.name} = {value}: must be finite and {bound}.")
        sides = (self.srf, self.ssn, self.ssf)
        if not (all(side == int(side) and side % 2 == 1 for side in sides) and 1 <= self.srf < self.ssn < self.ssf):
            raise ValueError(
                f"srf, ssn, ssf = {sides}: must be odd integers, 1 <= srf < ssn < ssf (published: 1, 9, 29)."
            )

    @property
    def populations(self) -> tuple[Population, Population]:
        """Leaky integrators of I and of O."""
        return (
            Population(time_constant=self.eta, leak=self.epsilon**2),
            Population(time_constant=self.tau, leak=self.sigma**2),
        )


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What the equations need, once lesions, sheet and number of channels are known.

    Parameters
    ----------
    parameters
        Constants of the circuit, with the coefficients of removed pools set to 0.
    near, far
        Rings of P and of T.
    across
        Pool of Q over features: Q = I @ across, (feature, feature).
    untuned_near, untuned_far
        Whether P and T are averaged over features.
    boundary
        "zero" or "periodic".
    """

    parameters: Mely2018Parameters
    near: Ring
    far: Ring
    across: np.ndarray
    untuned_near: bool
    untuned_far: bool
    boundary: str


def wired(parameters: Mely2018Parameters, n_features: int, *, lesions: Collection[str], boundary: str) -> Wiring:
    """Return the wiring of a circuit with `n_features` channels, without the mechanisms named in `lesions`."""
    coefficients = {"P": ("gamma",), "Q": ("delta",), "T": ("beta", "nu"), "U": ("alpha", "mu")}
    removed = {name: 0.0 for pool, names in coefficients.items() if pool in lesions for name in names}
    p = replace(parameters, **removed)  # type: ignore[arg-type]
    return Wiring(
        parameters=p,
        near=hard_ring(outer=p.ssn, inner=p.srf),
        far=hard_ring(outer=p.ssf, inner=p.ssn),
        across=circulant(gaussian_over_features(n_features, p.omega, continuous=p.continuous)),
        untuned_near="untuned_P" in lesions,
        untuned_far="untuned_T" in lesions,
        boundary=boundary,
    )


class ReferenceStepper:
    """The equations in numpy, one stimulus after the other: short, slow, the standard for every fast form.

    Parameters
    ----------
    drive
        X, (stimulus, y, x, feature).
    wiring
        The circuit.
    method
        "exponential" or "euler".
    """

    def __init__(self, drive: np.ndarray, wiring: Wiring, *, method: str) -> None:
        self._X = drive
        self._wiring = wiring
        self._across = wiring.across.astype(drive.dtype)
        self._step = exponential_step if method == "exponential" else euler_step

    def advance(
        self, state: State, *, rows: np.ndarray, steps: np.ndarray, n_steps: np.ndarray, forces: Forces | None
    ) -> None:
        """Advance the stimuli `rows` in place by n_steps[i] steps of size steps[i]."""
        for row, step, n in zip(rows, steps, n_steps, strict=True):
            for _ in range(n):
                self._advance_once(state, row, float(step), forces)

    def residual(self, state: State, *, rows: np.ndarray, forces: Forces | None) -> np.ndarray:
        """Return the largest |dI/dt| or |dO/dt| of each stimulus in `rows`; clamped units do not move."""
        return np.array([self._largest_rate(state, row, forces) for row in rows], dtype=np.float64)

    def _advance_once(self, state: State, row: int, step: float, forces: Forces | None) -> None:
        I, O = state[0][row], state[1][row]
        (a, b), facilitation = self._suppression(O, row), self._facilitation(I)
        of_I, of_O = self._wiring.parameters.populations
        new = self._step(I, a, b, population=of_I, step=step, **_acting(forces, 0, I.dtype))
        I[...] = _held(new, forces, 0)
        a = self._wiring.parameters.zeta * I + facilitation
        new = self._step(O, a, 0.0, population=of_O, step=step, **_acting(forces, 1, I.dtype))
        O[...] = _held(new, forces, 1)

    def _largest_rate(self, state: State, row: int, forces: Forces | None) -> float:
        I, O = state[0][row], state[1][row]
        (a, b), facilitation = self._suppression(O, row), self._facilitation(I)
        of_I, of_O = self._wiring.parameters.populations
        rates = (
            derivative(I, a, b, population=of_I, **_acting(forces, 0, I.dtype)),
            derivative(
                O,
                self._wiring.parameters.zeta * I + facilitation,
                0.0,
                population=of_O,
                **_acting(forces, 1, I.dtype),
            ),
        )
        free = [True, True] if forces is None else ~forces.held
        return max(float(np.abs(rate).max(where=f, initial=0)) for rate, f in zip(rates, free, strict=True))

    def _suppression(self, O: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a = xi X − mu U − nu T and b = alpha U + beta T."""
        p = self._wiring.parameters
        U = feature_mean(O)
        T = ring_pool(O, self._wiring.far, self._wiring.boundary)
        if self._wiring.untuned_far:
            T = feature_mean(T)
        return p.xi * self._X[row] - p.mu * U - p.nu * T, p.alpha * U + p.beta * T

    def _facilitation(self, I: np.ndarray) -> np.ndarray:
        """Return gamma P + delta Q."""
        p = self._wiring.parameters
        P = ring_pool(I, self._wiring.near, self._wiring.boundary)
        if self._wiring.untuned_near:
            P = feature_mean(P)
        return p.gamma * P + p.delta * (I @ self._across)


def _acting(forces: Forces | None, population: int, dtype: np.dtype) -> dict[str, np.ndarray]:
    if forces is None:
        return {}
    return {"drive": forces.drive[population].astype(dtype), "scale": forces.scale[population].astype(dtype)}


def _held(s: np.ndarray, forces: Forces | None, population: int) -> np.ndarray:
    return s if forces is None else np.where(forces.held[population], forces.value[population], s)
