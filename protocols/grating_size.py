"""Size tuning at several contrasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import preferred_size, summation_size, suppression_index, unimodal
from insilico.comparison import Finding
from insilico.preparation import Preparation
from protocols.base import AbstractProtocol, curve_at, heading, recorded_position
from stimuli import Grating, StimulusSet
from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class SizeTuning(AbstractProtocol):
    """A grating at every size and contrast.

    Parameters
    ----------
    contrasts
        Michelson contrasts.
    diameters
        Degrees; odd numbers of cells from 1 to 33 where they are not given.
    orientation
        Of the grating, and preference of the unit that is read, degrees.
    low_contrast, high_contrast
        Contrasts between which the shift of summation is measured, both among `contrasts`; None takes the lowest (but
        0) and the highest of them.
    """

    name: ClassVar[str] = "size_tuning"
    title: ClassVar[str] = "Size tuning"

    contrasts: tuple[float, ...] = (0.06, 0.12, 0.25, 0.5, 1.0)
    diameters: tuple[float, ...] | None = None
    orientation: float = 90.0
    low_contrast: float | None = None
    high_contrast: float | None = None

    def __post_init__(self) -> None:
        for name in ("low_contrast", "high_contrast"):
            value = getattr(self, name)
            if value is not None and value not in self.contrasts:
                raise ValueError(f"{name} = {value}: must be one of the contrasts shown, {self.contrasts}, or None.")
        low, high = self.extremes
        if (self.low_contrast, self.high_contrast) != (None, None) and not low < high:
            raise ValueError(f"low_contrast = {low:g}, high_contrast = {high:g}: the first must be the lower one.")

    @property
    def extremes(self) -> tuple[float, float]:
        """The contrasts between which the shift of summation is measured, low and high."""
        shown = [c for c in self.contrasts if c > 0] or [0.0]
        low = min(shown) if self.low_contrast is None else self.low_contrast
        return low, max(shown) if self.high_contrast is None else self.high_contrast

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return one grating for each contrast and diameter."""
        shared = self.center_grating(preparation)
        return StimulusSet.grid(
            lambda contrast, diameter: Grating(
                orientation=self.orientation,
                contrast=contrast,
                **{**shared, "diameter": diameter, "position": recorded_position(preparation)},
            ),
            contrast=self.contrasts,
            diameter=self.sizes(preparation),
        )

    def sizes(self, preparation: Preparation) -> tuple[float, ...]:
        """Return the diameters in degrees."""
        if self.diameters is not None:
            return self.diameters
        sheet = preparation.sheet
        return tuple(n * sheet.pitch for n in range(1, min(34, min(sheet.shape) + 1), 2))

    def curves(self, responses: xr.Dataset) -> xr.DataArray:
        """Return the size tuning of the unit that prefers the grating, dims (contrast, diameter)."""
        return curve_at(self.checked(responses)["response"], self.orientation, along=("contrast", "diameter"))

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the suppression index, the shifts of summation, and the measures at each contrast.

        `summation_shift_95` and `summation_shift_peak` are ratios, low over high contrast, of the 95 % summation size
        and of the preferred size (the maximum of a parabola, see `insilico.analysis.preferred_size`);
        `size_curves_unimodal` is 1 where every curve has one maximum, within 1 % of it.
        """
        curves = self.curves(responses)
        measures = {
            "suppression_index": suppression_index(curves),
            "preferred_size": preferred_size(curves),
            "summation_size_95": summation_size(curves),
        }
        at_each = [
            Finding(
                name=name if float(c) == 1.0 and name == "suppression_index" else f"{name}_at_{float(c):g}",
                value=float(values.sel(contrast=c)),
                unit=values.attrs["units"],
            )
            for name, values in measures.items()
            for c in curves["contrast"]
        ]
        first = [f for f in at_each if f.name == "suppression_index"]
        one_maximum = Finding(name="size_curves_unimodal", value=self._unimodal(curves), unit="1")
        return [*first, *self._shifts(measures), one_maximum, *(f for f in at_each if f not in first)]

    def _shifts(self, measures: Mapping[str, xr.DataArray]) -> list[Finding]:
        low, high = self.extremes
        if not low < high:
            return []
        unit = f"ratio, contrast {low:g} over {high:g}"
        named = {"summation_shift_95": "summation_size_95", "summation_shift_peak": "preferred_size"}
        ratios = {n: float(measures[m].sel(contrast=low) / measures[m].sel(contrast=high)) for n, m in named.items()}
        return [Finding(name=name, value=ratio, unit=unit) for name, ratio in ratios.items()]

    @staticmethod
    def _unimodal(curves: xr.DataArray) -> float:
        return float(np.min(unimodal(curves.sel(contrast=curves["contrast"] > 0)).values, initial=1.0))

    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of the curves, one for each contrast."""
        from insilico import plotting

        curves = self.curves(responses)
        named = {f"contrast {float(c):g}": curves.sel(contrast=c, drop=True) for c in curves["contrast"]}
        return plotting.lines(named, along="diameter", title=heading(responses), ylabel="response")
