"""Suppression by a surround of any orientation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.comparison import Finding
from insilico.preparation import Preparation
from protocols.base import AbstractProtocol, curve_at, heading
from stimuli import CenterSurround, Grating, StimulusSet
from stimuli.doors import door

RELATIVE = "over the response to the centre alone"
INDEX = "(orthogonal − matched) / (orthogonal + matched)"


@door
@dataclass(frozen=True, kw_only=True)
class SurroundOrientation(AbstractProtocol):
    """The preferred grating at the centre, alone and inside a surround at every orientation."""

    name: ClassVar[str] = "surround_orientation"
    title: ClassVar[str] = "Orientation tuning of the surround"
    has_surround: ClassVar[bool] = True
    assumed_contrasts: ClassVar[tuple[str, ...]] = ("contrast", "surround_contrast")

    orientations: tuple[float, ...] = tuple(float(angle) for angle in range(0, 180, 15))
    center_orientation: float = 90.0
    contrast: float = 1.0
    surround_contrast: float = 1.0

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return the centre alone, then in each surround."""
        center = Grating(
            orientation=self.center_orientation, contrast=self.contrast, **self.center_grating(preparation)
        )

        def configuration(surround_orientation: float | None) -> Grating | CenterSurround:
            if surround_orientation is None:
                return center
            surround = Grating(
                orientation=surround_orientation,
                contrast=self.surround_contrast,
                **self.surround_grating(preparation),
            )
            return CenterSurround(center=center, surround=surround, gap=preparation.gap)

        surrounds: list[float | None] = [None, *self.orientations]
        return StimulusSet.grid(configuration, surround_orientation=surrounds)

    def curve(self, responses: xr.Dataset) -> xr.DataArray:
        """Return the response in each surround over that to the centre alone, dims (surround_orientation,)."""
        curve = curve_at(self.checked(responses)["response"], self.center_orientation, along=("surround_orientation",))
        with_surround = curve.isel(surround_orientation=np.isfinite(curve["surround_orientation"].values))
        alone = float(curve.isel(surround_orientation=~np.isfinite(curve["surround_orientation"].values)).item())
        relative = with_surround / alone if alone else with_surround * np.nan
        relative["surround_orientation"].attrs = curve["surround_orientation"].attrs
        return relative

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the response in a matched and in an orthogonal surround, and the strength of the tuning."""
        curve = self.curve(responses)
        angle = curve["surround_orientation"].values - self.center_orientation
        distance = np.abs((angle + 90) % 180 - 90)
        matched, orthogonal = (_shown(curve.values, distance, wanted) for wanted in (0.0, 90.0))
        index = (orthogonal - matched) / (orthogonal + matched) if orthogonal + matched else float("nan")
        return [
            Finding(name="response_in_matched_surround", value=matched, unit="1", note=RELATIVE),
            Finding(name="response_in_orthogonal_surround", value=orthogonal, unit="1", note=RELATIVE),
            Finding(name="contextual_modulation_index", value=index, unit="1", note=INDEX),
        ]

    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of the response in each surround over that to the centre alone."""
        from insilico import plotting

        return plotting.lines(
            {"response": self.curve(responses)},
            along="surround_orientation",
            title=heading(responses),
            ylabel="response / response to the centre alone",
        )


def _shown(values: np.ndarray, distance: np.ndarray, wanted: float) -> float:
    """Return the response at a distance in orientation, NaN where it was not shown."""
    at = np.flatnonzero(np.abs(distance - wanted) < 1e-9)
    return float(values[at[0]]) if at.size else float("nan")
