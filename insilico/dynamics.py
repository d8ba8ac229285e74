"""Integrators, runs through perturbation windows, and the search for a steady state; shared by circuits and backends.

Every population s of a circuit obeys

    time_constant ds/dt = −leak s + scale · [ drive + a − b s ]_+

a  additive input (excitation minus subtractive suppression)     b  divisive suppression, >= 0
leak  > 0                                                        drive, scale  perturbation (0 and 1 without)

with the fixed point  s* = scale [drive + a]_+ / (leak + scale b).

A backend is a `Stepper`: it advances the state in place and measures how fast it still changes. Each stimulus has
its own step and its own stopping time, so that its result does not depend on the batch it is part of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from insilico.perturb import Forces, Segment

METHODS = ("exponential", "euler")
FIRST_STEP = 3.0  # the published step; stable near the published parameters only
CHUNK_TIME = 48.0  # time between two looks at the residual, 8 time constants
STALL = 0.7  # a chunk that leaves more than this share of the residual counts as a stall
PATIENCE = 2  # stalls in a row before the step is questioned
RESOLVED = 0.99  # cosine of successive increments above which the step follows the motion that is left
SETTLED = 1e-6  # residual below which a run of fixed length counts as converged
SLOWEST = 600.0  # time constant, a hundred times the published one
ROUNDING = {"float64": 2.0**-51, "float32": 2.0**-22}  # residual that rounding alone may leave, per unit of activity

State = tuple[np.ndarray, ...]
Field = np.ndarray | float


class Stepper(Protocol):
    """A circuit in one backend. States are arrays (stimulus, y, x, feature), one per population."""

    def advance(
        self, state: State, *, rows: np.ndarray, steps: np.ndarray, n_steps: np.ndarray, forces: Forces | None
    ) -> None:
        """Advance the stimuli `rows` in place by n_steps[i] steps of size steps[i]."""

    def residual(self, state: State, *, rows: np.ndarray, forces: Forces | None) -> np.ndarray:
        """Return the largest |ds/dt| over the units of each stimulus in `rows`."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """The constants of one population's equation: time constant (unit of time, at most `SLOWEST`) and leak, both > 0.

    What is slower hardly moves within a unit of time, so that its rate of change no longer tells a fixed point from a
    start.
    """

    time_constant: float
    leak: float

    def __post_init__(self) -> None:
        if self.time_constant > SLOWEST:
            raise ValueError(
                f"time constant {self.time_constant:g}: at most {SLOWEST:g} units of time (published: 6), or rates of "
                "change no longer tell where a circuit settles. State times in a larger unit: its fixed points do not "
                "depend on it."
            )


def euler_step(
    s: np.ndarray,
    a: np.ndarray,
    b: Field,
    *,
    population: Population,
    step: float,
    drive: Field = 0.0,
    scale: Field = 1.0,
) -> np.ndarray:
    """Return the state after one explicit Euler step."""
    ratio = step / population.time_constant
    return (1 - population.leak * ratio) * s + ratio * scale * np.maximum(drive + a - b * s, 0)


def exponential_step(
    s: np.ndarray,
    a: np.ndarray,
    b: Field,
    *,
    population: Population,
    step: float,
    drive: Field = 0.0,
    scale: Field = 1.0,
) -> np.ndarray:
    """Return the state after one exponential Euler step: exact for constant a, b on either side of the threshold.

    Above threshold s relaxes to scale (drive + a) / (leak + scale b) at the rate (leak + scale b) / time_constant,
    below it to 0 at the rate leak / time_constant. The rate is never 0, as leak > 0.
    """
    above = drive + a - b * s > 0
    rate = population.leak + (np.where(above, scale * b, 0) if np.any(b) else 0.0)
    target = np.where(above, scale * (drive + a), 0) / rate
    return s - np.expm1(-step * rate / population.time_constant) * (target - s)


def derivative(
    s: np.ndarray, a: np.ndarray, b: Field, *, population: Population, drive: Field = 0.0, scale: Field = 1.0
) -> np.ndarray:
    """Return ds/dt."""
    return (scale * np.maximum(drive + a - b * s, 0) - population.leak * s) / population.time_constant


def largest_step(method: str, populations: Sequence[Population]) -> float:
    """Return the largest step that keeps every activity >= 0: time_constant / leak for Euler, any for exponential."""
    return np.inf if method == "exponential" else min(p.time_constant / p.leak for p in populations)


def run(stepper: Stepper, state: State, *, segments: Sequence[Segment]) -> np.ndarray:
    """Advance a state in place through all segments; return the residual at the end, (stimulus,).

    Clamped units take their value before the first step of their segment, so that all others already hear it.
    """
    rows = np.arange(len(state[0]))
    for segment in segments:
        hold(state, segment.forces)
        counts = np.full(rows.shape, segment.n_steps)
        stepper.advance(
            state, rows=rows, steps=np.full(rows.shape, segment.step), n_steps=counts, forces=segment.forces
        )
    return stepper.residual(state, rows=rows, forces=segments[-1].forces)


def settle(
    stepper: Stepper, state: State, *, forces: Forces | None, tol: float, max_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Advance a state in place to its steady state; return the residual and the number of steps, (stimulus,) each.

    Each stimulus starts at the published step and looks at its residual after equal stretches of time. When the
    residual has stopped falling because the step is too coarse, the step is halved; slow or oscillating motion that
    the equations themselves prescribe is followed instead. A stimulus stops at `tol`, at what rounding allows, or
    after `max_steps`.
    """
    hold(state, forces)
    n = len(state[0])
    steps, taken, stalls = np.full(n, FIRST_STEP), np.zeros(n, np.int64), np.zeros(n, np.int64)
    residual = stepper.residual(state, rows=np.arange(n), forces=forces)
    rows = np.flatnonzero(residual > np.maximum(tol, rounding_floor(state, np.arange(n))))
    while rows.size:
        counts = np.minimum(np.rint(CHUNK_TIME / steps[rows]).astype(np.int64), max_steps - taken[rows])
        stepper.advance(state, rows=rows, steps=steps[rows], n_steps=counts, forces=forces)
        taken[rows] += counts
        before, residual[rows] = residual[rows], stepper.residual(state, rows=rows, forces=forces)
        stalls[rows] = np.where(residual[rows] > STALL * before, stalls[rows] + 1, 0)
        for row in rows[(stalls[rows] >= PATIENCE) & (taken[rows] < max_steps - 2)]:
            steps[row] /= 1 if _follows_motion(stepper, state, row, steps[row], forces) else 2
            taken[row] += 2
            stalls[row] = 0
        open_ = residual[rows] > np.maximum(tol, rounding_floor(state, rows))
        rows = rows[open_ & (taken[rows] < max_steps)]
    return residual, taken


def _follows_motion(stepper: Stepper, state: State, row: int, step: float, forces: Forces | None) -> bool:
    """Take two steps and tell whether their increments point the same way."""
    one, increments = np.ones(1, np.int64), []
    for _ in range(2):
        before = [s[row].astype(np.float64) for s in state]
        stepper.advance(state, rows=np.array([row]), steps=np.array([step]), n_steps=one, forces=forces)
        increments.append([s[row] - b for s, b in zip(state, before, strict=True)])
    first, second = increments
    dot, first_length, second_length = (
        sum(float((a * b).sum()) for a, b in zip(x, y, strict=True))
        for x, y in ((first, second), (first, first), (second, second))
    )
    return dot > RESOLVED * np.sqrt(first_length * second_length)


def rounding_floor(state: State, rows: np.ndarray) -> np.ndarray:
    """Return the residual that rounding alone may leave at the largest activity of each stimulus, (stimulus,)."""
    largest = np.max([s[rows].max(axis=(1, 2, 3), initial=0.0) for s in state], axis=0)
    return ROUNDING[state[0].dtype.name] * largest.astype(np.float64)


def hold(state: State, forces: Forces | None) -> None:
    """Set clamped units to their value, in place and in every stimulus."""
    if forces is not None:
        for s, held, value in zip(state, forces.held, forces.value, strict=True):
            s[:, held] = value[held]
