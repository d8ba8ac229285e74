"""Direction of motion induced across a gap (Kim & Wilson 1997)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from insilico.preparation import Preparation
from protocols.induction import AbstractInduction
from stimuli.doors import door

ANGLES = tuple(2.5 * i for i in range(73))


@door
@dataclass(frozen=True, kw_only=True)
class DirectionInduction(AbstractInduction):
    """A drifting grating, a gap, a surround that drifts in another direction, by 0 to 180 deg in steps of 2.5.

    Parameters
    ----------
    temporal_frequency
        Of both gratings, Hz; > 0.
    angles, center_angle, read_out, contrast, surround_contrast, position
        As in `AbstractInduction`; the centre drifts towards 45 deg.
    """

    name: ClassVar[str] = "kim_wilson1997"
    title: ClassVar[str] = "Direction induced across a gap (Kim & Wilson 1997)"
    table: ClassVar[str] = "kim_wilson1997"
    feature: ClassVar[str] = "direction"
    effect: ClassVar[str] = "direction"
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
