"""Size tuning at several contrasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import xarray as xr

from insilico.analysis import preferred_size, summation_size, suppression_index
from insilico.comparison import Finding
from insilico.preparation import Preparation
from protocols.base import AbstractProtocol, curve_at
from stimuli import Grating, StimulusSet


@dataclass(frozen=True, kw_only=True)
class SizeTuning(AbstractProtocol):
    """A grating at every size and contrast; sizes are odd numbers of cells where they are not given."""

    name: ClassVar[str] = "size_tuning"
    title: ClassVar[str] = "Size tuning"

    contrasts: tuple[float, ...] = (0.06, 0.12, 0.25, 0.5, 1.0)
    diameters: tuple[float, ...] | None = None
    orientation: float = 90.0

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return one grating for each contrast and diameter."""
        shared = self.center_grating(preparation)
        return StimulusSet.grid(
            lambda contrast, diameter: Grating(
                orientation=self.orientation,
                contrast=contrast,
                **{**shared, "diameter": diameter, "position": (0.0, 0.0)},
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
        """Return suppression index, preferred size and 95 % summation size at each contrast."""
        curves = self.curves(responses)
        measures = {
            "suppression_index": suppression_index(curves),
            "preferred_size": preferred_size(curves),
            "summation_size_95": summation_size(curves),
        }
        return [
            Finding(
                name=name if float(c) == 1.0 and name == "suppression_index" else f"{name}_at_{float(c):g}",
                value=float(values.sel(contrast=c)),
                unit=values.attrs["units"],
            )
            for name, values in measures.items()
            for c in curves["contrast"]
        ]

    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of the curves, one for each contrast."""
        from insilico import plotting

        curves = self.curves(responses)
        named = {f"contrast {float(c):g}": curves.sel(contrast=c, drop=True) for c in curves["contrast"]}
        return plotting.lines(named, along="diameter", title=responses.attrs["title"], ylabel="response")
