"""The disparity of a bar shifted by flanks of another one, against their distance (Westheimer & Levi 1987).

    shift = −( decoded(O) − decoded(X) ) / inducing disparity

Positive: away from the flanks (repulsion). The range of disparities is closed to a circle for the read-out, as in the
circuit study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import decoded, pointers, stimulus_rows, wrapped
from insilico.comparison import UNSCALED, Comparison, Finding, Scale
from insilico.features import Feature
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from protocols.base import recorded_position
from protocols.induction_curve import peak, trough_before
from protocols.table import AbstractTableProtocol, Reader, labels_of
from stimuli import FeaturePatch, FeatureScene, StimulusSet, Window
from stimuli.doors import door

SEPARATION = "separation"
SEPARATIONS = tuple(float(s) for s in (*range(7), 8, 9, 10, 12))  # arcmin; those of the data
BAR_CELLS, FLANK_CELLS = 5, 3
ARCMIN = 60.0
OF_GRATINGS = ("spatial frequency", "phase", "centre: ")


@door
@dataclass(frozen=True, kw_only=True)
class DisparityInduction(AbstractTableProtocol):
    """A bar of no disparity between two flanks of some, above and below, at every distance.

    Parameters
    ----------
    separations
        Between the bar and the near edge of each flank, arcmin, 0 or more; put at the nearest whole number of cells.
    inducing_disparity
        Of the flanks, arcmin; not 0.
    """

    name: ClassVar[str] = "westheimer_levi1987"
    title: ClassVar[str] = "Disparity shifted by flanks (Westheimer & Levi 1987)"
    table: ClassVar[str] = "westheimer_levi1987"
    scale: ClassVar[Scale] = UNSCALED

    separations: tuple[float, ...] = SEPARATIONS
    inducing_disparity: float = -33.3 / ARCMIN

    def __post_init__(self) -> None:
        values = np.asarray(self.separations, dtype=float).ravel()
        if values.size == 0 or not np.all(np.isfinite(values) & (values >= 0)):
            raise ValueError(f"separations = {self.separations}: must be one or more numbers of arcmin, 0 or more.")
        if not (np.isfinite(self.inducing_disparity) and self.inducing_disparity != 0):
            raise ValueError(
                f"inducing_disparity = {self.inducing_disparity}: must be a number of arcmin other than 0."
            )

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return the bar with its flanks at each separation."""
        if preparation.feature != "disparity":
            raise ValueError(
                f"the channels are tuned to {preparation.feature}; {self.name} shows disparity: leave "
                "preparation.feature to the experiment."
            )
        return StimulusSet.grid(
            lambda separation: self.scene(preparation, separation),
            units={SEPARATION: "arcmin"},
            separation=self.separations,
        )

    def scene(self, preparation: Preparation, separation: float) -> FeatureScene:
        """Return a bar of 1 x 5 cells, and flanks of 3 x 3 above and below it."""
        cell, (x, y) = preparation.sheet.pitch, recorded_position(preparation)
        away = (0.5 + round(separation / ARCMIN / cell) + FLANK_CELLS / 2) * cell

        def patch(value: float, side: int, dx: float, dy: float) -> FeaturePatch:
            window = Window(aperture="square", diameter=side * cell, position=(x + dx, y + dy))
            return FeaturePatch(value=value, window=window)

        bar = [patch(0.0, 1, (i - BAR_CELLS // 2) * cell, 0.0) for i in range(BAR_CELLS)]
        flanks = [patch(self.inducing_disparity, FLANK_CELLS, 0.0, dy) for dy in (away, -away)]
        return FeatureScene(feature="disparity", patches=(*bar, *flanks))

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what the experiment takes as given."""
        cell = ARCMIN * preparation.sheet.pitch
        chosen = [line for line in super().assumptions(preparation) if not line.startswith(OF_GRATINGS)]
        return [
            *chosen,
            f"bar of {BAR_CELLS} x 1 and flanks of {FLANK_CELLS} x {FLANK_CELLS} cells of {cell:g} arcmin",
            f"inducing disparity {self.inducing_disparity:.3g} arcmin",
            "the range of disparities is closed to a circle, by the channels' pools and the read-out",
        ]

    def reading(self, shown: Mapping[str, np.ndarray], preferences: np.ndarray, feature: Feature) -> Reader:
        """Return the reader of the shift at each separation of the table."""
        return self._shift_at(self.reference.values[SEPARATION].values, shown, preferences)

    def curve(self, column: xr.Dataset) -> xr.DataArray:
        """Return the shift at every separation shown, in units of the inducing disparity; dims (separation,)."""
        shown, preferences, _ = labels_of(column)
        separations = np.unique(shown[SEPARATION])
        read = self._shift_at(separations, shown, preferences)
        shift = read(*(column[name].transpose("stimulus", "unit").values for name in ("response", "drive")))
        axis = {"units": "arcmin", "long_name": "separation of bar and flanks"}
        return xr.DataArray(
            shift, coords={SEPARATION: (SEPARATION, separations, axis)}, dims=SEPARATION, attrs={"units": "1"}
        )

    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the shift that is decoded from the drive itself: none."""
        return self.predict(column, "drive")

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return peak and trough of the curve, beside those of the data, and how model and data go together."""
        column = self.checked(responses)
        curve, data = self.curve(column), self.reference.values
        at_data = self.predict(column)
        measures = {"repulsion": peak, "attraction": trough_before}
        found = [
            Finding(
                name=f"disparity_{name}",
                value=measure(curve[SEPARATION].values, curve.values),
                unit="1",
                data=measure(data[SEPARATION].values, data.values),
            )
            for name, measure in measures.items()
        ]
        flat = np.ptp(at_data) == 0
        correlation = float("nan") if flat else float(np.corrcoef(at_data, data.values)[0, 1])
        amplitude = float(np.std(at_data) / np.std(data.values))
        return [
            *found,
            Finding(name="disparity_correlation", value=correlation, unit="1"),
            Finding(name="disparity_amplitude_over_data", value=amplitude, unit="1"),
        ]

    def plotter(self, column: xr.Dataset) -> Callable[[Comparison], Any]:
        """Return what draws every observer, their mean and the model's curve."""
        curve = self.curve(column)

        def draw(comparison: Comparison) -> Any:
            from insilico import plotting

            return plotting.shift_curve(comparison, curve, title=self.title)

        return draw

    def _shift_at(self, separations: np.ndarray, shown: Mapping[str, np.ndarray], preferences: np.ndarray) -> Reader:
        rows = stimulus_rows(shown, {SEPARATION: separations})
        period = float(preferences[-1] - preferences[0])
        vectors = pointers(preferences, period=period, read_out="circular_vote")

        def read(response: np.ndarray, drive: np.ndarray) -> np.ndarray:
            seen, true = (decoded(a[rows], vectors, period=period) for a in (response, drive))
            return -wrapped(seen - true, period=period) / self.inducing_disparity + 0.0  # no −0

        return read
