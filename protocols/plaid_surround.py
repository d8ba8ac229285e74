"""Plaids, alone and inside a surround that matches one component (Trott & Born 2015)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import vector_average
from insilico.comparison import Finding
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from protocols.response_table import AbstractResponseTable
from protocols.table import paired
from stimuli import CenterSurround, Grating, Plaid, StimulusSet
from stimuli.doors import door

ORIENTATIONS = (-90.0, -60.0, -30.0, 0.0, 30.0, 60.0)
WORDS = {"alone": "alone", "surrounded": "inside a surround like the second component"}


@door
@dataclass(frozen=True, kw_only=True)
class PlaidSurround(AbstractResponseTable):
    """A plaid of components at 0 deg and at `component_2_orientation`, alone or in a surround like component 2."""

    name: ClassVar[str] = "trott_born2015_plaid"
    title: ClassVar[str] = "Plaids with and without a surround (Trott & Born 2015)"
    table: ClassVar[str] = "trott_born2015_plaid"
    has_surround: ClassVar[bool] = True
    assumed_contrasts: ClassVar[tuple[str, ...]] = ("component_contrast", "surround_contrast")
    conditions: ClassVar[tuple[str, ...]] = ("component_2_orientation", "surround_orientation")
    layout: ClassVar[Mapping[str, Any]] = {
        "rows": "surround",
        "columns": "component_2_orientation",
        "x": "preferred_orientation",
    }

    orientations: tuple[float, ...] = ORIENTATIONS
    component_contrast: float = 0.5
    surround_contrast: float = 1.0

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return all plaids alone, then all inside their surround."""

        def plaid(component_2_orientation: float) -> Plaid:
            return Plaid(
                orientation=0,
                mask_orientation=component_2_orientation,
                contrast=self.component_contrast,
                mask_contrast=self.component_contrast,
                mask_phase=self.phase,
                **self.center_grating(preparation),
            )

        def surrounded(component_2_orientation: float, surround_orientation: float | None) -> CenterSurround | Plaid:
            center = plaid(component_2_orientation)
            if surround_orientation is None:
                return center
            surround = Grating(
                orientation=surround_orientation,
                contrast=self.surround_contrast,
                **self.surround_grating(preparation),
            )
            return CenterSurround(center=center, surround=surround, gap=preparation.gap)

        angles = list(self.orientations)
        none: list[float | None] = [None] * len(angles)
        return StimulusSet.zip(surrounded, component_2_orientation=angles + angles, surround_orientation=none + angles)

    def preferences(self, reference: ReferenceData) -> np.ndarray:
        """Return the bins of the population response."""
        return reference.values["preferred_orientation"].values

    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the drive, or the response to the plaid alone in place of that with its surround."""
        if name == "feedforward":
            return self.predict(column, "drive")
        surround = reference.values["surround_orientation"].values
        return self.predict(column, surround_orientation=np.full_like(surround, np.nan))

    def table_findings(self, prediction: np.ndarray, reference: ReferenceData) -> list[Finding]:
        """Return the decoded orientation of each plaid: vector average over the six bins, model and data alike."""
        model, data = _decoded(prediction, reference), _decoded(reference.values.values, reference)
        shifts = [
            Finding(
                name=f"decoded_{condition}_{angle:g}",
                value=model[condition, angle],
                unit="deg",
                data=value,
                note=f"orientation decoded from the plaid of 0° and {angle:g}°, {WORDS[condition]}",
            )
            for (condition, angle), value in data.items()
            if angle != -90  # orthogonal components: their average means nothing
        ]
        note = "rms difference between what is decoded from the model and from the data, over all plaids"
        return [paired(shifts, name="decoded_rms_error", unit="deg", note=note), *shifts]


def _decoded(values: np.ndarray, reference: ReferenceData) -> dict[tuple[str, float], float]:
    table = reference.values
    angle, surround = table["component_2_orientation"].values, table["surround_orientation"].values
    decoded = {}
    for condition, here in (("alone", np.isnan(surround)), ("surrounded", ~np.isnan(surround))):
        for a in np.unique(angle):
            rows = here & (angle == a)
            bins = table["preferred_orientation"].values[rows]
            response = xr.DataArray(values[rows], dims="preferred", coords={"preferred": bins})
            decoded[condition, float(a)] = float(vector_average(response, "preferred"))
    return decoded
