"""The screen: how many pixels, how large each is, and where each lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stimuli.doors import door
from stimuli.validation import positive


@door
@dataclass(frozen=True, kw_only=True)
class Display:
    """Describe a flat screen with square pixels by its size and its resolution.

    Parameters
    ----------
    size_px : tuple of int
        (height, width) in pixels.
    ppd : float
        Pixels per degree of visual angle, at the screen's centre and taken as constant over the screen.
    refresh_hz : float
        Frames per second. Movies show temporal frequencies below half of it.
    allow_undersampling : bool
        Draw what pixels or frames sample too coarsely, with its false frequencies: spatial frequencies at or above
        `nyquist` and temporal ones at or above half of `refresh_hz`, which are refused otherwise, and harmonics of
        square waves, which are warned of.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, a rate not a positive finite number, or allow_undersampling neither
        True nor False.
    """

    size_px: tuple[int, int]
    ppd: float
    refresh_hz: float = 60.0
    allow_undersampling: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "size_px", _pixels(self.size_px))
        object.__setattr__(self, "ppd", positive("ppd", self.ppd, unit="pixels/deg"))
        object.__setattr__(self, "refresh_hz", positive("refresh_hz", self.refresh_hz, unit="Hz"))
        if not isinstance(self.allow_undersampling, (bool, np.bool_)):
            raise TypeError(f"allow_undersampling is {self.allow_undersampling!r}; True or False is needed.")
        object.__setattr__(self, "allow_undersampling", bool(self.allow_undersampling))

    @classmethod
    def from_viewing(
        cls,
        *,
        size_px: tuple[int, int],
        width_cm: float,
        distance_cm: float,
        refresh_hz: float = 60.0,
        allow_undersampling: bool = False,
    ) -> Display:
        """Compute the pixels per degree from a screen's width and its viewing distance.

        One degree centred on the line of sight covers ``2 * distance * tan(0.5 deg)`` of a flat screen; this is the
        resolution at the screen's centre, kept for the whole screen. (Away from the centre a degree covers more
        pixels: 3 % more at 10 degrees.)

        Parameters
        ----------
        size_px : tuple of int
            (height, width) in pixels.
        width_cm, distance_cm : float
            Width of the visible picture and distance of the eye, cm.
        refresh_hz, allow_undersampling
            As in `Display`.

        Returns
        -------
        Display
        """
        width_px = _pixels(size_px)[1]
        width_cm = positive("width_cm", width_cm, unit="cm")
        cm_per_degree = 2 * positive("distance_cm", distance_cm, unit="cm") * math.tan(math.radians(0.5))
        return cls(
            size_px=size_px,
            ppd=width_px / width_cm * cm_per_degree,
            refresh_hz=refresh_hz,
            allow_undersampling=allow_undersampling,
        )

    @property
    def extent_deg(self) -> tuple[float, float]:
        """(height, width) of the screen in degrees."""
        height, width = self.size_px
        return height / self.ppd, width / self.ppd

    @property
    def nyquist(self) -> float:
        """Spatial frequency, cycles/degree, at and above which pixels no longer show a grating along their rows."""
        return self.ppd / 2

    def grid(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the positions of the pixel centres.

        Returns
        -------
        x : ndarray, shape (width,)
            Degrees, increasing to the right, symmetric about 0.
        y : ndarray, shape (height,)
            Degrees, decreasing with the row: row 0 is the top of the screen.
        """
        height, width = self.size_px
        x = (np.arange(width, dtype=np.float64) - (width - 1) / 2) / self.ppd
        y = ((height - 1) / 2 - np.arange(height, dtype=np.float64)) / self.ppd
        return x, y


def _pixels(size_px: tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) as two positive ints, or raise."""
    try:
        height, width = size_px
        whole = int(height) == height and int(width) == width
    except (TypeError, ValueError) as error:
        raise TypeError(f"size_px is {size_px!r}; two whole numbers are needed: (height, width).") from error
    if not whole or height < 1 or width < 1:
        raise ValueError(f"size_px is {size_px!r}; (height, width) must be whole numbers of at least 1.")
    return int(height), int(width)
