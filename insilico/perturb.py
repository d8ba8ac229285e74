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
_EDGE = 1e-9  # relative: times t_n = n h and the edges of a window are rounded differently


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
        One number, or one per unit id; None with "silence". Scales are >= 0, and clamps where the circuit's activities
        are; those of the linear circuit may be negative.
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
        if not np.isfinite(values).all() or (self.mode == "scale" and (values < 0).any()):
            allowed = "finite and >= 0" if self.mode == "scale" else "finite"
            raise ValueError(f"value = {self.value} with mode {self.mode!r}: must be {allowed}.")
        if values.ndim and (not isinstance(self.units, tuple) or values.shape != (len(self.units),)):
            raise ValueError(f"value has shape {values.shape}: give one number, or exactly one per unit id.")
        object.__setattr__(self, "value", tuple(values.tolist()) if values.ndim else float(values))

    def acts_at(self, time: float) -> bool:
        """Whether the window holds a time, start <= time < stop, edges to their rounding."""
        start, stop = (edge - _EDGE * max(1.0, abs(time)) for edge in self.window)
        return start <= time < stop

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
    populations: Sequence[str] | None = None,
) -> tuple[int, ...]:
    """Return the ids of the units at given rows, columns and channels of a population.

    Parameters
    ----------
    shape
        (y, x, feature): numbers of rows, columns and channels of the circuit.
    population
        Name of the population.
    y, x, feature
        Indices, whole numbers, one or several, each once; None for all.
    populations
        Names of the circuit's populations, in order (`model.circuit.populations`); ("input", "output") if None, for
        which ids of "output" do not exist in a circuit of one population, and those of "input" need the names.

    Raises
    ------
    ValueError, TypeError
        For a population or an index that does not exist, or is there twice, and for what is no whole number, masks
        among them.
    """
    if populations is None and population == POPULATIONS[0]:
        raise ValueError(
            f"population = {population!r}: not every circuit has one. Say which there are, "
            "unit_ids(…, populations=model.circuit.populations)."
        )
    populations = POPULATIONS if populations is None else tuple(populations)
    if population not in populations:
        raise unknown_name("population", population, populations)
    axes = [np.array([populations.index(population)])]
    for name, wanted, n in zip(("y", "x", "feature"), (y, x, feature), shape, strict=True):
        axes.append(np.arange(n) if wanted is None else _indices(name, wanted, n))
    every = np.arange(len(populations) * math.prod(shape)).reshape(len(populations), *shape)
    return tuple(every[np.ix_(*axes)].ravel().tolist())


def _indices(name: str, wanted: int | Sequence[int], n: int) -> np.ndarray:
    """Return indices along one axis; raise for what is no whole number, lies outside, or is there twice."""
    indices = np.atleast_1d(np.asarray(wanted))
    if indices.size == 0:
        raise ValueError(f"{name} = {wanted}: names nobody; give one index or more, or None for all.")
    if indices.dtype == bool:
        raise TypeError(f"{name} is a mask: must be indices, np.flatnonzero(mask).")
    if not np.issubdtype(indices.dtype, np.integer) or indices.ndim != 1:
        raise TypeError(f"{name} = {wanted}: must be a whole number or several, not of type {indices.dtype}.")
    if ((indices < 0) | (indices >= n)).any():
        raise ValueError(f"{name} = {wanted}: must lie within 0 … {n - 1}.")
    if np.unique(indices).size < indices.size:
        raise ValueError(f"{name} = {wanted}: name each index once.")
    return indices


def segments(
    perturbations: Iterable[Perturbation],
    shape: tuple[int, int, int],
    *,
    step: float,
    n_steps: int,
    start: float = 0.0,
    populations: Sequence[str] = POPULATIONS,
    lowest: float = 0.0,
) -> list[Segment]:
    """Split a run of `n_steps` from time `start` at the edges of all windows; an edge within a step splits the step.

    What does nothing (a sham) leaves the steps as they are, and adds its nothing at all times.
    """
    perturbations = tuple(perturbations)
    for p in perturbations:
        selected_units(p, shape, populations=populations, lowest=lowest)
    windows = ((_in_steps(p.window, step=step, n_steps=n_steps, start=start), p) for p in perturbations)
    acting, idle = [(window, p) for window, p in windows if p.acts], [p for p in perturbations if not p.acts]
    edges = sorted({0.0, float(n_steps), *(edge for window, _ in acting for edge in window)})
    found = []
    for first, stop in pairwise(edges):
        here = [p for (a, b), p in acting if a <= first and stop <= b and a < b]
        forces = combined((*here, *idle), shape, populations=populations, lowest=lowest)
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
    perturbations: Sequence[Perturbation],
    shape: tuple[int, int, int],
    *,
    populations: Sequence[str] = POPULATIONS,
    lowest: float = 0.0,
) -> Forces | None:
    """Combine perturbations that act at the same time into one set of forces; None if there are none.

    Perturbations that do nothing amount to forces of nothing: a sham goes the way of what it stands for.
    """
    units = [selected_units(p, shape, populations=populations, lowest=lowest) for p in perturbations]
    if not perturbations:
        return None
    full = (len(populations), *shape)
    drive, value, scale, held = np.zeros(full), np.zeros(full), np.ones(full), np.zeros(full, bool)
    for p, ids in zip(perturbations, units, strict=True):
        given = np.asarray(0.0 if p.value is None else p.value)
        if p.mode == "drive":
            np.add.at(drive.reshape(-1), ids, given)
        elif p.mode == "scale":
            np.multiply.at(scale.reshape(-1), ids, given)
        else:
            _hold(held.reshape(-1), value.reshape(-1), ids, given)
    return Forces(drive=drive, scale=scale, held=held, value=value)


def refuse_conflicts(
    perturbations: Sequence[Perturbation],
    shape: tuple[int, int, int],
    *,
    populations: Sequence[str] = POPULATIONS,
    lowest: float = 0.0,
) -> None:
    """Raise ValueError where perturbations cannot be done together, or not to this circuit, without running it."""
    units = [selected_units(p, shape, populations=populations, lowest=lowest) for p in perturbations]
    holding = [(p, ids) for p, ids in zip(perturbations, units, strict=True) if p.mode in ("clamp", "silence")]
    for start, stop in pairwise(sorted({edge for p, _ in holding for edge in p.window})):
        here = [(p, ids) for p, ids in holding if p.window[0] <= start and stop <= p.window[1]]
        if len(here) > 1:
            n = math.prod(shape) * len(populations)
            held, value = np.zeros(n, dtype=bool), np.zeros(n)
            for p, ids in here:
                _hold(held, value, ids, np.asarray(0.0 if p.value is None else p.value))


def selected_units(
    perturbation: Perturbation,
    shape: tuple[int, int, int],
    *,
    populations: Sequence[str] = POPULATIONS,
    lowest: float = 0.0,
) -> np.ndarray:
    """Return the ids of a perturbation's units in a circuit of that shape; raises for what it cannot be done to.

    Parameters
    ----------
    perturbation
        With ids or the name of a population.
    shape, populations
        (y, x, feature) and the names of the circuit.
    lowest
        Lowest activity that a unit of the circuit can have, and be held at.

    Raises
    ------
    ValueError
        For units that do not exist, and a clamp below the lowest activity.
    """
    held = np.asarray(perturbation.value, dtype=float) if perturbation.mode == "clamp" else np.zeros(0)
    if (held < lowest).any():
        raise ValueError(
            f"value = {held.min():g} with mode 'clamp': must be >= {lowest:g}, as this circuit's activities are."
        )
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
    unique, count = np.unique(ids, return_counts=True)
    if unique.size < ids.size:
        raise ValueError(
            f"unit {unique[count > 1][0]} is listed {count.max()} times: a drive would count as often; list it once."
        )
    return tuple(ids.astype(np.int64).ravel().tolist())


def _in_steps(window: tuple[float, float], *, step: float, n_steps: int, start: float) -> tuple[float, float]:
    """Return the edges of a window in steps from the start, within the run; on a step where they round to it."""
    edges = []
    for edge in window:
        position = min(max((edge - start) / step, 0.0), float(n_steps))
        nearest = round(position)
        edges.append(float(nearest) if abs(position - nearest) < _EDGE * max(1, n_steps) else position)
    return edges[0], edges[1]


def _hold(held: np.ndarray, value: np.ndarray, ids: np.ndarray, given: np.ndarray) -> None:
    given = np.broadcast_to(given, ids.shape)
    other = np.where(held[ids], value[ids], given)
    held[ids], value[ids] = True, given
    clash = other != given
    if clash.any():
        raise ValueError(
            f"unit {ids[clash][0]} is clamped to {float(other[clash][0])} and {float(given[clash][0])} at once: "
            "separate the windows, or keep one of the two clamps."
        )
