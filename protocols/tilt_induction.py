"""The tilt illusion: orientation induced by a surround (O'Toole & Wenderoth 1977)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.induction import AbstractGratingInduction
from stimuli.doors import door

ANGLES = tuple(float(angle) for angle in range(91))


@door
@dataclass(frozen=True, kw_only=True)
class TiltInduction(AbstractGratingInduction):
    """A grating inside one that is tilted by 0 to 90 deg, in steps of 1; parameters as in `AbstractInduction`."""

    name: ClassVar[str] = "otoole_wenderoth1977"
    title: ClassVar[str] = "Tilt illusion (O'Toole & Wenderoth 1977)"
    table: ClassVar[str] = "otoole_wenderoth1977"
    feature: ClassVar[str] = "orientation"
    effect: ClassVar[str] = "tilt"
    measured: ClassVar[tuple[str, ...]] = ("peak", "peak_angle", "zero", "trough")

    angles: tuple[float, ...] = ANGLES

    def wave(self, angle: float) -> dict[str, Any]:
        """Return the orientation; the gratings stand still."""
        return {"orientation": angle}
