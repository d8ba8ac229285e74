"""Contrast response of the unit that prefers the grating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import xarray as xr

from insilico.analysis import fit_naka_rushton
from insilico.comparison import Finding
from insilico.preparation import Preparation
from protocols.base import AbstractProtocol, curve_at, heading
from stimuli import Grating, StimulusSet
from stimuli.doors import door

SEMI_SATURATION = "contrast at half of the saturation, by a Naka-Rushton function"


@door
@dataclass(frozen=True, kw_only=True)
class ContrastResponse(AbstractProtocol):
    """A grating at the centre, at every contrast."""

    name: ClassVar[str] = "contrast_response"
    title: ClassVar[str] = "Contrast response"

    contrasts: tuple[float, ...] = (0.0, 0.02, 0.04, 0.08, 0.12, 0.16, 0.25, 0.35, 0.5, 0.7, 1.0)
    orientation: float = 90.0

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return one grating for each contrast."""
        shared = self.center_grating(preparation)
        return StimulusSet.grid(
            lambda contrast: Grating(orientation=self.orientation, contrast=contrast, **shared),
            contrast=self.contrasts,
        )

    def curve(self, responses: xr.Dataset, variable: str = "response") -> xr.DataArray:
        """Return the contrast response of the unit that prefers the grating, dims (contrast,)."""
        return curve_at(self.checked(responses)[variable], self.orientation, along=("contrast",))

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the Naka-Rushton fit."""
        curve = self.curve(responses)
        fit = fit_naka_rushton(curve)
        at = {float(c): float(r) for c, r in zip(curve["contrast"].values, curve.values, strict=True)}
        half = at[0.5] / at[1.0] if {0.5, 1.0} <= set(at) and at[1.0] else float("nan")
        return [
            Finding(name="c50", value=fit.c50, unit="1", note=fit.undetermined or SEMI_SATURATION),
            Finding(name="exponent", value=fit.n, unit="1", note="n of the Naka-Rushton function"),
            Finding(name="naka_rushton_r2", value=fit.r2, unit="1"),
            Finding(
                name="half_contrast_over_full", value=half, unit="1", note="response at contrast 0.5 over that at 1"
            ),
        ]

    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of response and drive, each relative to its largest value."""
        from insilico import plotting

        curves = {name: self.curve(responses, name) for name in ("response", "drive")}
        relative = {name: curve / float(curve.max()) for name, curve in curves.items() if float(curve.max()) > 0}
        return plotting.lines(
            relative, along="contrast", title=heading(responses), ylabel="response / largest response"
        )
