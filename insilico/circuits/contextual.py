"""Contextual circuit, the 2018 circuit extended: its two array-level functions (equations: contextual_equations).

A drive goes in, the activities of the input stage I and the output stage O come out, either after a fixed number of
steps (`simulate`) or where the circuit settles (`steady_state`); the runs themselves are those of `two_stage`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from insilico.circuits import two_stage
from insilico.circuits.contextual_equations import LESIONS, ContextualParameters, wired
from insilico.circuits.two_stage import BACKENDS, Activity, TwoStage
from insilico.perturb import Perturbation

__all__ = ["BACKENDS", "DEFAULTS", "LESIONS", "Activity", "ContextualParameters", "simulate", "steady_state"]

DEFAULTS = ContextualParameters()
_WIRED = TwoStage(lesions=LESIONS, wired=wired)


def simulate(
    drive: np.ndarray,
    parameters: ContextualParameters = DEFAULTS,
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
    """Integrate the circuit over a fixed number of steps; parameters and result as for `two_stage.simulate`."""
    return two_stage.simulate(
        _WIRED,
        drive,
        parameters,
        method=method,
        step=step,
        n_steps=n_steps,
        start=start,
        backend=backend,
        boundary=boundary,
        lesions=lesions,
        perturbations=perturbations,
        initial=initial,
    )


def steady_state(
    drive: np.ndarray,
    parameters: ContextualParameters = DEFAULTS,
    *,
    tol: float = 1e-9,
    max_steps: int = 20_000,
    backend: str = "numba",
    boundary: str = "zero",
    lesions: Sequence[str] = (),
    perturbations: Sequence[Perturbation] = (),
    initial: tuple[np.ndarray, np.ndarray] | None = None,
) -> Activity:
    """Find the state at which the circuit settles; parameters and result as for `two_stage.steady_state`."""
    return two_stage.steady_state(
        _WIRED,
        drive,
        parameters,
        tol=tol,
        max_steps=max_steps,
        backend=backend,
        boundary=boundary,
        lesions=lesions,
        perturbations=perturbations,
        initial=initial,
    )
