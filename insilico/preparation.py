"""What one experiment needs from a circuit: where its columns sit and how they are tuned."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from insilico.features import Feature, feature_named
from stimuli.doors import door
from stimuli.errors import unknown_name

BOUNDARIES = ("zero", "periodic")
SPACINGS = ("even", "duplicated")
APERTURES = ("square", "disc")
SHIPPED = (  # names of the preparations of this package's experiments, by which parameter sets change fields of them
    "default",
    "cat_busse2009",
    "macaque_trott_born2015_plaid",
    "macaque_trott_born2015_matrix",
    "human_otoole_wenderoth1977",
    "human_kim_wilson1997",
    "human_marshak_sekuler1979",
    "human_klauke_wachtler2015",
    "human_westheimer_levi1987",
    "mouse_chettih_harvey2019",
    "mask_optimisation",
)


class PreparationNameWarning(UserWarning):
    """A parameter set changes preparations by name, and knows none of this name."""


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} = {value!r}: must be a number.")
    return float(value)


def _positive(name: str, value: object) -> None:
    if not (np.isfinite(_number(name, value)) and _number(name, value) > 0):
        raise ValueError(f"{name} = {value}: must be a positive number.")


def _whole(name: str, value: object, *, least: int) -> int:
    if not np.isfinite(_number(name, value)) or _number(name, value) != int(_number(name, value)):
        raise ValueError(f"{name} = {value}: must be a whole number.")
    if int(_number(name, value)) < least:
        raise ValueError(f"{name} = {value}: must be {least} or more.")
    return int(_number(name, value))


@door
@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The cortical sheet of a circuit, in degrees of visual field.

    Parameters
    ----------
    shape
        Number of rows and columns.
    pitch
        Distance between neighbouring cells in degrees. Ring sizes of a circuit are in cells.
    boundary
        "zero" (nothing beyond the border) or "periodic".
    """

    shape: tuple[int, int] = (51, 51)
    pitch: float = 0.25
    boundary: str = "zero"

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple | list) or len(self.shape) != 2:
            raise ValueError(f"shape = {self.shape}: must be (rows, columns), two positive whole numbers.")
        rows, columns = (_whole("shape", n, least=1) for n in self.shape)
        object.__setattr__(self, "shape", (rows, columns))
        _positive("pitch", self.pitch)
        if self.boundary not in BOUNDARIES:
            raise unknown_name("boundary", self.boundary, BOUNDARIES)

    @property
    def x(self) -> np.ndarray:
        """Horizontal positions of the columns in degrees, rightward; shape (columns,)."""
        n = self.shape[1]
        return (np.arange(n) - (n - 1) / 2) * self.pitch

    @property
    def y(self) -> np.ndarray:
        """Vertical positions of the rows in degrees, upward, the first row on top; shape (rows,)."""
        n = self.shape[0]
        return -(np.arange(n) - (n - 1) / 2) * self.pitch

    @property
    def center(self) -> tuple[int, int]:
        """Row and column of the cell that is recorded by default."""
        return self.shape[0] // 2, self.shape[1] // 2

    @property
    def extent(self) -> tuple[float, float]:
        """Height and width of the sheet in degrees."""
        return self.shape[0] * self.pitch, self.shape[1] * self.pitch


@door
@dataclass(frozen=True, kw_only=True)
class Preparation:
    """Sheet, feature axis and stimulus geometry of one experiment.

    Parameters
    ----------
    name
        Name by which a parameter set can change single fields. A model warns where its set does so and knows no
        preparation of this name.
    sheet
        Where the columns sit.
    feature
        Feature that the channels are tuned to, one of `insilico.features.FEATURES`: "orientation", "direction", …
    n_channels
        Number of channels on the feature axis.
    first_preference
        Preference of the first channel, in the feature's unit.
    spacing
        "even": the channels divide the range evenly. "duplicated": both ends of the range are channels, so
        that on a circular feature the first and the last share a preference (Mély et al. 2018).
    domain
        Lowest and highest preference of a bounded feature; None on a circular one.
    tuning_width
        Circular feature: width of the von Mises in radians of the full turn, kappa = 1 / width².
        Bounded feature: standard deviation in the feature's unit.
    center_diameter, surround_diameter
        Sizes in degrees of a centre-surround stimulus; a surround of None fills the sheet.
    gap
        Distance in degrees between the edge of the centre and the inner edge of the surround.
    aperture
        Shape of centre and surround, "square" or "disc".
    """

    name: str = "default"
    sheet: Sheet = Sheet()
    feature: str = "orientation"
    n_channels: int = 36
    first_preference: float = 0.0
    spacing: str = "even"
    domain: tuple[float, float] | None = None
    tuning_width: float = 5**-0.5
    center_diameter: float = 2.25
    surround_diameter: float | None = None
    gap: float = 0.0
    aperture: str = "disc"

    def __post_init__(self) -> None:
        feature = feature_named(self.feature)
        for name, known in (("spacing", SPACINGS), ("aperture", APERTURES)):
            if getattr(self, name) not in known:
                raise unknown_name(name, getattr(self, name), known)
        object.__setattr__(self, "n_channels", _whole("n_channels", self.n_channels, least=2))
        _positive("tuning_width", self.tuning_width)
        _positive("center_diameter", self.center_diameter)
        if not np.isfinite(_number("first_preference", self.first_preference)):
            raise ValueError(f"first_preference = {self.first_preference}: must be finite.")
        if not (np.isfinite(float(self.gap)) and self.gap >= 0):
            raise ValueError(f"gap = {self.gap}: must be a number of degrees, 0 or more.")
        if self.surround_diameter is not None and not self.surround_diameter > self.center_diameter:
            raise ValueError(
                f"surround_diameter = {self.surround_diameter} deg is not larger than center_diameter = "
                f"{self.center_diameter} deg: enlarge it, or use None to fill the sheet."
            )
        if self.surround_diameter is not None and not self.surround_diameter > self.center_diameter + 2 * self.gap:
            raise ValueError(
                f"gap = {self.gap} deg leaves no surround between {self.center_diameter + 2 * self.gap:g} and "
                f"surround_diameter = {self.surround_diameter} deg: enlarge the surround, or narrow the gap."
            )
        if (feature.period is None) != (self.domain is not None):
            need = "needs a domain (low, high)" if feature.period is None else "is circular and takes no domain"
            raise ValueError(f"feature {self.feature!r} {need}; domain = {self.domain}.")
        if self.domain is not None and not self.domain[0] < self.domain[1]:
            raise ValueError(f"domain = {self.domain}: must be (low, high) with low < high.")

    @property
    def axis(self) -> Feature:
        """The feature with its unit and period."""
        return feature_named(self.feature)

    @property
    def preferences(self) -> np.ndarray:
        """Preferred values of the channels in the feature's unit; shape (n_channels,)."""
        if self.domain is not None:
            return np.linspace(*self.domain, self.n_channels)
        period = self.axis.period or 0.0
        steps = self.n_channels - (self.spacing == "duplicated")
        return self.first_preference + np.arange(self.n_channels) * period / steps

    def replaced(self, **changes: Any) -> Preparation:
        """Return a copy with some fields changed.

        `pitch`, `shape` and `boundary` change the sheet. Raises UnknownNameError for other unknown fields.
        """
        known = {field.name for field in fields(self)} - {"name"}
        of_sheet = {field.name for field in fields(Sheet)}
        for name in changes:
            if name not in known | of_sheet:
                raise unknown_name("preparation field", name, known | of_sheet)
        inner = {name: value for name, value in changes.items() if name in of_sheet}
        outer = {name: value for name, value in changes.items() if name in known}
        sheet = replace(outer.pop("sheet", self.sheet), **inner)
        return replace(self, sheet=sheet, **outer)
