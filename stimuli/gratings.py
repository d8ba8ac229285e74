"""Nothing, a grating, a Gabor patch."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.apertures import GAUSSIAN_SDS, Window
from stimuli.base import AbstractStimulus
from stimuli.carriers import Component
from stimuli.doors import door
from stimuli.validation import positive


@door
@dataclass(frozen=True, kw_only=True)
class Blank(AbstractStimulus):
    """Show the mean luminance: no component, no layer."""

    def components(self) -> tuple[Component, ...]:
        """Return no component."""
        return ()


@door
@dataclass(frozen=True, kw_only=True)
class Grating(AbstractStimulus):
    """Show a sine or square grating behind an aperture.

    Parameters
    ----------
    orientation : float
        Of the bars, degrees; 0 is horizontal, counter-clockwise. Any finite angle.
    spatial_frequency : float
        Cycles/degree, above 0.
    phase : float
        Degrees, at the aperture's centre; 0 puts the middle of a bright bar there.
    contrast : float
        Michelson contrast in [0, 1].
    diameter : float or None
        Diameter of a disc, side of a square, 6 standard deviations of a Gaussian, degrees; None fills the display.
    aperture : {"disc", "square", "gaussian"}
        Shape.
    edge_width : float
        Width of the raised-cosine ramp centred on the edge, degrees.
    position : tuple of float
        (x, y) of the aperture's centre, degrees.
    waveform : {"sine", "square"}
        Profile.
    temporal_frequency : float
        Hz. Positive drifts towards orientation + 90 degrees.
    modulation : {"drift", "counterphase"}
        What the temporal frequency does.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, or a name unknown.
    """

    orientation: float
    spatial_frequency: float
    phase: float = 0.0
    contrast: float = 1.0
    diameter: float | None = None
    aperture: str = "disc"
    edge_width: float = 0.0
    position: tuple[float, float] = (0.0, 0.0)
    waveform: str = "sine"
    temporal_frequency: float = 0.0
    modulation: str = "drift"

    def components(self) -> tuple[Component, ...]:
        """Return one component."""
        window = Window(
            aperture=self.aperture, diameter=self.diameter, edge_width=self.edge_width, position=self.position
        )
        return (self.through(window),)

    def through(self, window: Window) -> Component:
        """Return the grating seen through another window than its own."""
        return Component(
            orientation=self.orientation,
            spatial_frequency=self.spatial_frequency,
            phase=self.phase,
            contrast=self.contrast,
            waveform=self.waveform,
            temporal_frequency=self.temporal_frequency,
            modulation=self.modulation,
            window=window,
        )


@door
@dataclass(frozen=True, kw_only=True)
class Gabor(AbstractStimulus):
    """Show a sine grating under a round Gaussian envelope.

    Parameters
    ----------
    orientation, spatial_frequency, phase, contrast, position, temporal_frequency, modulation
        As in `Grating`; the contrast is that of the envelope's peak.
    sigma : float
        Standard deviation of the envelope, degrees; a display must hold 6 of them.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, or a name unknown.
    """

    orientation: float
    spatial_frequency: float
    sigma: float
    phase: float = 0.0
    contrast: float = 1.0
    position: tuple[float, float] = (0.0, 0.0)
    temporal_frequency: float = 0.0
    modulation: str = "drift"

    def components(self) -> tuple[Component, ...]:
        """Return one component."""
        diameter = GAUSSIAN_SDS * positive("sigma", self.sigma, unit="deg")
        return (
            Component(
                orientation=self.orientation,
                spatial_frequency=self.spatial_frequency,
                phase=self.phase,
                contrast=self.contrast,
                temporal_frequency=self.temporal_frequency,
                modulation=self.modulation,
                window=Window(aperture="gaussian", diameter=diameter, position=self.position),
            ),
        )
