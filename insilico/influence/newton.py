"""Newton's method for a fixed point, from a state nearby; where it does not lead down, the circuit relaxes instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from insilico.dynamics import ROUNDING
from insilico.equations import Equations, Linearization, Populations

Solver = Callable[[Linearization, Populations, float], Populations]

MAX_NEWTON = 30
HALVINGS = 4
RELAXED = 1e-9  # residual to which the circuit relaxes by itself before Newton's method goes on
MAX_STEPS = 20_000
FORCING = 1e-3  # share of the residual that one linear solve may leave


def residual_of(rates: Sequence[np.ndarray]) -> float:
    """Return the largest |ds/dt|."""
    return max(float(np.abs(rate).max(initial=0.0)) for rate in rates)


def allowed(state: Sequence[np.ndarray], tol: float) -> float:
    """Return the residual that counts as zero: `tol`, or what rounding leaves at the largest activity."""
    return max(tol, ROUNDING["float64"] * max(float(np.abs(s).max(initial=0.0)) for s in state))


def newton(
    equations: Equations, start: Populations, solver: Solver, *, tol: float, relax: bool = True
) -> tuple[Populations, float]:
    """Return the fixed point near `start` and its residual, which may be too large: it is for the caller to judge.

    Parameters
    ----------
    equations
        The circuit under one stimulus, with its forces.
    start
        One array (y, x, feature) per population.
    solver
        solver(linearization, right, tol) returns the steady deviation that a right-hand side calls for.
    tol
        Residual at which it stops.
    relax
        Whether the circuit may relax by its own integrator where Newton's method stalls; once.
    """
    state = equations.admissible(start)
    rates = equations.rates(state)
    residual = residual_of(rates)
    for _ in range(MAX_NEWTON):
        if residual <= allowed(state, tol):
            break
        step = _downhill(equations, state, rates, residual, solver)
        if step is None and relax:
            relaxed, relax = equations.settled(state, tol=RELAXED, max_steps=MAX_STEPS), False
            rates = equations.rates(relaxed)
            step = relaxed, rates, residual_of(rates)
        if step is None:
            break
        state, rates, residual = step
    return state, residual


def _downhill(
    equations: Equations, state: Populations, rates: Populations, residual: float, solver: Solver
) -> tuple[Populations, Populations, float] | None:
    """Return a state with a smaller residual along Newton's direction, its rates and its residual; None if none is."""
    linear = equations.linearized(state)
    right = tuple(t * rate for t, rate in zip(linear.time_constants, rates, strict=True))
    direction = solver(linear, right, FORCING)
    length = 1.0
    for _ in range(HALVINGS):
        tried = equations.admissible(tuple(s + length * d for s, d in zip(state, direction, strict=True)))
        found = equations.rates(tried)
        size = residual_of(found)
        if size < residual:
            return tried, found, size
        length /= 2
    return None
