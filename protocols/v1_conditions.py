"""What the facts of primary visual cortex are measured with: patches, plaids, surrounds around one column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from insilico.preparation import Preparation
from stimuli import AbstractStimulus, CenterSurround, Grating, Plaid, StimulusSet

NONE = float("nan")  # does not apply
NEAR_CELLS = 6  # width of the near surround, cells
DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One stimulus: a patch, perhaps with a second grating on it, perhaps with a surround.

    Parameters
    ----------
    contrast, diameter
        Of the patch, whose grating the unit prefers; contrast 0 leaves it out. Diameter in degrees.
    mask_contrast, mask_angle
        Of the second grating, its orientation relative to the first, degrees.
    surround_contrast, surround_angle
        Of the surround, its orientation relative to the patch, degrees.
    inner_diameter, outer_diameter
        Of the surround, degrees; an outer one that does not apply fills the sheet.
    """

    contrast: float
    diameter: float
    mask_contrast: float = 0.0
    mask_angle: float = NONE
    surround_contrast: float = 0.0
    surround_angle: float = NONE
    inner_diameter: float = NONE
    outer_diameter: float = NONE

    @property
    def key(self) -> tuple[float | None, ...]:
        """Values by which the condition is found in a recording."""
        return key_of(asdict(self))

    def stimulus(self, orientation: float, shared: Mapping[str, Any]) -> AbstractStimulus:
        """Return the stimulus, for a unit of a preferred orientation, degrees; `shared` are fields of all gratings."""
        own = {**shared, "diameter": self.diameter}
        center: Grating | Plaid = Grating(orientation=orientation, contrast=self.contrast, **own)
        if self.mask_contrast:
            center = Plaid(
                orientation=orientation,
                mask_orientation=orientation + self.mask_angle,
                contrast=self.contrast,
                mask_contrast=self.mask_contrast,
                **own,
            )
        if not self.surround_contrast:
            return center
        outer = None if np.isnan(self.outer_diameter) else self.outer_diameter
        surround = Grating(
            orientation=orientation + self.surround_angle,
            contrast=self.surround_contrast,
            **{**shared, "diameter": outer},
        )
        return CenterSurround(center=center, surround=surround, gap=(self.inner_diameter - self.diameter) / 2)


def key_of(values: Mapping[str, Any]) -> tuple[float | None, ...]:
    """Return what tells conditions apart, from the values of their fields by name; None where it does not apply."""
    numbers = (float(values[f.name]) for f in fields(Condition))
    return tuple(None if np.isnan(n) else round(n, DIGITS) for n in numbers)


def stimulus_set(conditions: Sequence[Condition], orientation: float, shared: Mapping[str, Any]) -> StimulusSet:
    """Return the stimuli of conditions, each shown once, labelled by their fields."""
    once = list({condition.key: condition for condition in conditions}.values())
    columns = {f.name: [getattr(condition, f.name) for condition in once] for f in fields(Condition)}
    units = {"mask_angle": "deg", "surround_angle": "deg"}
    return StimulusSet.of([c.stimulus(orientation, shared) for c in once], units=units, **columns)


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Where patch, near and far surround lie: diameters in degrees.

    Parameters
    ----------
    patch
        Of the patch, and of the hole in a surround.
    border
        Between near and far surround.
    sizes
        Of the size curve, ascending, the first of one cell.
    """

    patch: float
    border: float
    sizes: tuple[float, ...]

    @classmethod
    def of(cls, preparation: Preparation, cells: Sequence[int]) -> Geometry:
        """Return the geometry on a sheet; raises ValueError where it leaves no far surround."""
        sheet, patch = preparation.sheet, preparation.center_diameter
        border = patch + 2 * NEAR_CELLS * sheet.pitch
        room = min(sheet.extent)
        if border >= room:
            raise ValueError(
                f"the sheet is {room:g} deg wide: patch and near surround take {border:g} deg, so no far surround is "
                "left. Use a larger sheet (preparation.shape) or a smaller preparation.center_diameter."
            )
        return cls(patch=patch, border=border, sizes=tuple(n * sheet.pitch for n in cells if n * sheet.pitch <= room))

    def patch_of(self, contrast: float, **others: float) -> Condition:
        """Return the patch, with other fields of a condition."""
        return Condition(contrast=contrast, diameter=self.patch, **others)

    def surrounded(self, contrast: float, *, by: float, angle: float, part: str = "whole") -> Condition:
        """Return the patch inside a surround of contrast `by`, or of its near or far part."""
        inner, outer = {
            "whole": (self.patch, NONE),
            "near": (self.patch, self.border),
            "far": (self.border, NONE),
        }[part]
        return self.patch_of(
            contrast, surround_contrast=by, surround_angle=angle, inner_diameter=inner, outer_diameter=outer
        )
