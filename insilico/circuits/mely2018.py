"""Contextual circuit of Mély, Linsley & Serre (2018): its two array-level functions (equations: mely2018_equations).

A drive goes in, the activities of the input stage I and the output stage O come out, either after a fixed number of
steps (`simulate`) or where the circuit settles (`steady_state`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insilico.circuits.arrays import checked_drive, initial_state
from insilico.circuits.mely2018_equations import LESIONS, Mely2018Parameters, ReferenceStepper, wired
from insilico.dynamics import METHODS, SETTLED, State, Stepper, largest_step, rounding_floor, run, settle
from insilico.perturb import Perturbation, combined, refuse_finite_windows, segments
from insilico.pools import BOUNDARIES
from stimuli.errors import unknown_name

__all__ = ["BACKENDS", "LESIONS", "PUBLISHED", "Activity", "Mely2018Parameters", "simulate", "steady_state"]

BACKENDS = ("numba", "reference")


PUBLISHED = Mely2018Parameters()


@dataclass(frozen=True, kw_only=True)
class Activity:
    """State of the circuit at the end of a run.

    Parameters
    ----------
    inhibited, output
        I and O, (stimulus, y, x, feature), in the precision of the drive.
    residual
        Largest |dI/dt| or |dO/dt| over all units, (stimulus,).
    converged
        Whether that residual is small enough to speak of a steady state, (stimulus,).
    n_steps
        Number of steps taken, (stimulus,).
    """

    inhibited: np.ndarray
    output: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    n_steps: np.ndarray


def simulate(
    drive: np.ndarray,
    parameters: Mely2018Parameters = PUBLISHED,
    *,
    method: str = "exponential",
    step: float = 1.0,
    n_steps: int = 300,
    start: float = 0.0,
    backend: str = "numba",
    boundary: str = "zero",
    lesions: Sequence[str] = (),
    perturbations: Sequence[Perturbation] = (),
    initial: tuple[np.ndarray, np.ndarray] | None = None,
) -> Activity:
    """Integrate the circuit over a fixed number of steps.

    Parameters
    ----------
    drive
        X, (stimulus, y, x, feature), float32 or float64, finite and >= 0.
    parameters
        Constants of the circuit.
    method
        "exponential" (Euler on the exact diagonal, recommended) or "euler" (explicit, as published; with step 3 it does
        not settle on extended stimuli).
    step, n_steps
        Size, in the unit of tau and eta, and number of the steps.
    start
        Time of the first step, for a run in several calls; windows of perturbations count from time 0.
    backend
        "numba" or "reference" (numpy).
    boundary
        "zero" (nothing beyond the sheet) or "periodic".
    lesions
        Names of removed mechanisms: P, Q, T, U, untuned_P, untuned_T (pool averaged over features).
    perturbations
        Interventions on units 0 … of the flattened (population I, O; y, x, feature) array.
    initial
        (I, O) at the start; None for I = O = X.

    Returns
    -------
    Activity
        `converged` means residual <= 1e-6, or <= what float32 rounding allows (`dynamics.rounding_floor`).
    """
    stepper, state, shape = _prepared(drive, parameters, backend, boundary, lesions, initial, method)
    limit = largest_step(method, parameters.populations)
    if not (math.isfinite(step) and 0 < step <= limit):
        raise ValueError(f"step = {step}: must be > 0 and, with method {method!r}, at most {limit:g}.")
    if n_steps != int(n_steps) or n_steps < 1:
        raise ValueError(f"n_steps = {n_steps}: must be an integer >= 1.")
    course = segments(perturbations, shape, step=step, n_steps=int(n_steps), start=start)
    residual = run(stepper, state, segments=course, step=step)
    return _activity(state, residual, SETTLED, np.full(len(drive), n_steps))


def steady_state(
    drive: np.ndarray,
    parameters: Mely2018Parameters = PUBLISHED,
    *,
    tol: float = 1e-9,
    max_steps: int = 20_000,
    backend: str = "numba",
    boundary: str = "zero",
    lesions: Sequence[str] = (),
    perturbations: Sequence[Perturbation] = (),
    initial: tuple[np.ndarray, np.ndarray] | None = None,
) -> Activity:
    """Find the state at which the circuit settles (exponential Euler, the step of each stimulus halved on a stall).

    Parameters
    ----------
    drive, parameters, backend, boundary, lesions, perturbations, initial
        As for `simulate`; perturbations must act for ever, window (0, inf).
    tol
        Residual at which a stimulus stops; raised to `dynamics.rounding_floor` where rounding does not allow it.
    max_steps
        Number of steps after which a stimulus stops unconverged.
    """
    refuse_finite_windows(perturbations)
    if not (tol > 0 and max_steps >= 1):
        raise ValueError(f"tol = {tol}, max_steps = {max_steps}: must be > 0 and >= 1.")
    stepper, state, shape = _prepared(drive, parameters, backend, boundary, lesions, initial)
    residual, n_steps = settle(
        stepper, state, forces=combined(tuple(perturbations), shape), tol=tol, max_steps=int(max_steps)
    )
    return _activity(state, residual, tol, n_steps)


def _prepared(
    drive: np.ndarray,
    parameters: Mely2018Parameters,
    backend: str,
    boundary: str,
    lesions: Sequence[str],
    initial: tuple[np.ndarray, np.ndarray] | None,
    method: str = "exponential",
) -> tuple[Stepper, State, tuple[int, int, int]]:
    """Check all input and return the backend, the state to be advanced, and (y, x, feature)."""
    for kind, name, known in (
        ("backend", backend, BACKENDS),
        ("boundary", boundary, BOUNDARIES),
        ("method", method, METHODS),
    ):
        if name not in known:
            raise unknown_name(kind, name, known)
    if isinstance(lesions, str):
        raise TypeError(f"lesions = {lesions!r}: must be a tuple of names, ({lesions!r},).")
    for name in lesions:
        if name not in LESIONS:
            raise unknown_name("lesion", name, LESIONS)
    drive = checked_drive(drive)
    if parameters.ssf > min(drive.shape[1:3]):
        raise ValueError(
            f"ssf = {parameters.ssf} cells on a sheet of {drive.shape[1]} x {drive.shape[2]}: the far ring must not be "
            "wider than the sheet; take a larger sheet or a smaller ssf."
        )
    wiring = wired(parameters, drive.shape[3], lesions=lesions, boundary=boundary)
    state = initial_state(drive, initial, names=("I", "O"))
    if backend == "reference":
        return ReferenceStepper(drive, wiring, method=method), state, drive.shape[1:]
    from insilico.kernels.mely2018 import FusedStepper  # numba loads only when it is used

    return FusedStepper(drive, wiring, method=method), state, drive.shape[1:]


def _activity(state: State, residual: np.ndarray, tol: float, n_steps: np.ndarray) -> Activity:
    allowed = np.maximum(tol, rounding_floor(state, np.arange(len(residual))))
    return Activity(
        inhibited=state[0], output=state[1], residual=residual, converged=residual <= allowed, n_steps=n_steps
    )
