"""Rings, and centres with a ring around them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stimuli.apertures import Window
from stimuli.base import AbstractStimulus
from stimuli.carriers import Component
from stimuli.doors import door
from stimuli.gratings import Gabor, Grating
from stimuli.plaids import Plaid
from stimuli.validation import non_negative, positive


@door
@dataclass(frozen=True, kw_only=True)
class Annulus(AbstractStimulus):
    """Show a grating in a ring.

    Parameters
    ----------
    inner_diameter : float
        Diameter (side, for a square ring) of the hole, degrees.
    outer_diameter : float or None
        Diameter of the whole, degrees; None fills the display.
    edge_width : float
        Width of the raised-cosine ramp on both edges, degrees.
    orientation, spatial_frequency, phase, contrast, aperture, position, waveform, temporal_frequency, modulation
        As in `Grating`; the aperture is a disc or a square.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, a name unknown, or the annulus inside out.
    """

    inner_diameter: float
    outer_diameter: float | None
    orientation: float
    spatial_frequency: float
    phase: float = 0.0
    contrast: float = 1.0
    aperture: str = "disc"
    edge_width: float = 0.0
    position: tuple[float, float] = (0.0, 0.0)
    waveform: str = "sine"
    temporal_frequency: float = 0.0
    modulation: str = "drift"

    def components(self) -> tuple[Component, ...]:
        """Return one component, whose window has a hole."""
        hole = Window(
            aperture=self.aperture,
            diameter=positive("inner_diameter", self.inner_diameter, unit="deg"),
            edge_width=self.edge_width,
            position=self.position,
        )
        window = Window(
            aperture=self.aperture,
            diameter=self.outer_diameter,
            edge_width=self.edge_width if self.outer_diameter is not None else 0.0,
            position=self.position,
            hole=hole,
        )
        return (
            Component(
                orientation=self.orientation,
                spatial_frequency=self.spatial_frequency,
                phase=self.phase,
                contrast=self.contrast,
                waveform=self.waveform,
                temporal_frequency=self.temporal_frequency,
                modulation=self.modulation,
                window=window,
            ),
        )


@door
@dataclass(frozen=True, kw_only=True)
class CenterSurround(AbstractStimulus):
    """Show a centre, and a grating around it that is drawn only outside of it.

    The hole in the surround has the shape, position and edge width of the centre, and is wider by the gap on each
    side. Without a gap both windows sum to 1, on soft edges too. The surround's phase is that at its own position.

    Parameters
    ----------
    center : Grating, Plaid or Gabor
        A disc or square with a diameter, or a Gaussian: it fades behind no edge, so the hole is a disc of 6 standard
        deviations, and what is left of it there (1 % of its peak) adds to the surround.
    surround : Grating
        A disc or square; its diameter is that of the whole, None fills the display.
    gap : float
        Distance between the edge of the centre and the inner edge of the surround, degrees: the hole's diameter is
        the centre's plus twice the gap.

    Raises
    ------
    TypeError, ValueError
        If the parts are of another kind, the annulus is inside out, or the contrasts exceed 1 at a place.
    """

    center: Grating | Plaid | Gabor
    surround: Grating
    gap: float = 0.0

    def components(self) -> tuple[Component, ...]:
        """Return the components of the centre, then the surround."""
        self._refuse_parts()
        center, surround = self.center.scene[0].window, self.surround
        if center.diameter is None:
            raise ValueError(
                f"the center has aperture {center.aperture!r} and diameter None; it needs an end where the surround "
                "can begin. Give it a diameter, or use a Gabor."
            )
        hole = Window(
            aperture="disc" if center.aperture == "gaussian" else center.aperture,
            diameter=center.diameter + 2 * non_negative("gap", self.gap, unit="deg"),
            edge_width=center.edge_width,
            position=center.position,
        )
        self._refuse_tail(hole)
        ring = Window(
            aperture=surround.aperture,
            diameter=surround.diameter,
            edge_width=surround.edge_width,
            position=surround.position,
            hole=hole,
        )
        return (*self.center.scene, surround.through(ring))

    def _refuse_parts(self) -> None:
        if not isinstance(self.center, (Grating, Plaid, Gabor)):
            raise TypeError(f"center is a {type(self.center).__name__}; a Grating, a Plaid or a Gabor is needed.")
        if not isinstance(self.surround, Grating):
            raise TypeError(f"surround is a {type(self.surround).__name__}; a Grating is needed.")

    def _refuse_tail(self, hole: Window) -> None:
        """Raise ValueError if what is left of a Gaussian centre where the surround begins leaves no room for it."""
        center = self.center.scene[0].window
        if center.aperture != "gaussian" or hole.diameter is None:
            return
        x, y = center.position
        peak = sum(component.contrast for component in self.center.scene)
        tail = peak * float(center.sample(x + hole.diameter / 2, y))
        if tail + self.surround.contrast > 1:
            raise ValueError(
                f"where the surround begins, the Gaussian centre still has contrast {tail:.3g}; with the surround's "
                f"{self.surround.contrast:g} that is more than 1. Lower the surround's contrast to "
                f"{math.floor(1000 * (1 - tail)) / 1000:g}, or widen the gap."
            )
