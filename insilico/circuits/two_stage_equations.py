"""Equations of circuits with two stages, I and O: coefficients, wiring, numpy reference.

    eta dI/dt = −epsilon² I + [ xi X − (alpha I + mu) U − (beta I + nu) T^qT ]_+
    tau dO/dt = −sigma²  O + [ zeta I + gamma P^qP G + delta Q + gO N − thO ]_+

X  afferent drive     I  input stage ("inhibited")     O  output stage
U  untuned suppression: mean of O over features, same cell
T  tuned suppression: far ring of O                            P  tuned facilitation: near ring of I
Q  broad facilitation: Gaussian over features of I             N  recurrent excitation: near ring of O, same feature

G  gate of P: 1, or the unit's own I

T and P hear the same feature, or a Gaussian over features. All activities are >= 0 and have the axes (stimulus, y, x,
feature). Pools are read at the start of a step, I is advanced before O. With gO = thO = 0 and qP = qT = 1 these are
the equations of Mély, Linsley & Serre (2018).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from insilico.circuit import Mechanism
from insilico.dynamics import Population, State, derivative, euler_step, exponential_step
from insilico.perturb import Forces
from insilico.pools import Ring, feature_mean, ring_pool

LESIONED = {  # lesion → coefficients it sets to 0
    "P": ("gamma",),
    "Q": ("delta",),
    "T": ("beta", "nu"),
    "U": ("alpha", "mu"),
    "N": ("gO",),
}
_MECHANISMS = (  # terms of the equations, stage and name
    ("xi X", "input", "afferent drive"),
    ("alpha I U", "input", "untuned suppression, divisive"),
    ("mu U", "input", "untuned suppression, subtractive"),
    ("beta I T", "input", "tuned suppression, divisive"),
    ("nu T", "input", "tuned suppression, subtractive"),
    ("zeta I", "output", "input stage, same cell"),
    ("gamma P", "output", "tuned facilitation"),
    ("delta Q", "output", "broad facilitation"),
    ("gO N", "output", "recurrent excitation"),
    ("thO", "output", "threshold"),
)
MECHANISMS = tuple(Mechanism(term=term, population=stage, name=name) for term, stage, name in _MECHANISMS)
OPEN_AT_0 = ("tau", "sigma", "eta", "epsilon", "omega", "qP", "qT")


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """Numbers of the equations; those of mely2018 have no default, the extensions are off."""

    tau: float
    sigma: float
    eta: float
    epsilon: float
    xi: float
    zeta: float
    gamma: float
    delta: float
    alpha: float
    mu: float
    beta: float
    nu: float
    thO: float = 0.0
    gO: float = 0.0
    qP: float = 1.0
    qT: float = 1.0

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
    coefficients
        Numbers of the equations, those of removed pools set to 0.
    near, far
        Rings of P and N, and of T.
    across
        Pool of Q over features: Q = I @ across, (feature, feature).
    across_P, across_T
        The same for P and T; None: same feature only.
    untuned_P, untuned_T
        Whether P and T are averaged over features instead.
    gated
        Whether P is multiplied by the unit's own I.
    boundary
        "zero" or "periodic".
    """

    coefficients: Coefficients
    near: Ring
    far: Ring
    across: np.ndarray
    across_P: np.ndarray | None = None
    across_T: np.ndarray | None = None
    untuned_P: bool
    untuned_T: bool
    gated: bool = False
    boundary: str


def coefficients_of(parameters: Any, *, lesions: Collection[str]) -> Coefficients:
    """Return the coefficients among the fields of a circuit's parameters, without those of the pools removed."""
    known = {field.name for field in fields(parameters)}
    values = {field.name: getattr(parameters, field.name) for field in fields(Coefficients) if field.name in known}
    removed = [lesion for lesion in lesions if known.issuperset(LESIONED.get(lesion, ()))]
    return lesioned(Coefficients(**values), removed)


def lesioned(coefficients: Any, lesions: Collection[str]) -> Any:
    """Return coefficients, or a circuit's parameters, with those of the removed pools at 0."""
    return replace(coefficients, **{name: 0.0 for lesion in lesions for name in LESIONED.get(lesion, ())})


def mechanisms_of(parameters_class: type[Any]) -> tuple[Mechanism, ...]:
    """Return the terms whose coefficient is among the fields of a circuit's parameters."""
    known = {field.name for field in fields(parameters_class)}
    return tuple(m for m in MECHANISMS if m.term.split()[0] in known)


def check_numbers(parameters: Any, *, unbounded: Collection[str] = ()) -> None:
    """Raise ValueError where a float of a circuit's parameters is not finite or has the wrong sign."""
    for field in fields(parameters):
        value = getattr(parameters, field.name)
        if field.type != "float" or field.name in unbounded:
            continue
        lowest_is_open = field.name in OPEN_AT_0
        if not (math.isfinite(value) and (value > 0 if lowest_is_open else value >= 0)):
            bound = "> 0" if lowest_is_open else ">= 0 (its sign is in the equations)"
            raise ValueError(f"{field.name} = {value}: must be finite and {bound}.")


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
        self._across, self._across_P, self._across_T = (
            None if matrix is None else matrix.astype(drive.dtype)
            for matrix in (wiring.across, wiring.across_P, wiring.across_T)
        )
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
        (a, b), facilitation = self.suppression(O, row), self.facilitation(I, O)
        of_I, of_O = self._wiring.coefficients.populations
        new = self._step(I, a, b, population=of_I, step=step, **_acting(forces, 0, I.dtype))
        I[...] = _held(new, forces, 0)
        a = self._wiring.coefficients.zeta * I + facilitation
        new = self._step(O, a, 0.0, population=of_O, step=step, **_acting(forces, 1, I.dtype))
        O[...] = _held(new, forces, 1)

    def _largest_rate(self, state: State, row: int, forces: Forces | None) -> float:
        I, O = state[0][row], state[1][row]
        (a, b), facilitation = self.suppression(O, row), self.facilitation(I, O)
        of_I, of_O = self._wiring.coefficients.populations
        rates = (
            derivative(I, a, b, population=of_I, **_acting(forces, 0, I.dtype)),
            derivative(
                O,
                self._wiring.coefficients.zeta * I + facilitation,
                0.0,
                population=of_O,
                **_acting(forces, 1, I.dtype),
            ),
        )
        free = [True, True] if forces is None else ~forces.held
        return max(float(np.abs(rate).max(where=f, initial=0)) for rate, f in zip(rates, free, strict=True))

    def suppression(self, O: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a = xi X − mu U − nu T^qT and b = alpha U + beta T^qT."""
        subtractive, divisive = self._of_input(O, row)
        return _sum(subtractive), _sum(divisive)

    def facilitation(self, I: np.ndarray, O: np.ndarray) -> np.ndarray:
        """Return gamma P^qP + delta Q + gO N − thO."""
        return _sum(self._of_output(I, O))

    def contributions(self, I: np.ndarray, O: np.ndarray, row: int) -> dict[str, np.ndarray]:
        """Return all terms by the names of MECHANISMS, signed; those of a stage sum to what its rectifier is given."""
        subtractive, divisive = self._of_input(O, row)
        found = {
            **subtractive,
            **{f"{name[0]} I {name[1]}": -b * I for name, b in ((n.split(), b) for n, b in divisive.items())},
            "zeta I": self._wiring.coefficients.zeta * I,
            **self._of_output(I, O),
        }
        return {term: np.broadcast_to(value, I.shape) for term, value in found.items()}

    def _of_input(self, O: np.ndarray, row: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the terms of the input stage: those added, and those that divide (to be multiplied by −I)."""
        c, w = self._wiring.coefficients, self._wiring
        U = feature_mean(O)
        T = _over_features(ring_pool(O, w.far, w.boundary), self._across_T, untuned=w.untuned_T)
        T = _powered(T, c.qT)
        added = {"xi X": c.xi * self._X[row], "mu U": -c.mu * U, "nu T": -c.nu * T}
        return added, {"alpha U": c.alpha * U, "beta T": c.beta * T}

    def _of_output(self, I: np.ndarray, O: np.ndarray) -> dict[str, np.ndarray]:
        """Return the terms of the output stage but zeta I."""
        c, w = self._wiring.coefficients, self._wiring
        P = _over_features(ring_pool(I, w.near, w.boundary), self._across_P, untuned=w.untuned_P)
        P = _powered(P, c.qP)
        if w.gated:
            P = P * I
        found = {"gamma P": c.gamma * P, "delta Q": c.delta * (I @ self._across)}
        if c.gO:
            found["gO N"] = c.gO * ring_pool(O, w.near, w.boundary)
        return {**found, "thO": np.asarray(-c.thO, dtype=I.dtype)}


def _sum(terms: Mapping[str, np.ndarray]) -> np.ndarray:
    return functools.reduce(np.add, terms.values())


def _over_features(pool: np.ndarray, across: np.ndarray | None, *, untuned: bool) -> np.ndarray:
    if untuned:
        return feature_mean(pool)
    return pool if across is None else pool @ across


def _powered(pool: np.ndarray, exponent: float) -> np.ndarray:
    return pool if exponent == 1 else pool**exponent


def _acting(forces: Forces | None, population: int, dtype: np.dtype) -> dict[str, np.ndarray]:
    if forces is None:
        return {}
    return {"drive": forces.drive[population].astype(dtype), "scale": forces.scale[population].astype(dtype)}


def _held(s: np.ndarray, forces: Forces | None, population: int) -> np.ndarray:
    return s if forces is None else np.where(forces.held[population], forces.value[population], s)
