"""Two gratings in one aperture."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.apertures import Window
from stimuli.base import AbstractStimulus
from stimuli.carriers import Component
from stimuli.doors import door
from stimuli.validation import finite, fraction, positive


@door
@dataclass(frozen=True, kw_only=True)
class Plaid(AbstractStimulus):
    """Show the sum of two gratings, the second one called mask, in one aperture.

    Contrasts add: L0 (1 + contrast * g + mask_contrast * g_mask). A mask of contrast 0 leaves the grating as it is.

    Parameters
    ----------
    orientation, mask_orientation : float
        Of the bars, degrees; 0 is horizontal, counter-clockwise.
    spatial_frequency, mask_spatial_frequency : float
        Cycles/degree; None gives the mask the grating's.
    contrast, mask_contrast : float
        Michelson contrasts in [0, 1], at most 1 together.
    phase, mask_phase : float
        Degrees, at the aperture's centre.
    temporal_frequency, mask_temporal_frequency : float
        Hz; None gives the mask the grating's.
    diameter, aperture, edge_width, position, waveform, modulation
        As in `Grating`, for both.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, a name unknown, or the contrasts exceed 1 together.
    """

    orientation: float
    mask_orientation: float
    spatial_frequency: float
    mask_spatial_frequency: float | None = None
    contrast: float = 0.5
    mask_contrast: float = 0.5
    phase: float = 0.0
    mask_phase: float = 0.0
    temporal_frequency: float = 0.0
    mask_temporal_frequency: float | None = None
    diameter: float | None = None
    aperture: str = "disc"
    edge_width: float = 0.0
    position: tuple[float, float] = (0.0, 0.0)
    waveform: str = "sine"
    modulation: str = "drift"

    def components(self) -> tuple[Component, ...]:
        """Return the grating and the mask."""
        window = Window(
            aperture=self.aperture, diameter=self.diameter, edge_width=self.edge_width, position=self.position
        )
        grating = Component(
            orientation=self.orientation,
            spatial_frequency=self.spatial_frequency,
            phase=self.phase,
            contrast=self.contrast,
            waveform=self.waveform,
            temporal_frequency=self.temporal_frequency,
            modulation=self.modulation,
            window=window,
        )
        mask = Component(
            orientation=finite("mask_orientation", self.mask_orientation),
            spatial_frequency=self._mask_spatial_frequency(),
            phase=finite("mask_phase", self.mask_phase),
            contrast=fraction("mask_contrast", self.mask_contrast),
            waveform=self.waveform,
            temporal_frequency=self._mask_temporal_frequency(),
            modulation=self.modulation,
            window=window,
        )
        return grating, mask

    def _mask_spatial_frequency(self) -> float:
        if self.mask_spatial_frequency is None:
            return self.spatial_frequency
        return positive("mask_spatial_frequency", self.mask_spatial_frequency, unit="cycles/deg")

    def _mask_temporal_frequency(self) -> float:
        if self.mask_temporal_frequency is None:
            return self.temporal_frequency
        return finite("mask_temporal_frequency", self.mask_temporal_frequency)
