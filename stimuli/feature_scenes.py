"""Scenes of features that this package does not draw: colour patches by their hue, bars by their disparity.

They have layers, as every stimulus has, and no picture: hue needs colour and disparity two eyes. What asks for a
picture is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stimuli.apertures import Window
from stimuli.base import AbstractStimulus, Array, Layer, refuse_clipping
from stimuli.carriers import Component
from stimuli.display import Display
from stimuli.doors import door
from stimuli.validation import finite, fraction, non_negative, one_of

UNDRAWN = {"hue": "colour", "disparity": "an image for each eye"}
"""Features without a picture, and what a picture of them would need."""


@door
@dataclass(frozen=True, kw_only=True)
class FeaturePatch:
    """Describe one window in which a feature has one value.

    Parameters
    ----------
    value : float
        Of the feature: hue angle in degrees, disparity in arcmin.
    window : Window
        Where it is seen.
    contrast : float
        Strength in [0, 1]: chromatic contrast of a hue, contrast of a bar.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, or the window is none.
    """

    value: float
    window: Window
    contrast: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", finite("value", self.value))
        object.__setattr__(self, "contrast", fraction("contrast", self.contrast))
        if not isinstance(self.window, Window):
            raise TypeError(f"window is a {type(self.window).__name__}; a stimuli.Window is needed.")


@door
@dataclass(frozen=True, kw_only=True)
class FeatureScene(AbstractStimulus):
    """Show patches of one feature, in layers only.

    Parameters
    ----------
    feature : {"hue", "disparity"}
        What the patches' values are of.
    patches : tuple of FeaturePatch
        One or more; those of one value are one layer, and contrasts add.

    Raises
    ------
    TypeError, ValueError
        If the feature is unknown or there is no patch; at drawing, because there is no picture.
    """

    feature: str
    patches: tuple[FeaturePatch, ...]

    def __post_init__(self) -> None:
        one_of("feature", self.feature, UNDRAWN)
        patches = tuple(self.patches)
        if not patches:
            raise ValueError("patches is empty; a scene needs at least one. Use Blank for nothing.")
        for patch in patches:
            if not isinstance(patch, FeaturePatch):
                raise TypeError(f"a patch is a {type(patch).__name__}; a FeaturePatch is needed.")
        object.__setattr__(self, "patches", patches)

    def components(self) -> tuple[Component, ...]:
        """Raise ValueError: there is no grating to draw."""
        raise ValueError(
            f"a scene of {self.feature} has no picture: that would need {UNDRAWN[self.feature]}. Read its "
            f"layers({self.feature!r}, …), as the population encoder does; the energy encoder sees pictures only."
        )

    @property
    def shown(self) -> tuple[FeaturePatch, ...]:
        """Its patches."""
        return self.patches

    def refuse_display(self, display: Display) -> None:
        """Accept every display: nothing is drawn on it."""

    def layers(self, feature: str, x: ArrayLike, y: ArrayLike, cell: float = 0.0) -> tuple[Layer, ...]:
        """Return one layer for each value shown; arguments and errors as in `AbstractStimulus.layers`.

        The layers' spatial frequency and phase are NaN: the patches are uniform.
        """
        if feature != self.feature:
            raise ValueError(f"feature is {feature!r}; this is a scene of {self.feature}, which has no {feature}.")
        non_negative("cell", cell, unit="deg")
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        fields: dict[float, Array] = {}
        for patch in self.patches:
            field = patch.contrast * patch.window.average(x, y, cell=cell)
            fields[patch.value] = fields[patch.value] + field if patch.value in fields else field
        refuse_clipping(sum(fields.values(), np.zeros(())))
        return tuple(
            Layer(value=value, contrast=field, spatial_frequency=float("nan"), phase=float("nan"))
            for value, field in fields.items()
            if field.any()
        )

    def spec(self) -> dict[str, Any]:
        """Return the scene as nested dict of plain values, ready for JSON, with its class as "kind"."""
        patches = [{"value": p.value, "contrast": p.contrast, "window": _of_window(p.window)} for p in self.patches]
        return {"kind": type(self).__name__, "feature": self.feature, "patches": patches}


def _of_window(window: Window) -> dict[str, Any]:
    return {
        "aperture": window.aperture,
        "diameter": window.diameter,
        "edge_width": window.edge_width,
        "position": list(window.position),
        "hole": None if window.hole is None else _of_window(window.hole),
    }
