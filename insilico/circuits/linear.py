"""Linear circuit: its two array-level functions (equations: linear_equations).

A drive goes in, the rates come out, either after a fixed number of steps (`simulate`) or where the circuit settles
(`steady_state`). On a periodic sheet W is diagonal over spatial frequencies and frequencies of the feature axis, and
the steady state is  r = F⁻¹[ F X / (1 − ŵ) ].  Elsewhere, and where units are held or scaled, the symmetric system

    (1/s − W) r = X + d        over the units that are free; s scale, d drive of a perturbation

is solved by conjugate gradients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft

from insilico.circuits.arrays import checked_drive
from insilico.circuits.linear_equations import LESIONS, LinearParameters, Wiring, wired
from insilico.dynamics import SETTLED, rounding_floor
from insilico.perturb import Forces, Perturbation, combined, refuse_finite_windows, segments
from insilico.pools import BOUNDARIES
from stimuli.errors import unknown_name

__all__ = ["DEFAULTS", "LESIONS", "Activity", "LinearParameters", "simulate", "steady_state"]

DEFAULTS = LinearParameters()
POPULATION = ("output",)
LOWEST = -math.inf  # rates are not rectified


@dataclass(frozen=True, kw_only=True)
class Activity:
    """State of the circuit at the end of a run.

    Parameters
    ----------
    output
        r, (stimulus, y, x, feature), float64.
    residual
        Largest |dr/dt| over all units, (stimulus,).
    converged
        Whether that residual is small enough to speak of a steady state, (stimulus,).
    n_steps
        Number of steps taken, (stimulus,); 0 for a closed form.
    """

    output: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    n_steps: np.ndarray


def simulate(
    drive: np.ndarray,
    parameters: LinearParameters = DEFAULTS,
    *,
    step: float = 1.0,
    n_steps: int = 300,
    start: float = 0.0,
    boundary: str = "zero",
    lesions: Sequence[str] = (),
    perturbations: Sequence[Perturbation] = (),
    initial: np.ndarray | None = None,
) -> Activity:
    """Integrate the circuit over a fixed number of steps of exponential Euler, exact for a constant input.

    Parameters
    ----------
    drive
        X, (stimulus, y, x, feature), float32 or float64, finite and >= 0.
    parameters
        Constants of the circuit.
    step, n_steps
        Size, in the unit of tau, and number of the steps.
    start
        Time of the first step, for a run in several calls; windows of perturbations count from time 0.
    boundary
        "zero" (nothing beyond the sheet) or "periodic".
    lesions
        Names of removed mechanisms: E, I; untuned_E, untuned_I (averaged over features).
    perturbations
        Interventions on units 0 … of the flattened (y, x, feature) array. A drive adds to the input, a scale
        multiplies it, whatever its sign: there is no rectifier.
    initial
        r at the start; None for r = X.

    Returns
    -------
    Activity
        `converged` means residual <= 1e-6.

    Raises
    ------
    ValueError
        For an unstable circuit; says the largest eigenvalue.
    """
    wiring, X = _prepared(drive, parameters, boundary, lesions)
    if not (math.isfinite(step) and step > 0):
        raise ValueError(f"step = {step}: must be finite and > 0.")
    if not math.isfinite(n_steps) or n_steps != int(n_steps) or n_steps < 1:
        raise ValueError(f"n_steps = {n_steps}: must be an integer >= 1.")
    r = _start(X, initial)
    course = segments(
        tuple(perturbations),
        X.shape[1:],
        step=step,
        n_steps=int(n_steps),
        start=start,
        populations=POPULATION,
        lowest=LOWEST,
    )
    for i, x in enumerate(X):
        for segment in course:
            r[i] = _advanced(r[i], x, wiring, segment.step, segment.n_steps, segment.forces)
    return _activity(r, X, wiring, course[-1].forces, np.full(len(X), int(n_steps)), SETTLED)


def steady_state(
    drive: np.ndarray,
    parameters: LinearParameters = DEFAULTS,
    *,
    tol: float = 1e-9,
    max_steps: int = 500,
    boundary: str = "zero",
    lesions: Sequence[str] = (),
    perturbations: Sequence[Perturbation] = (),
) -> Activity:
    """Find the state at which the circuit settles.

    Parameters
    ----------
    drive, parameters, boundary, lesions, perturbations
        As for `simulate`; perturbations must act for ever, window (0, inf).
    tol
        Residual below which a stimulus counts as converged, 1e-6 at most.
    max_steps
        Number of conjugate gradient steps after which a stimulus stops.

    Raises
    ------
    ValueError
        For an unstable circuit; says the largest eigenvalue.
    """
    wiring, X = _prepared(drive, parameters, boundary, lesions)
    perturbations = tuple(perturbations)
    refuse_finite_windows(perturbations)
    if not (tol > 0 and max_steps >= 1):
        raise ValueError(f"tol = {tol}, max_steps = {max_steps}: must be > 0 and >= 1.")
    forces = combined(perturbations, X.shape[1:], populations=POPULATION, lowest=LOWEST)
    r, n_steps = np.empty_like(X), np.zeros(len(X), dtype=int)
    for i, x in enumerate(X):
        r[i], n_steps[i] = settled(x, wiring, forces=forces, max_steps=int(max_steps))
    return _activity(r, X, wiring, forces, n_steps, tol)


def settled(X: np.ndarray, wiring: Wiring, *, forces: Forces | None, max_steps: int = 500) -> tuple[np.ndarray, int]:
    """Return the steady rates (y, x, feature) of one stimulus, and the steps of conjugate gradients that it took."""
    if forces is None or not (forces.held.any() or (forces.scale != 1).any()):
        total = X if forces is None else X + forces.drive[0]
        if wiring.boundary == "periodic":
            response = scipy.fft.fftn(total) / (1 - wiring.symbol(total.shape[:2]))
            return scipy.fft.ifftn(response).real, 0
        return _conjugate_gradients(total, wiring, np.ones_like(X), np.ones(X.shape, dtype=bool), max_steps)
    scale, held = forces.scale[0], forces.held[0] | (forces.scale[0] == 0)
    fixed = np.where(forces.held[0], forces.value[0], 0.0)
    right = np.where(held, 0.0, X + forces.drive[0] + wiring.heard(fixed))
    inverse = 1 / np.where(held, 1.0, scale)
    r, n_steps = _conjugate_gradients(right, wiring, inverse, ~held, max_steps)
    return r + fixed, n_steps


def rate(r: np.ndarray, X: np.ndarray, wiring: Wiring, forces: Forces | None) -> np.ndarray:
    """Return dr/dt of one stimulus, (y, x, feature); 0 for held units."""
    if forces is None:
        return (X + wiring.heard(r) - r) / wiring.tau
    driven = forces.scale[0] * (forces.drive[0] + X + wiring.heard(r))
    return np.where(forces.held[0], 0.0, (driven - r) / wiring.tau)


def _conjugate_gradients(
    right: np.ndarray, wiring: Wiring, inverse_scale: np.ndarray, free: np.ndarray, max_steps: int
) -> tuple[np.ndarray, int]:
    """Solve (1/s − W) r = right over the free units, as far as rounding allows; 0 elsewhere.

    It stops early where the system is not positive definite: the circuit does not settle, and its residual says so.
    """
    r = np.zeros_like(right)
    remainder = right * free
    direction, power = remainder.copy(), float((remainder**2).sum())
    enough = power * 2.0**-104
    for n in range(max_steps):
        if power <= enough:
            return r, n
        image = (inverse_scale * direction - wiring.heard(direction)) * free
        curvature = float((direction * image).sum())
        if not curvature > 0:
            return r, n
        length = power / curvature
        r = r + length * direction
        remainder = remainder - length * image
        power, before = float((remainder**2).sum()), power
        direction = remainder + power / before * direction
    return r, max_steps


def _advanced(
    r: np.ndarray, X: np.ndarray, wiring: Wiring, step: float, n_steps: int, forces: Forces | None
) -> np.ndarray:
    """Return the rates after steps of exponential Euler; held units keep their value from the first step on."""
    share = -math.expm1(-step / wiring.tau)

    def kept(r: np.ndarray) -> np.ndarray:
        return r if forces is None else np.where(forces.held[0], forces.value[0], r)

    r = kept(r)
    for _ in range(n_steps):
        r = kept(r + share * wiring.tau * rate(r, X, wiring, forces))
    return r


def _prepared(
    drive: np.ndarray, parameters: LinearParameters, boundary: str, lesions: Sequence[str]
) -> tuple[Wiring, np.ndarray]:
    if isinstance(lesions, str):
        raise TypeError(f"lesions = {lesions!r}: must be a tuple of names, ({lesions!r},).")
    if boundary not in BOUNDARIES:
        raise unknown_name("boundary", boundary, BOUNDARIES)
    lesions = tuple(lesions)
    for name in lesions:
        if name not in LESIONS:
            raise unknown_name("lesion", name, LESIONS)
    X = checked_drive(drive).astype(np.float64)
    return wired(parameters, X.shape[1:], lesions=lesions, boundary=boundary), X


def _start(X: np.ndarray, initial: np.ndarray | None) -> np.ndarray:
    if initial is None:
        return X.copy()
    if np.shape(initial) != X.shape or not np.isfinite(initial).all():
        raise ValueError(f"initial of shape {np.shape(initial)}: must be finite and shaped like the drive, {X.shape}.")
    return np.array(initial, dtype=np.float64)


def _activity(
    r: np.ndarray, X: np.ndarray, wiring: Wiring, forces: Forces | None, n_steps: np.ndarray, tol: float
) -> Activity:
    rates = [np.abs(rate(one, x, wiring, forces)).max() for one, x in zip(r, X, strict=True)]
    residual = np.array(rates, dtype=np.float64)
    allowed = np.maximum(min(tol, SETTLED), rounding_floor((np.abs(r),), np.arange(len(r))))
    allowed = np.where(np.isfinite(r).all(axis=(1, 2, 3)), allowed, -1.0)
    return Activity(output=r, residual=residual, converged=residual <= allowed, n_steps=n_steps)
