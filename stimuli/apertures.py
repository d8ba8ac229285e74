"""Windows: where on the screen a pattern is seen, as a number from 0 to 1 at every place."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stimuli.areas import disc_in_cells, gaussian_in_cells, interval_in_cells, soft_disc_in_cells
from stimuli.doors import door
from stimuli.validation import TOLERANCE_DEG, non_negative, one_of, point, positive

Array = NDArray[np.float64]

APERTURES = ("disc", "square", "gaussian")
GAUSSIAN_SDS = 6.0
"""Diameter of a Gaussian window in standard deviations (PsychoPy's convention)."""
SMALLEST_DEG, LARGEST_DEG = 1e-6, 1e6
"""Sizes and places beyond which squares of lengths lose the window to rounding."""


@door
@dataclass(frozen=True, kw_only=True)
class Window:
    """Describe a window: 1 inside its edge, 0 outside, with an optional ramp and an optional hole.

    The edge belongs to the inside, and the edge of a hole to the hole, so a centre and the surround that abuts on it
    share the plane without overlap: their windows sum to 1 everywhere, on soft edges too.

    Parameters
    ----------
    aperture : {"disc", "square", "gaussian"}
        Shape. A Gaussian has a standard deviation of ``diameter / 6`` and no edge.
    diameter : float or None
        Diameter of a disc, side of a square, 6 standard deviations of a Gaussian, degrees. None: everywhere 1.
    edge_width : float
        Width of the raised-cosine ramp centred on the edge, degrees, in [0, diameter]. A square's ramp is the product
        of one along x and one along y.
    position : tuple of float
        (x, y) of the centre, degrees; also the origin of the phase of what is seen through the window.
    hole : Window or None
        A disc or square in which nothing is seen. It must lie inside, ramps included.

    Attributes
    ----------
    key : tuple
        Flat values that two windows share exactly if they are equal; quick to hash and to compare.

    Raises
    ------
    TypeError, ValueError
        If a size is not positive or, with its place, absurd (below 1e-6 or above 1e6 deg), a ramp is wider than its
        shape, or the hole does not fit (an annulus inside out).
    """

    aperture: str = "disc"
    diameter: float | None = None
    edge_width: float = 0.0
    position: tuple[float, float] = (0.0, 0.0)
    hole: Window | None = None
    key: tuple[object, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one_of("aperture", self.aperture, APERTURES)
        object.__setattr__(self, "position", point("position", self.position))
        object.__setattr__(self, "edge_width", non_negative("edge_width", self.edge_width, unit="deg"))
        if self.diameter is not None:
            object.__setattr__(self, "diameter", positive("diameter", self.diameter, unit="deg"))
        self._refuse_absurd()
        self._refuse_edge()
        if self.hole is not None:
            self._refuse_hole(self.hole)
        mine = (self.aperture, self.diameter, self.edge_width, *self.position)
        object.__setattr__(self, "key", mine if self.hole is None else mine + self.hole.key)

    def _refuse_absurd(self) -> None:
        if self.diameter is not None and not SMALLEST_DEG <= self.diameter <= LARGEST_DEG:
            raise ValueError(
                f"diameter is {self.diameter:g} deg; it must lie between {SMALLEST_DEG:g} and {LARGEST_DEG:g} deg. "
                "Use diameter=None for a pattern without an edge."
            )
        if max(map(abs, self.position)) > LARGEST_DEG:
            raise ValueError(f"position is {self.position} deg; it must lie within {LARGEST_DEG:g} deg of (0, 0).")

    def _refuse_edge(self) -> None:
        if self.aperture == "gaussian":
            if self.diameter is None:
                raise ValueError("diameter is None; a Gaussian window needs one (6 standard deviations).")
            if self.edge_width:
                raise ValueError(f"edge_width is {self.edge_width:g} deg; a Gaussian window has no edge. Leave it 0.")
        elif self.edge_width and self.diameter is None:
            raise ValueError(
                f"edge_width is {self.edge_width:g} deg but diameter is None; a pattern that fills the display has "
                "no edge. Give a diameter or leave edge_width 0."
            )
        elif self.diameter is not None and self.edge_width > self.diameter:
            raise ValueError(
                f"edge_width is {self.edge_width:g} deg; it must be at most the diameter, {self.diameter:g} deg, "
                "or the window never reaches 1."
            )

    def _refuse_hole(self, hole: Window) -> None:
        if hole.diameter is None or hole.aperture == "gaussian" or hole.hole is not None:
            raise ValueError(f"the hole is {hole}; it must be a plain disc or square with a diameter.")
        if self.aperture == "gaussian":
            raise ValueError("aperture is 'gaussian'; only a disc or a square can have a hole. Use one of those.")
        if self.diameter is None:
            return
        if self.diameter <= hole.diameter + TOLERANCE_DEG:
            raise ValueError(
                f"an annulus inside out: outer diameter {self.diameter:g} deg, inner {hole.diameter:g} deg; the outer "
                "must be larger. Enlarge it, or shrink the centre or the gap."
            )
        room = self.diameter / 2 - self.edge_width / 2 - _reach(hole, self)
        if room < -TOLERANCE_DEG:
            raise ValueError(
                f"the hole (diameter {hole.diameter:g} deg, edge_width {hole.edge_width:g} deg, at {hole.position}) "
                f"crosses the edge of its {self.aperture} (diameter {self.diameter:g} deg, edge_width "
                f"{self.edge_width:g} deg, at {self.position}) by {-room:g} deg. Enlarge the outer diameter, or make "
                "the edges narrower."
            )

    def sample(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Return the window at points.

        Parameters
        ----------
        x, y : array_like
            Degrees; they broadcast together.

        Returns
        -------
        ndarray
            Values in [0, 1], of the broadcast shape.
        """
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        outer = self._shape(x, y)
        return outer if self.hole is None else outer - self.hole._shape(x, y)

    def average(self, x: ArrayLike, y: ArrayLike, *, cell: float) -> Array:
        """Return the window's average over square cells; at points if the side is 0.

        Exact to rounding error, but for discs with a ramp: see `stimuli.areas.soft_disc_in_cells`.

        Parameters
        ----------
        x, y : array_like
            Centres of the cells, degrees; they broadcast together.
        cell : float
            Side of the cells, degrees, 0 or larger.

        Returns
        -------
        ndarray
            Values in [0, 1], of the broadcast shape.
        """
        if non_negative("cell", cell, unit="deg") == 0:
            return self.sample(x, y)
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        outer = self._shape_in_cells(x, y, cell)
        return outer if self.hole is None else np.maximum(outer - self.hole._shape_in_cells(x, y, cell), 0.0)

    def _shape(self, x: Array, y: Array) -> Array:
        if self.diameter is None:
            return np.ones(np.broadcast_shapes(x.shape, y.shape))
        x, y = x - self.position[0], y - self.position[1]
        if self.aperture == "gaussian":
            sd = self.diameter / GAUSSIAN_SDS
            return np.exp(-(x**2) / (2 * sd**2)) * np.exp(-(y**2) / (2 * sd**2))
        if self.aperture == "square":
            return self._edge(np.abs(x)) * self._edge(np.abs(y))
        return self._edge(np.sqrt(x**2 + y**2))

    def _edge(self, distance: Array) -> Array:
        assert self.diameter is not None
        radius, e = self.diameter / 2, self.edge_width
        if e <= TOLERANCE_DEG:
            return (distance <= radius + TOLERANCE_DEG).astype(np.float64)
        return 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - radius) / e + 0.5, 0.0, 1.0))

    def _shape_in_cells(self, x: Array, y: Array, cell: float) -> Array:
        if self.diameter is None:
            return np.ones(np.broadcast_shapes(x.shape, y.shape))
        x, y = x - self.position[0], y - self.position[1]
        radius = self.diameter / 2
        if self.aperture == "gaussian":
            sd = self.diameter / GAUSSIAN_SDS
            return gaussian_in_cells(x, cell=cell, sd=sd) * gaussian_in_cells(y, cell=cell, sd=sd)
        if self.aperture == "square":
            along_x = interval_in_cells(x, cell=cell, radius=radius, edge_width=self.edge_width)
            return along_x * interval_in_cells(y, cell=cell, radius=radius, edge_width=self.edge_width)
        if self.edge_width > TOLERANCE_DEG:
            return soft_disc_in_cells(x, y, cell=cell, radius=radius, edge_width=self.edge_width)
        return disc_in_cells(x, y, cell=cell, radius=radius)


def _reach(hole: Window, outer: Window) -> float:
    """Return how far a hole, ramp included, extends from its outer window's centre in that window's own metric."""
    assert hole.diameter is not None
    radius = hole.diameter / 2 + hole.edge_width / 2
    dx, dy = (abs(a - b) for a, b in zip(hole.position, outer.position, strict=True))
    if outer.aperture == "square":
        return max(dx, dy) + radius
    return hypot(dx + radius, dy + radius) if hole.aperture == "square" else hypot(dx, dy) + radius
