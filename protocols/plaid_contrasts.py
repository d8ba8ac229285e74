"""Two superimposed gratings at all pairs of contrast (Busse, Wade & Carandini 2009)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from scipy import signal

from insilico.analysis import weighted_sum
from insilico.comparison import Finding
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from protocols.response_table import AbstractResponseTable
from protocols.table import paired
from stimuli import Plaid, StimulusSet
from stimuli.doors import door

CONTRASTS = (0.0, 0.06, 0.12, 0.25, 0.5)


@door
@dataclass(frozen=True, kw_only=True)
class PlaidContrasts(AbstractResponseTable):
    """Gratings at 0 and 90 deg, five contrasts each, in one aperture; the population's response by preference."""

    name: ClassVar[str] = "busse2009"
    title: ClassVar[str] = "Plaids of unequal contrast (Busse, Wade & Carandini 2009)"
    table: ClassVar[str] = "busse2009"
    conditions: ClassVar[tuple[str, ...]] = ("contrast_1", "contrast_2")
    layout: ClassVar[Mapping[str, Any]] = {
        "rows": "contrast_1",
        "columns": "contrast_2",
        "x": "preferred_orientation",
    }

    contrasts: tuple[float, ...] = CONTRASTS

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return all pairs of contrast."""
        shared = self.center_grating(preparation)

        def plaid(contrast_1: float, contrast_2: float) -> Plaid:
            return Plaid(
                orientation=0,
                mask_orientation=90,
                contrast=contrast_1,
                mask_contrast=contrast_2,
                mask_phase=self.phase,
                **shared,
            )

        return StimulusSet.grid(plaid, contrast_1=self.contrasts, contrast_2=self.contrasts)

    def preferences(self, reference: ReferenceData) -> np.ndarray:
        """Return the bins of the population response."""
        return reference.values["preferred_orientation"].values

    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the drive, the linear sum of the model's own single gratings, or its winner takes all."""
        if name == "feedforward":
            return self.predict(column, "drive")
        c1, c2 = (reference.values[key].values for key in self.conditions)
        first = self.predict(column, contrast_2=np.zeros_like(c2))
        second = self.predict(column, contrast_1=np.zeros_like(c1))
        if name == "linear_sum":
            return first + second
        tie = first + second if name == "winner_take_all" else (first + second) / 2
        return np.where(c1 > c2, first, np.where(c2 > c1, second, tie))

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the plaid weights, and the per-panel score of earlier work."""
        column = self.checked(responses)
        earlier = per_panel_squared_correlation(column["response"], self.reference)
        note = "score of earlier work: the mean over panels of r², gain and offset free in each"
        score = Finding(name="per_panel_squared_correlation", value=earlier, unit="1", note=note)
        return [*super().findings(responses), score]

    def table_findings(self, prediction: np.ndarray, reference: ReferenceData) -> list[Finding]:
        """Return the weights of the two components in each plaid: least squares, on the model and on the data."""
        of_model, of_data = _panels(prediction, reference), _panels(reference.values.values, reference)
        weights = []
        for c1, c2 in of_data:
            if c1 == 0 or c2 == 0:
                continue
            model = weighted_sum(of_model[c1, c2], of_model[c1, 0], of_model[0, c2])
            data = weighted_sum(of_data[c1, c2], of_data[c1, 0], of_data[0, c2])
            label = f"{100 * c1:g}_{100 * c2:g}"
            shown = f"in the plaid of contrast {100 * c1:g} % at 0° and {100 * c2:g} % at 90°"
            for which, angle, m, d in zip(("w1", "w2"), (0, 90), model, data, strict=True):
                note = f"weight of the grating at {angle}° {shown}: least squares over the population"
                weights.append(Finding(name=f"{which}_{label}", value=m, unit="1", data=d, note=note))
        note = "rms difference between the weights of the model and of the data, over all plaids"
        return [paired(weights, name="plaid_weights_rms_error", unit="1", note=note), *weights]


@door
def per_panel_squared_correlation(response: xr.DataArray, reference: ReferenceData) -> float:
    """Return the score of earlier work: mean over panels of the squared correlation, gain and offset free in each.

    The 12 bins and their first one repeated are resampled by FFT to the number of channels, from −45 to 135 deg
    (Mély, Linsley & Serre 2018, public code). A model without any normalization reaches 0.9 by it: do not read it as
    a goodness of fit. The blank panel is left out.

    Parameters
    ----------
    response
        Dims (stimulus, unit): all channels of one column, evenly spaced from −45 deg on; NaN for others.
    reference
        The table of Busse et al. 2009.
    """
    response = response.transpose("stimulus", "unit").sortby("preferred_orientation")
    values, preferred = response.values, response["preferred_orientation"].values
    if preferred[0] != -45 or not np.allclose(np.diff(preferred), preferred[1] - preferred[0]):
        return float("nan")  # the score is defined on evenly spaced channels from −45 deg on
    if abs(preferred[-1] - preferred[0] - 180) > 1e-6:  # close the circle where the channels do not
        values = np.concatenate([values, values[:, :1]], axis=1)
    panels = _panels(reference.values.values, reference)
    scores = []
    for (c1, c2), data in panels.items():
        if c1 == c2 == 0:
            continue
        shown = np.isclose(response["contrast_1"], c1) & np.isclose(response["contrast_2"], c2)
        model = values[int(np.argmax(shown))]
        resampled = signal.resample(np.append(data, data[0]), values.shape[1])
        if np.ptp(model) == 0:
            scores.append(0.0)
            continue
        scores.append(float(np.corrcoef(resampled, model)[0, 1] ** 2))
    return float(np.mean(scores))


def _panels(values: np.ndarray, reference: ReferenceData) -> dict[tuple[float, float], np.ndarray]:
    c1, c2 = reference.values["contrast_1"].values, reference.values["contrast_2"].values
    pairs = dict.fromkeys(zip(c1.tolist(), c2.tolist(), strict=True))
    return {(a, b): values[(c1 == a) & (c2 == b)] for a, b in pairs}
