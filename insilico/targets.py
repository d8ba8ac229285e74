"""Which units a perturbation reaches, said in words that hold on any sheet: population, tuning, place, a fraction.

Ids are positions in a circuit's arrays and mean other units on another sheet; targets are looked up on the sheet that
an experiment uses.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from insilico.features import feature_named
from stimuli.doors import door
from stimuli.errors import unknown_name

BOTH = ("input", "output")


def refuse_off_sheet(name: str, place: tuple[float, float], x: np.ndarray, y: np.ndarray) -> None:
    """Raise ValueError where a place, degrees, is more than half a cell outside of the units at x, y."""
    at_x, at_y = place
    pitch = min((np.diff(np.unique(axis)).min() for axis in (x, y) if np.unique(axis).size > 1), default=np.inf)
    outside = max(x.min() - at_x, at_x - x.max(), y.min() - at_y, at_y - y.max())
    if outside > pitch / 2:
        raise ValueError(
            f"{name} = {place} deg lies off the sheet, which reaches from ({x.min():g}, {y.min():g}) to "
            f"({x.max():g}, {y.max():g})."
        )


def offsets(place: tuple[float, float], units: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return how far units lie from a place along x and y, in degrees; the shorter way round a periodic sheet."""
    found = []
    for name, at in zip(("unit_x", "unit_y"), place, strict=True):
        offset, period = units[name].values - at, units[name].attrs.get("period")
        found.append(offset if period is None else (offset + period / 2) % period - period / 2)
    return found[0], found[1]


@door
@dataclass(frozen=True, kw_only=True)
class Targets:
    """Units by what they are; the conditions are joined by "and".

    Parameters
    ----------
    populations
        Names of populations, one or several.
    preferred, within
        Preferred value of the feature, and the largest distance from it, both in the feature's unit; round the circle
        where the feature is circular. None takes all.
    position, radius, beyond
        (x, y) in degrees, the largest distance from it and the distance that must be exceeded, in degrees, round a
        periodic sheet the shorter way; a radius of 0 takes the nearest cell. None takes all places.
    fraction, seed
        Share of these units that is taken at random, 0 < fraction <= 1, and the seed of the draw.
    """

    populations: tuple[str, ...] = ("output",)
    preferred: float | None = None
    within: float = 0.0
    position: tuple[float, float] | None = None
    radius: float = 0.0
    beyond: float | None = None
    fraction: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        names = (self.populations,) if isinstance(self.populations, str) else tuple(self.populations)
        object.__setattr__(self, "populations", names)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"populations = {names}: name one or more, each once.")
        for name in ("within", "radius"):
            value = float(getattr(self, name))
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name} = {value}: must be 0 or more.")
        for name, needed, given, default in (
            ("within", "preferred", self.within != 0, self.preferred is None),
            ("radius", "position", self.radius != 0, self.position is None),
            ("beyond", "position", self.beyond is not None, self.position is None),
            ("seed", "fraction < 1", self.seed != 0, self.fraction == 1),
        ):
            if given and default:
                raise ValueError(
                    f"{name} = {getattr(self, name)} says nothing without {needed}: give both, or neither."
                )
        if self.beyond is not None and not 0 <= self.beyond < self.radius:
            raise ValueError(f"beyond = {self.beyond}: must be 0 or more and below radius = {self.radius}.")
        if self.seed != int(self.seed) or self.seed < 0:
            raise ValueError(f"seed = {self.seed}: must be a whole number of 0 or more.")
        if not 0 < self.fraction <= 1:
            raise ValueError(f"fraction = {self.fraction}: must be > 0 and <= 1.")
        if self.preferred is not None and not np.isfinite(float(self.preferred)):
            raise ValueError(f"preferred = {self.preferred}: must be finite.")
        if self.position is not None:
            place = tuple(float(v) for v in self.position)
            if len(place) != 2 or not np.isfinite(place).all():
                raise ValueError(f"position = {self.position}: must be (x, y) in degrees.")
            object.__setattr__(self, "position", place)

    def ids(self, units: xr.Dataset) -> tuple[int, ...]:
        """Return the ids of the units that are meant.

        Parameters
        ----------
        units
            All units of a model (`model.units`).

        Raises
        ------
        ValueError
            If a population does not exist, the position lies off the sheet, or no unit is left.
        """
        population = units["population"].values
        for name in self.populations:
            if name not in population:
                raise unknown_name("population", name, {str(p) for p in population})
        chosen = np.isin(population, self.populations)
        if self.position is not None:
            chosen &= self._near(units)
        if self.preferred is not None:
            chosen &= self._tuned(units)
        found = units["unit"].values[chosen]
        if not found.size:
            said = ", ".join(f"{f.name} = {getattr(self, f.name)}" for f in fields(self) if self._is_said(f.name))
            raise ValueError(
                f"{said}: no unit is all that. Widen `within` or `radius`, or choose a preference that exists."
            )
        if self.fraction < 1:
            n = max(1, round(self.fraction * found.size))
            found = np.sort(np.random.default_rng(self.seed).choice(found, size=n, replace=False))
        return tuple(int(i) for i in found)

    def _is_said(self, name: str) -> bool:
        return bool(getattr(self, name) != getattr(Targets(), name)) or name == "populations"

    def _near(self, units: xr.Dataset) -> np.ndarray:
        place = self.position or (0.0, 0.0)
        refuse_off_sheet("position", place, units["unit_x"].values, units["unit_y"].values)
        distance = np.hypot(*offsets(place, units))
        near = distance <= max(self.radius, float(distance.min())) * (1 + 1e-9)
        return near if self.beyond is None else near & (distance > self.beyond * (1 + 1e-9))

    def _tuned(self, units: xr.Dataset) -> np.ndarray:
        [name] = [str(n) for n in units.coords if str(n).startswith("preferred_")]
        period = feature_named(name.removeprefix("preferred_")).period
        difference = units[name].values - (self.preferred or 0.0)
        if period is not None:
            difference = (difference + period / 2) % period - period / 2
        nearest = float(np.abs(difference).min())
        return np.abs(difference) <= max(self.within, nearest if self.within == 0 else 0.0) + 1e-9
