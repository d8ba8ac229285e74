"""The tilt illusion: a grating looks tilted away from the one around it."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.base import AbstractStimulus
from stimuli.carriers import Component
from stimuli.doors import door
from stimuli.gratings import Grating
from stimuli.surrounds import CenterSurround
from stimuli.validation import finite, fraction, positive


@door
@dataclass(frozen=True, kw_only=True)
class TiltIllusion(AbstractStimulus):
    """Show a test grating and the inducing grating around it.

    Parameters
    ----------
    center_orientation, surround_orientation : float
        Of the bars, degrees; 0 is horizontal, counter-clockwise.
    spatial_frequency : float
        Of both, cycles/degree.
    center_diameter : float
        Diameter (side, for a square) of the centre, degrees.
    surround_diameter : float or None
        Diameter of the whole, degrees; None fills the display.
    contrast, surround_contrast : float
        Michelson contrasts in [0, 1]; None gives the surround the centre's.
    phase, surround_phase : float
        Degrees, at the centre; None gives the surround the centre's.
    gap : float
        Distance between centre and surround, degrees.
    aperture, edge_width, position, waveform, temporal_frequency, modulation
        As in `Grating`, for both; the surround fills the display without an edge if its diameter is None.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, a name unknown, or the surround not larger than the centre.
    """

    center_orientation: float
    surround_orientation: float
    spatial_frequency: float
    center_diameter: float
    surround_diameter: float | None = None
    contrast: float = 1.0
    surround_contrast: float | None = None
    phase: float = 0.0
    surround_phase: float | None = None
    gap: float = 0.0
    aperture: str = "disc"
    edge_width: float = 0.0
    position: tuple[float, float] = (0.0, 0.0)
    waveform: str = "sine"
    temporal_frequency: float = 0.0
    modulation: str = "drift"

    @property
    def tilt(self) -> float:
        """Orientation of the surround relative to the centre, degrees in (-90, 90]; positive is counter-clockwise."""
        return 90 - (90 - (self.surround_orientation - self.center_orientation)) % 180

    def components(self) -> tuple[Component, ...]:
        """Return centre and surround."""
        center = self._grating(
            orientation=finite("center_orientation", self.center_orientation),
            contrast=self.contrast,
            phase=self.phase,
            diameter=positive("center_diameter", self.center_diameter, unit="deg"),
        )
        surround = self._grating(
            orientation=finite("surround_orientation", self.surround_orientation),
            contrast=(
                self.contrast
                if self.surround_contrast is None
                else fraction("surround_contrast", self.surround_contrast)
            ),
            phase=self.phase if self.surround_phase is None else finite("surround_phase", self.surround_phase),
            diameter=self.surround_diameter,
        )
        return CenterSurround(center=center, surround=surround, gap=self.gap).scene

    def _grating(self, *, orientation: float, contrast: float, phase: float, diameter: float | None) -> Grating:
        return Grating(
            orientation=orientation,
            spatial_frequency=self.spatial_frequency,
            phase=phase,
            contrast=contrast,
            diameter=diameter,
            aperture=self.aperture,
            edge_width=self.edge_width if diameter is not None else 0.0,
            position=self.position,
            waveform=self.waveform,
            temporal_frequency=self.temporal_frequency,
            modulation=self.modulation,
        )
