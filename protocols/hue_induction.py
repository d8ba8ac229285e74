"""The hue of a patch shifted by that of its surround: a tilt illusion in colour space (Klauke & Wachtler 2015)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from insilico.preparation import Preparation
from protocols.base import center_position
from protocols.induction import AbstractInduction
from stimuli import FeaturePatch, FeatureScene, Window
from stimuli.doors import door

ANGLES = tuple(-157.5 + 22.5 * i for i in range(16))
OF_GRATINGS = ("spatial frequency", "phase")  # what a patch of colour has not


@door
@dataclass(frozen=True, kw_only=True)
class HueInduction(AbstractInduction):
    """A colour patch in a colour surround whose hue differs by -157.5 to 180 deg, in steps of 22.5.

    Parameters as in `AbstractInduction`; angles are hue angles, contrasts chromatic ones. There is no picture of it:
    the population encoder reads the hues, the energy encoder refuses.
    """

    name: ClassVar[str] = "klauke_wachtler2015"
    title: ClassVar[str] = "Hue shifted by the hue around (Klauke & Wachtler 2015)"
    table: ClassVar[str] = "klauke_wachtler2015"
    feature: ClassVar[str] = "hue"
    effect: ClassVar[str] = "hue"
    measured: ClassVar[tuple[str, ...]] = ("peak",)

    angles: tuple[float, ...] = ANGLES

    def scene(self, preparation: Preparation, angle: float) -> FeatureScene:
        """Return the patch and its surround."""
        position = center_position(preparation) if self.position is None else self.position
        side, shape = preparation.center_diameter, preparation.aperture
        hole = Window(aperture=shape, diameter=side + 2 * preparation.gap, position=position)
        ring = Window(aperture=shape, diameter=preparation.surround_diameter, position=position, hole=hole)
        center = Window(aperture=shape, diameter=side, position=position)
        return FeatureScene(
            feature=self.feature,
            patches=(
                FeaturePatch(value=self.center_angle, window=center, contrast=self.contrast),
                FeaturePatch(value=angle, window=ring, contrast=self.surround_contrast),
            ),
        )

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what the experiment takes as given; nothing about gratings."""
        chosen = [line for line in super().assumptions(preparation) if not line.startswith(OF_GRATINGS)]
        return [*chosen, "channels evenly tuned over the hue circle; all surround hues alike"]
