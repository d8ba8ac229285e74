"""From stimuli to the drive of a circuit: an ideal population code, read off the exact layers of a stimulus.

    X(y, x, z) = sum over layers of  contrast(y, x) · tuning(z − value)

Layers add; background is no input; the tuning is 1 at its peak (Mély, Linsley & Serre 2018, with the analytic
peak in place of the largest value of each map).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from insilico.preparation import Preparation
from stimuli import AbstractStimulus, Display, StimulusSet
from stimuli.doors import door
from stimuli.limits import described, lies_off

STIMULUS, LAYER, ROW, COLUMN, FEATURE = "stimulus", "layer", "y", "x", "feature"


class StaticEncoderWarning(UserWarning):
    """A stimulus moves, and the encoder sees it standing still."""


def tuning(preferences: np.ndarray, value: float, *, width: float, period: float | None) -> np.ndarray:
    """Return the response of each channel to a feature value, 1 at the peak.

    Parameters
    ----------
    preferences
        Preferred values of the channels, shape (n_channels,).
    value
        Feature value shown.
    width
        Circular feature: kappa = 1 / width² of a von Mises over the full turn. Bounded: standard deviation.
    period
        Period of a circular feature, None for a bounded one.
    """
    distance = np.asarray(preferences, dtype=float) - value
    if period is None:
        return np.exp(-0.5 * (distance / width) ** 2)
    return np.exp((np.cos(2 * np.pi * distance / period) - 1) / width**2)


@door
@dataclass(frozen=True, kw_only=True)
class PopulationCode:
    """Channels that respond to the exact feature values and contrasts of a stimulus.

    Parameters
    ----------
    preparation
        Sheet, feature, channels and tuning width.
    cell_average
        True averages each layer's contrast over the area of a cell; False samples the cell's centre.
    """

    preparation: Preparation
    cell_average: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.cell_average, bool):
            raise TypeError(f"cell_average = {self.cell_average!r}: must be True or False.")

    def tuning(self, value: float) -> np.ndarray:
        """Return the response of each channel to one value at full contrast; shape (n_channels,)."""
        p = self.preparation
        return tuning(p.preferences, value, width=p.tuning_width, period=p.axis.period)

    def layer_fields(self, stimuli: Iterable[AbstractStimulus]) -> list[list[tuple[float, np.ndarray]]]:
        """Return, for each stimulus, the feature value and the contrast (y, x) of each of its layers.

        Raises
        ------
        ValueError
            If nothing of a stimulus lies on the sheet.

        Warns
        -----
        StaticEncoderWarning
            If a stimulus moves and the feature is not direction.
        """
        stimuli = list(stimuli)
        for stimulus in stimuli:
            refuse_off_sheet(stimulus, self.preparation.sheet.extent)
        if self.preparation.feature != "direction":
            warn_of_motion(stimuli, f"the population code of {self.preparation.feature}")
        sheet = self.preparation.sheet
        cell = sheet.pitch if self.cell_average else 0.0
        x, y = sheet.x[None, :], sheet.y[:, None]
        return [
            [(layer.value, layer.contrast) for layer in stimulus.layers(self.preparation.feature, x, y, cell)]
            for stimulus in stimuli
        ]

    def layers(self, stimuli: StimulusSet) -> xr.Dataset:
        """Return the layers apart.

        Returns
        -------
        xarray.Dataset
            `layer_contrast` (stimulus, layer, y, x) and `layer_tuning` (stimulus, layer, feature), in [0, 1]; a
            stimulus with fewer layers than the largest is filled up with zeros.
        """
        p = self.preparation
        found = self.layer_fields(stimuli)
        depth = max((len(layers) for layers in found), default=0)
        contrast = np.zeros((len(found), depth, *p.sheet.shape))
        tuned = np.zeros((len(found), depth, p.n_channels))
        for i, layers in enumerate(found):
            for j, (value, field) in enumerate(layers):
                contrast[i, j] = field
                tuned[i, j] = self.tuning(value)
        return xr.Dataset(
            {
                "layer_contrast": ((STIMULUS, LAYER, ROW, COLUMN), contrast, {"units": "1"}),
                "layer_tuning": ((STIMULUS, LAYER, FEATURE), tuned, {"units": "1"}),
            },
            coords=_coordinates(p, stimuli),
        )

    def encode(self, stimuli: StimulusSet, display: Display | None = None) -> xr.DataArray:
        """Return the drive, dims (stimulus, y, x, feature), float64, 1 at full contrast and preferred value.

        `display` is not used: a population code reads the exact description of a stimulus, not its pixels.
        """
        layers = self.layers(stimuli)
        values = np.einsum("slyx,slf->syxf", layers["layer_contrast"].data, layers["layer_tuning"].data)
        return as_drive(values, self.preparation, stimuli)


def refuse_off_sheet(stimulus: AbstractStimulus, extent: tuple[float, float]) -> None:
    """Raise ValueError if a stimulus has contrast, and none of it lies within (height, width) about the sheet's centre.

    A stimulus that reaches beyond the sheet is none of this: surrounds do.
    """
    shown = [part.window for part in stimulus.shown if part.contrast]
    if shown and all(lies_off(window, extent) for window in shown):
        raise ValueError(
            f"nothing of {described(shown[0])} lies on the sheet, {extent[1]:g} deg wide and {extent[0]:g} deg "
            "high, its centre at (0, 0): no cell would see it. Move the stimulus, take a larger sheet "
            "(preparation.shape, preparation.pitch), or set its contrast to 0 where nothing shall be shown."
        )


def warn_of_motion(stimuli: Iterable[AbstractStimulus], encoder: str) -> None:
    """Warn once where a stimulus with contrast has a temporal frequency that an encoder does not see."""
    for stimulus in stimuli:
        moving = next((c for c in stimulus.shown if c.contrast and getattr(c, "temporal_frequency", 0)), None)
        if moving is not None:
            warnings.warn(
                f"a stimulus of {moving.temporal_frequency:g} Hz ({moving.modulation}) is shown to {encoder}, which "
                "knows no time: the responses are those to the same stimulus standing still. Set temporal_frequency=0, "
                "or show it to a population code of direction.",
                StaticEncoderWarning,
                stacklevel=4,
            )
            return


def as_drive(values: np.ndarray, preparation: Preparation, stimuli: StimulusSet) -> xr.DataArray:
    """Label an array (stimulus, y, x, feature) as the drive of a circuit."""
    return xr.DataArray(
        values,
        dims=(STIMULUS, ROW, COLUMN, FEATURE),
        coords=_coordinates(preparation, stimuli),
        name="drive",
        attrs={"units": "1", "long_name": "drive"},
    )


def _coordinates(preparation: Preparation, stimuli: StimulusSet) -> dict[str, object]:
    sheet = preparation.sheet
    return {
        **{str(name): c for name, c in stimuli.parameters.coords.items()},
        ROW: (ROW, sheet.y, {"units": "deg"}),
        COLUMN: (COLUMN, sheet.x, {"units": "deg"}),
        FEATURE: (FEATURE, np.arange(preparation.n_channels)),
        f"preferred_{preparation.feature}": (FEATURE, preparation.preferences, {"units": preparation.axis.unit}),
    }
