"""Direction of motion induced by a surround that moves in another one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from insilico.preparation import Preparation
from protocols.induction import AbstractGratingInduction
from stimuli.doors import door

ANGLES = tuple(2.5 * i for i in range(73))
DOT_ANGLES = (0.0, 5.625, 11.25, 22.5, 30.0, 37.5, 45.0, 52.5, 60.0, 67.5, 90.0, 112.5, 135.0, 157.5, 180.0)


@door
@dataclass(frozen=True, kw_only=True)
class AbstractDirectionInduction(AbstractGratingInduction):
    """A drifting grating inside one that drifts in another direction.

    Parameters
    ----------
    temporal_frequency
        Of both gratings, Hz; > 0.
    angles, center_angle, read_out, contrast, surround_contrast, position
        As in `AbstractInduction`; the centre drifts towards 45 deg.
    """

    feature: ClassVar[str] = "direction"
    measured: ClassVar[tuple[str, ...]] = ("peak", "peak_angle")

    angles: tuple[float, ...] = ANGLES
    center_angle: float = 45.0
    temporal_frequency: float = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (math.isfinite(self.temporal_frequency) and self.temporal_frequency > 0):
            raise ValueError(f"temporal_frequency = {self.temporal_frequency}: must be a positive number of Hz.")

    def wave(self, angle: float) -> dict[str, Any]:
        """Return the grating that drifts in a direction: bars 90 deg clockwise from it."""
        return {"orientation": angle - 90, "temporal_frequency": self.temporal_frequency}

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what the experiment takes as given, the temporal frequency among it."""
        return [*super().assumptions(preparation), f"temporal frequency {self.temporal_frequency:g} Hz"]


@door
@dataclass(frozen=True, kw_only=True)
class DirectionInduction(AbstractDirectionInduction):
    """A gap between centre and surround, which differ by 0 to 180 deg in steps of 2.5 (Kim & Wilson 1997)."""

    name: ClassVar[str] = "kim_wilson1997"
    title: ClassVar[str] = "Direction induced across a gap (Kim & Wilson 1997)"
    table: ClassVar[str] = "kim_wilson1997"
    effect: ClassVar[str] = "direction"


@door
@dataclass(frozen=True, kw_only=True)
class DirectionRepulsion(AbstractDirectionInduction):
    """Two intermingled motions read as a centre inside a surround, 0 to 180 deg apart (Marshak & Sekuler 1979)."""

    name: ClassVar[str] = "marshak_sekuler1979"
    title: ClassVar[str] = "Repulsion of two directions (Marshak & Sekuler 1979)"
    table: ClassVar[str] = "marshak_sekuler1979"
    effect: ClassVar[str] = "repulsion"

    angles: tuple[float, ...] = DOT_ANGLES

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what the experiment takes as given: first, that it is no experiment on intermingled dots."""
        return ["the two intermingled sets of dots are read as centre and surround", *super().assumptions(preparation)]
