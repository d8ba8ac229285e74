"""Orientation tuning of the unit that prefers vertical bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import xarray as xr

from insilico.analysis import circular_variance, fit_von_mises
from insilico.comparison import Finding
from insilico.preparation import Preparation
from protocols.base import AbstractProtocol, curve_at, heading
from stimuli import Grating, StimulusSet
from stimuli.doors import door

VARIANCE = "0: answers one orientation only, 1: untuned (Ringach, Shapley & Hawken 2002)"


@door
@dataclass(frozen=True, kw_only=True)
class OrientationTuning(AbstractProtocol):
    """A grating at the centre, at every orientation."""

    name: ClassVar[str] = "orientation_tuning"
    title: ClassVar[str] = "Orientation tuning"
    assumed_contrasts: ClassVar[tuple[str, ...]] = ("contrast",)

    orientations: tuple[float, ...] = tuple(float(angle) for angle in range(0, 180, 10))
    contrast: float = 1.0
    preferred: float = 90.0

    def __post_init__(self) -> None:
        if not self.contrast > 0:
            raise ValueError(f"contrast = {self.contrast}: must be above 0; a blank has no tuning.")

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return one grating for each orientation."""
        shared = self.center_grating(preparation)
        return StimulusSet.grid(
            lambda orientation: Grating(orientation=orientation, contrast=self.contrast, **shared),
            orientation=self.orientations,
        )

    def curve(self, responses: xr.Dataset, variable: str = "response") -> xr.DataArray:
        """Return the tuning curve of the unit with the stated preference, dims (orientation,)."""
        return curve_at(self.checked(responses)[variable], self.preferred, along=("orientation",))

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the von Mises fit and the circular variance of the tuning curve, and of the drive's."""
        found = []
        for label, variable in (("", "response"), ("drive_", "drive")):
            curve = self.curve(responses, variable)
            fit = fit_von_mises(curve)
            found += [
                Finding(name=f"{label}preferred_orientation", value=fit.preferred, unit="deg"),
                Finding(name=f"{label}half_width_at_half_height", value=fit.half_width, unit="deg"),
                Finding(name=f"{label}von_mises_r2", value=fit.r2, unit="1"),
                _variance(f"{label}circular_variance", curve),
            ]
        return found

    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of response and drive, each relative to its largest value."""
        from insilico import plotting

        curves = {name: self.curve(responses, name) for name in ("response", "drive")}
        relative = {name: curve / float(curve.max()) for name, curve in curves.items() if float(curve.max()) > 0}
        for name, curve in relative.items():
            curve["orientation"].attrs = curves[name]["orientation"].attrs
        return plotting.lines(
            relative, along="orientation", title=heading(responses), ylabel="response / largest response"
        )


def _variance(name: str, curve: xr.DataArray) -> Finding:
    """Return the circular variance; NaN, with the reason, where orientations or responses do not define it."""
    try:
        return Finding(name=name, value=float(circular_variance(curve)), unit="1", note=VARIANCE)
    except ValueError as error:
        return Finding(name=name, value=float("nan"), unit="1", note=str(error))
