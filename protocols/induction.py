"""A feature of the centre shifted by that of a surround, read out of the population in degrees.

    shift(x) = −sign(x) · wrap( decoded(O) − decoded(X) ),   x = surround − centre,  sign(0) = 1

O, X  output and afferent drive of the column at the centre of the sheet. Positive: away from the surround
(repulsion); negative: towards it (attraction). Model and data are both in degrees and are compared unscaled.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import READ_OUTS, decoded, pointers, stimulus_rows, wrapped
from insilico.comparison import UNSCALED, Comparison, Finding, Scale
from insilico.features import Feature, feature_named
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from protocols.induction_curve import MEASURES
from protocols.table import AbstractTableProtocol, Reader, labels_of
from stimuli import AbstractStimulus, CenterSurround, Grating, StimulusSet
from stimuli.doors import door
from stimuli.errors import unknown_name


@door
@dataclass(frozen=True, kw_only=True)
class AbstractInduction(AbstractTableProtocol):
    """A centre inside a surround at each relative angle of a circular feature; the decoded shift of the centre.

    Parameters
    ----------
    angles
        Surround minus centre, degrees; those of the table must be among them where it is to be compared with.
    center_angle
        Orientation or direction of the centre, degrees.
    read_out
        "circular_vote" (every channel votes, as published) or "vector_average" (channels that share a preference
        count once). Without duplicated channels they are the same.
    contrast, surround_contrast
        Michelson contrasts.
    position
        Place of centre and surround, degrees; None: the recorded cell, half a cell off for an even square.
    """

    feature: ClassVar[str]
    effect: ClassVar[str]  # first part of the findings' names
    measured: ClassVar[tuple[str, ...]]  # names in `induction_curve.MEASURES`
    scale: ClassVar[Scale] = UNSCALED
    has_surround: ClassVar[bool] = True
    assumed_contrasts: ClassVar[tuple[str, ...]] = ("contrast", "surround_contrast")

    angles: tuple[float, ...]
    center_angle: float = 0.0
    read_out: str = "circular_vote"
    contrast: float = 1.0
    surround_contrast: float = 1.0
    position: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.read_out not in READ_OUTS:
            raise unknown_name("read-out", self.read_out, READ_OUTS)
        half = (feature_named(self.feature).period or 0.0) / 2
        values = np.asarray(self.angles, dtype=float).ravel()
        if values.size == 0 or not np.all(np.abs(values) <= half):
            raise ValueError(f"angles = {self.angles}: must be one or more numbers from −{half:g} to {half:g} deg.")

    @abc.abstractmethod
    def scene(self, preparation: Preparation, angle: float) -> AbstractStimulus:
        """Return the centre inside a surround whose feature has a value."""

    @property
    def coordinate(self) -> str:
        """Name of the stimulus parameter: surround minus centre."""
        return f"relative_{self.feature}"

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return the centre inside a surround at each relative angle."""
        self._refuse_feature(preparation.axis)

        def configuration(**relative: float) -> AbstractStimulus:
            return self.scene(preparation, self.center_angle + relative[self.coordinate])

        axis: dict[str, Any] = {self.coordinate: self.angles}
        return StimulusSet.grid(configuration, units={self.coordinate: "deg"}, **axis)

    def center_grating(self, preparation: Preparation) -> dict[str, Any]:
        """Return the geometry that all gratings share, at the protocol's own position where it has one."""
        shared = super().center_grating(preparation)
        return shared if self.position is None else {**shared, "position": self.position}

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what the experiment takes as given, the read-out among it."""
        own = [f"{self.feature} of the centre {self.center_angle:g} deg", f"read-out {self.read_out.replace('_', ' ')}"]
        return [*super().assumptions(preparation), *own]

    def reading(self, shown: Mapping[str, np.ndarray], preferences: np.ndarray, feature: Feature) -> Reader:
        """Return the reader of the shift at each point of the table."""
        return self._shift_at(self.reference.values[self.coordinate].values, shown, preferences, feature)

    def curve(self, column: xr.Dataset) -> xr.DataArray:
        """Return the shift at every angle shown, in ascending order; degrees, dims (relative angle,)."""
        shown, preferences, feature = labels_of(column)
        angles = np.unique(shown[self.coordinate])
        read = self._shift_at(angles, shown, preferences, feature)
        shift = read(*(column[name].transpose("stimulus", "unit").values for name in ("response", "drive")))
        return xr.DataArray(
            shift,
            coords={self.coordinate: (self.coordinate, angles, {"units": "deg"})},
            dims=self.coordinate,
            attrs={"units": "deg", "long_name": "shift away from the surround"},
        )

    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the shift that is decoded from the drive itself: none."""
        return self.predict(column, "drive")

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the measures of the curve over all angles shown, beside those of the table's points."""
        curve, data = self.curve(self.checked(responses)), self.reference.values
        found = []
        for name in self.measured:
            of_model, of_data = (MEASURES[name](shift[self.coordinate].values, shift.values) for shift in (curve, data))
            found.append(Finding(name=f"{self.effect}_{name}", value=of_model, unit="deg", data=of_data))
        return found

    def plotter(self, column: xr.Dataset) -> Callable[[Comparison], Any]:
        """Return what draws every series, their mean and the model's curve over all angles shown."""
        curve = self.curve(column)

        def draw(comparison: Comparison) -> Any:
            from insilico import plotting

            return plotting.shift_curve(comparison, curve, title=self.title)

        return draw

    def _shift_at(
        self, angles: np.ndarray, shown: Mapping[str, np.ndarray], preferences: np.ndarray, feature: Feature
    ) -> Reader:
        self._refuse_feature(feature)
        period = feature.period or 0.0
        rows = stimulus_rows(shown, {self.coordinate: angles})
        vectors = pointers(preferences, period=period, read_out=self.read_out)
        away = np.where(angles < 0, 1.0, -1.0)

        def read(response: np.ndarray, drive: np.ndarray) -> np.ndarray:
            seen, true = (decoded(a[rows], vectors, period=period) for a in (response, drive))
            return away * wrapped(seen - true, period=period) + 0.0  # no −0

        return read

    def _refuse_feature(self, feature: Feature) -> None:
        if feature.name != self.feature:
            raise ValueError(
                f"the channels are tuned to {feature.name}; {self.name} shows {self.feature}: leave "
                "preparation.feature to the experiment."
            )


@dataclass(frozen=True, kw_only=True)
class AbstractGratingInduction(AbstractInduction):
    """A grating inside another one; parameters as in `AbstractInduction`."""

    @abc.abstractmethod
    def wave(self, angle: float) -> dict[str, Any]:
        """Return the orientation and the motion of a grating whose feature has a value."""

    def scene(self, preparation: Preparation, angle: float) -> CenterSurround:
        """Return the grating at the centre, the gap and the grating around."""
        center, around = self.center_grating(preparation), self.surround_grating(preparation)
        return CenterSurround(
            center=Grating(contrast=self.contrast, **self.wave(self.center_angle), **center),
            surround=Grating(contrast=self.surround_contrast, **self.wave(angle), **around),
            gap=preparation.gap,
        )
