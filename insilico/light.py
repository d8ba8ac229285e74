"""Light through an opsin: power at a spot becomes a saturating drive, on the cells that the beam reaches.

    p = Σ_spots power · exp(−d² / 2 lateral²) · exp(−z² / 2 axial²)      power that reaches a cell
    drive = strength · pⁿ / (half_powerⁿ + pⁿ)                           negative strength: an inhibitory opsin

d  distance in the sheet, round a periodic one the shorter way
z  depth of the focus below (or above) the cells     n  1 for one photon, 2 for two
Powers of all lights on one opsin add before they saturate: two beams of half the power at one spot are one beam.
The form is the usual saturation of a photocurrent; its numbers are the user's, none is taken from a measured opsin.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import xarray as xr
from scipy.special import expit

from insilico.perturb import Perturbation
from insilico.targets import Targets, offsets, refuse_off_sheet
from stimuli.doors import door

MOST_PULSES = 10_000


@door
@dataclass(frozen=True, kw_only=True)
class Opsin:
    """An opsin and who expresses it.

    Parameters
    ----------
    strength
        Drive at saturating power, in units of the circuit's drive; negative for an inhibitory opsin.
    half_power
        Power at a cell that gives half of it, mW, > 0.
    exponent
        1 for one-photon, 2 for two-photon excitation, > 0.
    expressed
        Units that carry it; those without are never driven.
    """

    strength: float = 1.0
    half_power: float = 1.0
    exponent: float = 1.0
    expressed: Targets = field(default_factory=Targets)

    def __post_init__(self) -> None:
        if not np.isfinite(self.strength):
            raise ValueError(f"strength = {self.strength}: must be finite.")
        for name in ("half_power", "exponent"):
            if not (np.isfinite(float(getattr(self, name))) and getattr(self, name) > 0):
                raise ValueError(f"{name} = {getattr(self, name)}: must be > 0.")

    def drive_at(self, power: np.ndarray) -> np.ndarray:
        """Return the drive at powers in mW, >= 0; same shape.

        In the form strength / (1 + exp(−n ln(power / half_power))), which no power and no exponent makes overflow.
        """
        with np.errstate(divide="ignore"):  # without power, −inf and no drive
            return self.strength * expit(self.exponent * (np.log(power) - math.log(self.half_power)))


@door
@dataclass(frozen=True, kw_only=True)
class Light:
    """Beams of light on the sheet during a window of time.

    Parameters
    ----------
    spots
        (x, y) of each beam in degrees.
    power
        Of each beam, mW, >= 0; one number or one per spot.
    opsin
        What the light acts through.
    lateral
        Standard deviation of the beam in the sheet, degrees; > 0.
    axial, depth
        Standard deviation of the beam along its axis, and the distance of its focus from the cells, in one unit.
    window
        (start, stop) in the circuit's unit of time.
    """

    spots: tuple[tuple[float, float], ...]
    power: float | tuple[float, ...]
    opsin: Opsin = field(default_factory=Opsin)
    lateral: float = 0.25
    axial: float = 1.0
    depth: float = 0.0
    window: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        spots = tuple((float(x), float(y)) for x, y in self.spots)
        if not spots or not np.isfinite(spots).all():
            raise ValueError(f"spots = {self.spots}: must be one or more (x, y) in degrees, finite.")
        powers = np.asarray(self.power, dtype=float)
        if powers.ndim and powers.shape != (len(spots),):
            raise ValueError(
                f"power has {powers.size} values for {len(spots)} spots: give one number, or one per spot."
            )
        if not ((powers >= 0).all() and math.isfinite(float(powers.max(initial=0.0)) * len(spots))):
            raise ValueError(f"power = {self.power}: must be 0 or more, and finite in sum.")
        for name in ("lateral", "axial"):
            if not (np.isfinite(float(getattr(self, name))) and getattr(self, name) > 0):
                raise ValueError(f"{name} = {getattr(self, name)}: must be > 0.")
        if not np.isfinite(self.depth):
            raise ValueError(f"depth = {self.depth}: must be finite.")
        object.__setattr__(self, "spots", spots)
        object.__setattr__(self, "power", tuple(np.broadcast_to(powers, len(spots)).tolist()))
        Perturbation(units=(), mode="drive", value=0.0, window=self.window)  # checks the window

    def power_at(self, units: xr.Dataset) -> np.ndarray:
        """Return the power that reaches units of a model (`model.units`), mW, shape (n_units,)."""
        reached = np.zeros(units.sizes["unit"])
        in_focus = math.exp(-(self.depth**2) / (2 * self.axial**2))
        for spot, power in zip(self.spots, np.atleast_1d(self.power), strict=True):
            along_x, along_y = offsets(spot, units)
            reached = reached + power * in_focus * np.exp(-(along_x**2 + along_y**2) / (2 * self.lateral**2))
        return reached


def as_perturbations(lights: Sequence[Light], units: xr.Dataset) -> list[Perturbation]:
    """Return the drives that lights amount to on the units of a model (`model.units`).

    Lights on the same opsin add their powers wherever their windows overlap. A spot off the sheet raises ValueError.
    """
    found = []
    for light in lights:
        for spot in light.spots:
            refuse_off_sheet("spot", spot, units["unit_x"].values, units["unit_y"].values)
    for opsin in dict.fromkeys(light.opsin for light in lights):
        own = [light for light in lights if light.opsin == opsin]
        ids = np.asarray(opsin.expressed.ids(units))
        carriers = units.isel(unit=ids)
        for (start, stop), acting in _pieces(own):
            drive = opsin.drive_at(sum((light.power_at(carriers) for light in acting), np.zeros(ids.size)))
            lit = np.abs(drive) > 1e-12 * abs(opsin.strength)
            lit |= not lit.any()  # without power, all that could be lit are driven by 0
            found.append(
                Perturbation(
                    units=tuple(ids[lit].tolist()), mode="drive", value=tuple(drive[lit]), window=(start, stop)
                )
            )
    return found


@door
def pulses(*, start: float, width: float, period: float, n: int) -> tuple[tuple[float, float], ...]:
    """Return the windows of a train of n pulses, `width` < `period`, in the circuit's unit of time."""
    if not 1 <= n < math.inf or n != int(n) or not 0 < width < period:
        raise ValueError(f"n = {n}, width = {width}, period = {period}: need a whole n >= 1, 0 < width < period.")
    if n > MOST_PULSES:
        raise ValueError(
            f"n = {n}: a run is split at both edges of every pulse, and {MOST_PULSES} pulses are the most. Lower n, or "
            "drive throughout."
        )
    return tuple((start + i * period, start + i * period + width) for i in range(int(n)))


def _pieces(lights: Iterable[Light]) -> list[tuple[tuple[float, float], list[Light]]]:
    """Return the stretches of time in which the same lights act, with these lights."""
    lights = list(lights)
    edges = sorted({edge for light in lights for edge in light.window})
    found = []
    for start, stop in pairwise(edges):
        acting = [light for light in lights if light.window[0] <= start and stop <= light.window[1]]
        if acting:
            found.append(((start, stop), acting))
    return found
