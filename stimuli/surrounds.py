"""Rings, and centres with a ring around them."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.apertures import Window
from stimuli.base import AbstractStimulus
from stimuli.carriers import Component
from stimuli.doors import door
from stimuli.gratings import Grating
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
    center : Grating or Plaid
        A disc or square with a diameter.
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

    center: Grating | Plaid
    surround: Grating
    gap: float = 0.0

    def components(self) -> tuple[Component, ...]:
        """Return the components of the centre, then the surround."""
        self._refuse_parts()
        center, surround = self.center, self.surround
        assert center.diameter is not None
        hole = Window(
            aperture=center.aperture,
            diameter=center.diameter + 2 * non_negative("gap", self.gap, unit="deg"),
            edge_width=center.edge_width,
            position=center.position,
        )
        ring = Window(
            aperture=surround.aperture,
            diameter=surround.diameter,
            edge_width=surround.edge_width,
            position=surround.position,
            hole=hole,
        )
        return (*center.scene, surround.through(ring))

    def _refuse_parts(self) -> None:
        if not isinstance(self.center, (Grating, Plaid)):
            raise TypeError(f"center is a {type(self.center).__name__}; a Grating or a Plaid is needed.")
        if not isinstance(self.surround, Grating):
            raise TypeError(f"surround is a {type(self.surround).__name__}; a Grating is needed.")
        if self.center.diameter is None or self.center.aperture == "gaussian":
            raise ValueError(
                f"the center has aperture {self.center.aperture!r} and diameter {self.center.diameter}; it needs an "
                "edge where the surround can begin. Use a disc or a square with a diameter."
            )
