"""Runs of circuits with two stages: a drive goes in, the activities of input stage I and output stage O come out.

Either after a fixed number of steps (`simulate`) or where the circuit settles (`steady_state`). A circuit is told by
its lesions and its wiring (`TwoStage`); its own file gives both functions its name and its parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from insilico.circuits.arrays import checked_drive, initial_state
from insilico.circuits.two_stage_equations import ReferenceStepper, Wiring
from insilico.dynamics import METHODS, SETTLED, State, Stepper, largest_step, rounding_floor, run, settle
from insilico.perturb import Perturbation, combined, refuse_finite_windows, segments
from insilico.pools import BOUNDARIES
from stimuli.errors import unknown_name

BACKENDS = ("numba", "reference")


@dataclass(frozen=True, kw_only=True)
class TwoStage:
    """What the runs need to know of a circuit.

    Parameters
    ----------
    lesions
        Names of the mechanisms that can be removed.
    wired
        wired(parameters, (y, x, feature), lesions=…, boundary=…) returns the wiring, or raises where the sheet is too
        small.
    """

    lesions: tuple[str, ...]
    wired: Callable[..., Wiring]


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
    circuit: TwoStage,
    drive: np.ndarray,
    parameters: Any,
    *,
    method: str,
    step: float,
    n_steps: int,
    start: float,
    backend: str,
    boundary: str,
    lesions: Sequence[str],
    perturbations: Sequence[Perturbation],
    initial: tuple[np.ndarray, np.ndarray] | None,
) -> Activity:
    """Integrate a circuit over a fixed number of steps.

    Parameters
    ----------
    circuit
        The circuit.
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
        Names of removed mechanisms, of those that the circuit's LESIONS lists: a pool by its letter, or untuned_P,
        untuned_T (pool averaged over features).
    perturbations
        Interventions on units 0 … of the flattened (population I, O; y, x, feature) array.
    initial
        (I, O) at the start; None for I = O = X.

    Returns
    -------
    Activity
        `converged` means residual <= 1e-6, or <= what float32 rounding allows (`dynamics.rounding_floor`).
    """
    lesions, perturbations = checked_acts(lesions, perturbations)
    stepper, wiring, state = _prepared(circuit, drive, parameters, backend, boundary, lesions, initial, method)
    limit = largest_step(method, wiring.coefficients.populations)
    if not (math.isfinite(step) and 0 < step <= limit):
        raise ValueError(f"step = {step}: must be > 0 and, with method {method!r}, at most {limit:g}.")
    if not math.isfinite(n_steps) or n_steps != int(n_steps) or n_steps < 1:
        raise ValueError(f"n_steps = {n_steps}: must be an integer >= 1.")
    course = segments(perturbations, state[0].shape[1:], step=step, n_steps=int(n_steps), start=start)
    residual = run(stepper, state, segments=course)
    return _activity(state, residual, SETTLED, np.full(len(drive), n_steps))


def steady_state(
    circuit: TwoStage,
    drive: np.ndarray,
    parameters: Any,
    *,
    tol: float,
    max_steps: int,
    backend: str,
    boundary: str,
    lesions: Sequence[str],
    perturbations: Sequence[Perturbation],
    initial: tuple[np.ndarray, np.ndarray] | None,
) -> Activity:
    """Find the state at which a circuit settles (exponential Euler, the step of each stimulus halved on a stall).

    Parameters
    ----------
    circuit, drive, parameters, backend, boundary, lesions, perturbations, initial
        As for `simulate`; perturbations must act for ever, window (0, inf).
    tol
        Residual at which a stimulus stops; raised to `dynamics.rounding_floor` where rounding does not allow it.
    max_steps
        Number of steps after which a stimulus stops unconverged.
    """
    lesions, perturbations = checked_acts(lesions, perturbations)
    refuse_finite_windows(perturbations)
    if not (tol > 0 and max_steps >= 1):
        raise ValueError(f"tol = {tol}, max_steps = {max_steps}: must be > 0 and >= 1.")
    stepper, _, state = _prepared(circuit, drive, parameters, backend, boundary, lesions, initial)
    forces = combined(perturbations, state[0].shape[1:])
    residual, n_steps = settle(stepper, state, forces=forces, tol=tol, max_steps=int(max_steps))
    return _activity(state, residual, tol, n_steps)


def checked_acts(
    lesions: Sequence[str], perturbations: Sequence[Perturbation]
) -> tuple[tuple[str, ...], tuple[Perturbation, ...]]:
    """Return both as tuples; raises TypeError for a bare name or a single perturbation."""
    if isinstance(lesions, str):
        raise TypeError(f"lesions = {lesions!r}: must be a tuple of names, ({lesions!r},).")
    if isinstance(perturbations, Perturbation):
        raise TypeError("perturbations is a single Perturbation: must be a tuple of them, (perturbation,).")
    return tuple(lesions), tuple(perturbations)


def _prepared(
    circuit: TwoStage,
    drive: np.ndarray,
    parameters: Any,
    backend: str,
    boundary: str,
    lesions: Sequence[str],
    initial: tuple[np.ndarray, np.ndarray] | None,
    method: str = "exponential",
) -> tuple[Stepper, Wiring, State]:
    """Check all input and return the backend, the wiring, and the state to be advanced."""
    for kind, name, known in (
        ("backend", backend, BACKENDS),
        ("boundary", boundary, BOUNDARIES),
        ("method", method, METHODS),
    ):
        if name not in known:
            raise unknown_name(kind, name, known)
    for name in lesions:
        if name not in circuit.lesions:
            raise unknown_name("lesion", name, circuit.lesions)
    drive = checked_drive(drive)
    wiring = circuit.wired(parameters, drive.shape[1:], lesions=lesions, boundary=boundary)
    state = initial_state(drive, initial, names=("I", "O"))
    if backend == "reference":
        return ReferenceStepper(drive, wiring, method=method), wiring, state
    from insilico.kernels.two_stage import FusedStepper  # numba loads only when it is used

    return FusedStepper(drive, wiring, method=method), wiring, state


def _activity(state: State, residual: np.ndarray, tol: float, n_steps: np.ndarray) -> Activity:
    allowed = np.maximum(tol, rounding_floor(state, np.arange(len(residual))))
    return Activity(
        inhibited=state[0], output=state[1], residual=residual, converged=residual <= allowed, n_steps=n_steps
    )
