"""What a stimulus is: a sum of windowed gratings, read either as a picture or as layers of a feature."""

from __future__ import annotations

import abc
import math
import re
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stimuli.carriers import Component
from stimuli.display import Display
from stimuli.doors import door
from stimuli.limits import refuse_display, refuse_rates, warn_of_losses
from stimuli.memory import refuse_memory
from stimuli.validation import TOLERANCE_CONTRAST, finite, non_negative, one_of, plain

Array = NDArray[np.float64]

STIMULUS = "stimulus"
TIME = "time"
ROW = "y"
COLUMN = "x"

IMAGES_AT_ONCE = 6
"""Float64 arrays of the size of the screen that drawing one image holds at a time."""

FEATURES = ("orientation", "direction", "spatial_frequency")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Hold one layer of a scene: one wave, and its contrast at each place.

    Parameters
    ----------
    value : float
        The feature's value, as labelled in the stimulus: degrees, or cycles/degree for "spatial_frequency".
    contrast : ndarray
        Michelson contrast at each place, in [0, 1], of the shape to which x and y broadcast.
    spatial_frequency : float
        Cycles/degree.
    phase : float
        Phase in degrees at the origin (0, 0), whatever the position of the aperture.
    """

    value: float
    contrast: Array = field(repr=False)
    spatial_frequency: float
    phase: float


@door
@dataclass(frozen=True, kw_only=True)
class AbstractStimulus(abc.ABC):
    """Define a stimulus: a frozen, keyword-only dataclass that lists its components.

    A new stimulus is one dataclass with `components`; picture, layers, specification, addition and validation follow.
    One that is no sum of gratings (noise, a photograph) returns no component and overrides `contrast_image`: it is
    drawn by that, for models that see frames, and has no layers. Fields annotated as int stay whole, others are float.
    """

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, plain(getattr(self, item.name), whole=_is_whole(str(item.type))))
        _refuse_clipping_somewhere(self.scene)

    @abc.abstractmethod
    def components(self) -> tuple[Component, ...]:
        """Return the windowed gratings whose sum is the stimulus."""

    @cached_property
    def scene(self) -> tuple[Component, ...]:
        """The components, built once."""
        return tuple(self.components())

    @property
    def shown(self) -> tuple[Any, ...]:
        """Its parts, each with a window and a contrast: the components, or what a stimulus without a picture has."""
        return self.scene

    @property
    def draws_itself(self) -> bool:
        """Whether the picture is made by a `contrast_image` of its own, not from the components."""
        return type(self).contrast_image is not AbstractStimulus.contrast_image

    def contrast_image(self, display: Display, t: float = 0.0) -> Array:
        """Draw the stimulus at one moment: the float64 reference of every renderer.

        Parameters
        ----------
        display : Display
            Where it is shown.
        t : float
            Seconds since the onset.

        Returns
        -------
        ndarray, shape (height, width)
            Signed contrast in [-1, 1] about the mean luminance; row 0 is the top.

        Raises
        ------
        ValueError
            If a spatial frequency reaches the display's Nyquist frequency or, after the onset, a temporal one half of
            its refresh rate; if an aperture is larger than the display or wholly off it; if contrasts add up to more
            than 1 at some pixel; or if the image does not fit into memory.

        Warns
        -----
        OffScreenWarning, AliasingWarning
            If the screen crops the stimulus; if a harmonic of a square wave is too fine for the pixels.
        """
        t = finite("t", t)
        self.refuse_display(display)
        if t != 0:
            refuse_rates(self.scene, display, t)
        image = draw(self.scene, display, t)
        warn_of_losses(self.scene, display, stacklevel=2)
        return image

    def refuse_display(self, display: Display) -> None:
        """Raise ValueError if a display is too small or too coarse to show the stimulus, or shows nothing of it."""
        for component in self.scene:
            refuse_display(component, display)

    def layers(self, feature: str, x: ArrayLike, y: ArrayLike, cell: float = 0.0) -> tuple[Layer, ...]:
        """Return each superposed layer's feature value and its contrast at the given places.

        Components that are the same wave (same orientation modulo 180, spatial and temporal frequency, waveform, and
        phase where they meet) are one layer of summed contrast. A layer that is zero everywhere is left out.
        A counterphase grating has two directions, each with half of its contrast.

        Parameters
        ----------
        feature : {"orientation", "direction", "spatial_frequency"}
            Which value labels the layers.
        x, y : array_like
            Places, degrees; they broadcast together.
        cell : float
            Side of the square cell, degrees, over which the contrast is averaged; 0 takes the place itself.

        Returns
        -------
        tuple of Layer
            In the order of the components.

        Raises
        ------
        ValueError
            If the feature is unknown, a static grating is asked for its direction, contrasts add up to more than 1
            at some place, the stimulus draws its own image and has no components, or layers do not fit into memory.
        """
        one_of("feature", feature, FEATURES)
        non_negative("cell", cell, unit="deg")
        if self.draws_itself and not self.scene:
            raise ValueError(
                f"{type(self).__name__} draws its own image and has no components, so it has no layers of "
                f"{feature}. Show it to a model that sees frames (encoder='energy'), or list its components."
            )
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        places = math.prod(np.broadcast_shapes(x.shape, y.shape))
        refuse_memory(8 * places * len(self.scene), f"layers at {places:,} places", "Ask for fewer places.")
        merged: list[tuple[Component, Array]] = []
        for component in self.scene:
            envelope = component.contrast * component.window.average(x, y, cell=cell)
            for wave in component.moving() if feature == "direction" else (component,):
                share = envelope * (wave.contrast / component.contrast) if component.contrast else envelope
                index = next((i for i, (other, _) in enumerate(merged) if wave.same_wave(other)), None)
                if index is None:
                    merged.append((wave, share))
                else:
                    merged[index] = (merged[index][0], merged[index][1] + share)
        refuse_clipping(sum((contrast for _, contrast in merged), np.zeros(())))
        return tuple(
            Layer(
                value=_value(wave, feature),
                contrast=contrast,
                spatial_frequency=wave.spatial_frequency,
                phase=wave.phase_at_origin,
            )
            for wave, contrast in merged
            if contrast.any()
        )

    def spec(self) -> dict[str, Any]:
        """Return the stimulus as nested dict of plain values, ready for JSON, with its class as "kind"."""
        values = {item.name: _plain_spec(getattr(self, item.name)) for item in fields(self)}
        return {"kind": type(self).__name__, **values}

    def __add__(self, other: AbstractStimulus) -> AbstractStimulus:
        from stimuli.compose import Superposition

        return Superposition(parts=(self, other)) if isinstance(other, AbstractStimulus) else NotImplemented


def draw(scene: tuple[Component, ...], display: Display, t: float) -> Array:
    """Sum components that a display can show, shape (height, width); refuse those that add up to more than 1."""
    height, width = display.size_px
    refuse_memory(
        IMAGES_AT_ONCE * 8 * height * width, f"images of {height} x {width} pixels", "Use a display of fewer pixels."
    )
    x, rows = display.grid()
    y = rows[:, np.newaxis]
    image, contrast = np.zeros(display.size_px), np.zeros(display.size_px)
    for component in scene:
        envelope = component.contrast * component.window.sample(x, y)
        image += envelope * component.carrier(x, y, t)
        contrast += envelope
    refuse_clipping(contrast)
    return image


def refuse_clipping(contrast: ArrayLike) -> None:
    """Raise ValueError if contrasts that were summed place by place exceed 1."""
    largest = float(np.max(contrast, initial=0.0))
    if largest > 1 + TOLERANCE_CONTRAST:
        raise ValueError(
            f"the contrasts add up to {largest:.6g} at some place; they must stay within 1, or the luminance would be "
            "clipped. Lower the contrasts, or keep the apertures apart."
        )


def _refuse_clipping_somewhere(scene: tuple[Component, ...]) -> None:
    """Check the sum of contrasts where windows are largest: at their centres, or in the middle of their rings."""
    if sum(component.contrast for component in scene) <= 1:
        return
    for window in (component.window for component in scene):
        x, y = window.position
        hole = window.hole
        if hole is not None and hole.diameter is not None:
            outer = window.diameter if window.diameter is not None else 2 * hole.diameter
            x = (x + outer / 2 + hole.position[0] + hole.diameter / 2) / 2
        refuse_clipping(sum(c.contrast * c.window.sample(x, y) for c in scene))


@cache
def _is_whole(annotation: str) -> bool:
    """Say whether a field's annotation is of whole numbers: int, int | None, tuple[int, ...]."""
    words = re.findall(r"\w+", annotation)
    return "int" in words and "float" not in words


def _value(wave: Component, feature: str) -> float:
    if feature == "direction":
        return wave.direction
    return wave.orientation if feature == "orientation" else wave.spatial_frequency


def _plain_spec(value: Any) -> Any:
    if isinstance(value, AbstractStimulus):
        return value.spec()
    return [_plain_spec(item) for item in value] if isinstance(value, tuple) else value
