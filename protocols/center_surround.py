"""All pairs of centre and surround orientation (Trott & Born 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.comparison import Finding
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from protocols.response_table import AbstractResponseTable
from stimuli import CenterSurround, Grating, StimulusSet
from stimuli.doors import door

ORIENTATIONS = (-90.0, -60.0, -30.0, 0.0, 30.0, 60.0)


@door
@dataclass(frozen=True, kw_only=True)
class CenterSurroundMatrix(AbstractResponseTable):
    """A centre grating at each orientation, alone and in a surround at each; the unit that prefers 0 deg."""

    name: ClassVar[str] = "trott_born2015_matrix"
    title: ClassVar[str] = "Centre and surround orientation (Trott & Born 2015)"
    table: ClassVar[str] = "trott_born2015_matrix"
    has_surround: ClassVar[bool] = True
    assumed_contrasts: ClassVar[tuple[str, ...]] = ("contrast", "surround_contrast")
    conditions: ClassVar[tuple[str, ...]] = ("center_orientation", "surround_orientation")
    layout: ClassVar[Mapping[str, Any]] = {
        "rows": None,
        "columns": "center_orientation",
        "x": "surround_orientation",
    }

    orientations: tuple[float, ...] = ORIENTATIONS
    contrast: float = 1.0
    surround_contrast: float = 1.0

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return each centre alone and in each surround."""

        def configuration(center_orientation: float, surround_orientation: float | None) -> Grating | CenterSurround:
            center = Grating(orientation=center_orientation, contrast=self.contrast, **self.center_grating(preparation))
            if surround_orientation is None:
                return center
            surround = Grating(
                orientation=surround_orientation,
                contrast=self.surround_contrast,
                **self.surround_grating(preparation),
            )
            return CenterSurround(center=center, surround=surround, gap=preparation.gap)

        surrounds: list[float | None] = [None, *self.orientations]
        return StimulusSet.grid(configuration, center_orientation=self.orientations, surround_orientation=surrounds)

    def preferences(self, reference: ReferenceData) -> np.ndarray:
        """Return 0 throughout: orientations of the table are relative to the neuron's preference."""
        return np.zeros(reference.values.size)

    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the drive, the centre alone, or the centre alone with one gain for all surrounds.

        The last one has two columns: a gain for the points with, and one for those without a surround.
        """
        if name == "feedforward":
            return self.predict(column, "drive")
        surround = reference.values["surround_orientation"].values
        alone = self.predict(column, surround_orientation=np.full_like(surround, np.nan))
        if name == "no_surround":
            return alone
        without = np.isnan(surround)
        return np.stack([np.where(without, alone, 0), np.where(without, 0, alone)], axis=1)

    def table_findings(self, prediction: np.ndarray, reference: ReferenceData) -> list[Finding]:
        """Return the response to the preferred centre in each surround over that without, model and data alike."""
        model, data = _ratios(prediction, reference), _ratios(reference.values.values, reference)
        return [
            Finding(
                name=f"suppression_ratio_{angle:g}",
                value=model[angle],
                unit="1",
                data=value,
                note=f"response to the preferred centre in a surround at {angle:g}°, over that to the centre alone",
            )
            for angle, value in data.items()
        ]


def _ratios(values: np.ndarray, reference: ReferenceData) -> dict[float, float]:
    center = reference.values["center_orientation"].values == 0
    surround = reference.values["surround_orientation"].values
    alone = float(values[center & np.isnan(surround)][0])
    at = {float(a): float(values[center & (surround == a)][0]) for a in surround[center & ~np.isnan(surround)]}
    return {angle: value / alone if alone else float("nan") for angle, value in at.items()}
