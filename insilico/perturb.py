"""Perturbations as data: which units, how, how strongly, when. The integrator interprets them inside its step.

A unit is an entry of the flattened (population, y, x, feature) array of a circuit. Within a step of population s,

    time_constant ds/dt = −leak s + scale · [ drive + a − b s ]_+ ,   s = value where held.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from insilico.targets import Targets
from stimuli.doors import door
from stimuli.errors import unknown_name

MODES = ("drive", "scale", "clamp", "silence")
POPULATIONS = ("input", "output")
_EDGE = 1e-9  # in steps: t_n = n h and the edges of a window are rounded differently


@door
@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """An intervention on single units or on a whole population, during a window of time.

    Parameters
    ----------
    units
        Unit ids (any sequence of integers, stored as a tuple; see `unit_ids`), the name of a population, or
        `Targets`, which are looked up on the sheet of each experiment.
    mode
        "drive" adds `value` inside the rectifier; "scale" multiplies the rectified input; "clamp" holds the activity
        at `value`; "silence" holds it at 0. Several drives add up, several scales multiply.
    value
        One number, or one per unit id; None with "silence". Scales and clamps are >= 0.
    window
        (start, stop) in the circuit's unit of time (tau = 6): acts at start <= t < stop, to the rounding of t.
    """

    units: str | tuple[int, ...] | Targets
    mode: str
    value: float | tuple[float, ...] | None = None
    window: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise unknown_name("mode of perturbation", self.mode, MODES)
        if not isinstance(self.units, str | Targets):
            object.__setattr__(self, "units", _checked_ids(self.units))
        self._check_value()
        start, stop = (float(edge) for edge in self.window)
        if not (math.isfinite(start) and start < stop):
            raise ValueError(f"window = {self.window}: must be (start, stop), start finite and before stop.")
        object.__setattr__(self, "window", (start, stop))

    def _check_value(self) -> None:
        if self.mode == "silence":
            if self.value is not None:
                raise ValueError(f"value = {self.value} with mode 'silence': leave it out, or use mode 'clamp'.")
            return
        if self.value is None:
            raise ValueError(f"value = None with mode {self.mode!r}: give a number, or one per unit.")
        values = np.asarray(self.value, dtype=float)
        if not np.isfinite(values).all() or (self.mode != "drive" and (values < 0).any()):
            allowed = "finite" if self.mode == "drive" else "finite and >= 0 (an activity is never negative)"
            raise ValueError(f"value = {self.value} with mode {self.mode!r}: must be {allowed}.")
        if values.ndim and (not isinstance(self.units, tuple) or values.shape != (len(self.units),)):
            raise ValueError(f"value has shape {values.shape}: give one number, or exactly one per unit id.")
        object.__setattr__(self, "value", tuple(values.tolist()) if values.ndim else float(values))

    @property
    def acts(self) -> bool:
        """Whether it does anything at all: a drive by 0 and a scale by 1 do not."""
        nothing = {"drive": 0.0, "scale": 1.0}.get(self.mode)
        return self.units != () and (nothing is None or bool((np.asarray(self.value) != nothing).any()))


@door
@dataclass(frozen=True)
class Lesion:
    """Removal of a named mechanism of a circuit ("T", "untuned_P", …); the circuit knows its names.

    Parameters
    ----------
    name
        Name of the mechanism.
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name = {self.name!r}: must be a string.")


@dataclass(frozen=True, kw_only=True)
class Forces:
    """What all perturbations of one moment amount to; dense arrays (population, y, x, feature)."""

    drive: np.ndarray
    scale: np.ndarray
    held: np.ndarray
    value: np.ndarray

    @property
    def touched(self) -> np.ndarray:
        """Units that are perturbed at all; bool (population, y, x, feature)."""
        return self.held | (self.drive != 0) | (self.scale != 1)

    @property
    def exciting(self) -> np.ndarray:
        """Units that may be active by their force alone; bool (population, y, x, feature)."""
        return np.where(self.held, self.value > 0, self.drive > 0)

    @property
    def uniform(self) -> bool:
        """Whether they are the same at every place."""
        return all(bool((a == a[:, :1, :1]).all()) for a in (self.drive, self.scale, self.held, self.value))

    def at(self, row: int, column: int) -> Forces:
        """Return the forces at one place, (population, 1, 1, feature)."""
        drive, scale, held, value = (
            a[:, row : row + 1, column : column + 1] for a in (self.drive, self.scale, self.held, self.value)
        )
        return Forces(drive=drive, scale=scale, held=held, value=value)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A run of steps of one length with constant forces (None: no perturbation)."""

    n_steps: int
    step: float
    forces: Forces | None


def refuse_finite_windows(perturbations: Iterable[Perturbation]) -> None:
    """Raise ValueError where a perturbation does not act for ever: a steady state has no time for it."""
    for p in perturbations:
        if p.window[0] > 0 or p.window[1] != math.inf:
            raise ValueError(
                f"window = {p.window}: a steady state needs window (0, inf). A finite one needs time: simulate, or "
                "record with Recording(window=(start, stop))."
            )


@door
def unit_ids(
    shape: tuple[int, int, int],
    *,
    population: str,
    y: int | Sequence[int] | None = None,
    x: int | Sequence[int] | None = None,
    feature: int | Sequence[int] | None = None,
    populations: Sequence[str] = POPULATIONS,
) -> tuple[int, ...]:
    """Return the ids of the units at given rows, columns and channels of a population.

    Parameters
    ----------
    shape
        (y, x, feature): numbers of rows, columns and channels of the circuit.
    population
        Name of the population.
    y, x, feature
        Indices, one or several; None for all.
    populations
        Names of the circuit's populations, in order.
    """
    if population not in populations:
        raise unknown_name("population", population, populations)
    axes = [np.array([list(populations).index(population)])]
    for name, wanted, n in zip(("y", "x", "feature"), (y, x, feature), shape, strict=True):
        indices = np.arange(n) if wanted is None else np.atleast_1d(np.asarray(wanted, dtype=np.int64))
        if ((indices < 0) | (indices >= n)).any():
            raise ValueError(f"{name} = {wanted}: must lie within 0 … {n - 1}.")
        axes.append(indices)
    every = np.arange(len(populations) * math.prod(shape)).reshape(len(populations), *shape)
    return tuple(every[np.ix_(*axes)].ravel().tolist())


def segments(
    perturbations: Iterable[Perturbation],
    shape: tuple[int, int, int],
    *,
    step: float,
    n_steps: int,
    start: float = 0.0,
    populations: Sequence[str] = POPULATIONS,
) -> list[Segment]:
    """Split a run of `n_steps` from time `start` at the edges of all windows; an edge within a step splits the step."""
    perturbations = tuple(perturbations)
    for p in perturbations:
        selected_units(p, shape, populations=populations)
    windows = ((_in_steps(p.window, step=step, n_steps=n_steps, start=start), p) for p in perturbations)
    acting = [(window, p) for window, p in windows if p.acts]  # what does nothing leaves the steps as they are
    edges = sorted({0.0, float(n_steps), *(edge for window, _ in acting for edge in window)})
    found = []
    for first, stop in pairwise(edges):
        here = [p for (a, b), p in acting if a <= first and stop <= b and a < b]
        forces = combined(here, shape, populations=populations)
        found += [Segment(n_steps=n, step=length * step, forces=forces) for n, length in _pieces(first, stop)]
    return found


def _pieces(first: float, stop: float) -> list[tuple[int, float]]:
    """Return (number, length) of the steps from one edge to the next: the rest of a step, whole steps, a part."""
    if math.floor(stop) <= math.floor(first) and first != math.floor(first):
        return [(1, stop - first)]
    whole = math.floor(stop) - math.ceil(first)
    pieces = [(1, math.ceil(first) - first), (whole, 1.0), (1, stop - math.floor(stop))]
    return [(n, length) for n, length in pieces if n > 0 and length > 0]


def combined(
    perturbations: Sequence[Perturbation], shape: tuple[int, int, int], *, populations: Sequence[str] = POPULATIONS
) -> Forces | None:
    """Combine perturbations that act at the same time into one set of forces; None if nothing is perturbed."""
    units = [selected_units(p, shape, populations=populations) for p in perturbations]
    if not perturbations:
        return None
    full = (len(populations), *shape)
    drive, value, scale, held = np.zeros(full), np.zeros(full), np.ones(full), np.zeros(full, bool)
    for p, ids in zip(perturbations, units, strict=True):
        given = 0.0 if p.value is None else np.asarray(p.value)
        if p.mode == "drive":
            np.add.at(drive.reshape(-1), ids, given)
        elif p.mode == "scale":
            np.multiply.at(scale.reshape(-1), ids, given)
        else:
            _hold(held.reshape(-1), value.reshape(-1), ids, given)
    forces = Forces(drive=drive, scale=scale, held=held, value=value)
    return forces if forces.touched.any() else None


def selected_units(
    perturbation: Perturbation, shape: tuple[int, int, int], *, populations: Sequence[str] = POPULATIONS
) -> np.ndarray:
    """Return the ids of a perturbation's units in a circuit of that shape; raises where they do not exist."""
    per_population = math.prod(shape)
    if isinstance(perturbation.units, Targets):
        raise TypeError(
            "Targets are looked up on a model: use model.perturbed(…), or ids from targets.ids(model.units)."
        )
    if isinstance(perturbation.units, str):
        if perturbation.units not in populations:
            raise unknown_name("population", perturbation.units, populations)
        return np.arange(per_population) + list(populations).index(perturbation.units) * per_population
    ids = np.asarray(perturbation.units, dtype=np.int64)
    n_units = per_population * len(populations)
    if ids.size and (ids.max() >= n_units or ids.min() < 0):
        wrong = ids[(ids >= n_units) | (ids < 0)][0]
        raise ValueError(f"unit {wrong} does not exist: this circuit has the units 0 … {n_units - 1}; see unit_ids.")
    return ids


def _checked_ids(units: Iterable[int]) -> tuple[int, ...]:
    ids = np.asarray(tuple(units))
    if ids.size and not np.issubdtype(ids.dtype, np.integer):
        raise TypeError(f"units of type {ids.dtype}: must be integers (see unit_ids) or the name of a population.")
    if ids.size and ids.min() < 0:
        raise ValueError(f"unit {ids.min()}: ids start at 0; see unit_ids.")
    return tuple(ids.astype(np.int64).ravel().tolist())


def _in_steps(window: tuple[float, float], *, step: float, n_steps: int, start: float) -> tuple[float, float]:
    """Return the edges of a window in steps from the start, within the run; on a step where they round to it."""
    edges = []
    for edge in window:
        position = min(max((edge - start) / step, 0.0), float(n_steps))
        nearest = round(position)
        edges.append(float(nearest) if abs(position - nearest) < _EDGE * max(1, n_steps) else position)
    return edges[0], edges[1]


def _hold(held: np.ndarray, value: np.ndarray, ids: np.ndarray, given: np.ndarray | float) -> None:
    given = np.broadcast_to(given, ids.shape)
    other = np.where(held[ids], value[ids], given)
    held[ids], value[ids] = True, given
    other = np.where(other != given, other, value[ids])  # the same unit may be listed twice
    clash = other != given
    if clash.any():
        raise ValueError(
            f"unit {ids[clash][0]} is clamped to {float(other[clash][0])} and {float(given[clash][0])} at once: "
            "separate the windows, or keep one of the two clamps."
        )
