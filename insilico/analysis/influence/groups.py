"""The named tests, and how pairs are sorted by distance and by correlation for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insilico.analysis.influence.pairs import DIRECT_UM
from stimuli.doors import door
from stimuli.errors import unknown_name

DISTANCE_MODELS = ("bins", "lines", "exact", "piecewise")
DISTANCE_BINS_UM = (25, 45, 65, 85, 105, 130, 160, 200, 250, 300, 350, 400, 450, 500, 550, 600)  # the last is open


@dataclass(frozen=True, kw_only=True)
class StatisticalTest:
    """One named test of one statistic.

    Parameters
    ----------
    letter, name, unit
        The letter of the finding it belongs to, its own name, the unit of its effect.
    claim
        −1 or +1: the published sign, and the direction of the one-sided test.
    """

    letter: str
    name: str
    unit: str
    claim: int


TESTS = (
    StatisticalTest(letter="a", name="mean influence", unit="residual s.d.", claim=-1),
    StatisticalTest(letter="b", name="near - mid", unit="residual s.d.", claim=1),
    StatisticalTest(letter="b", name="mid - far", unit="residual s.d.", claim=-1),
    StatisticalTest(letter="c", name="weak slope", unit="residual s.d. / correlation", claim=-1),
    StatisticalTest(letter="d", name="strong slope", unit="residual s.d. / correlation", claim=1),
    StatisticalTest(letter="d", name="interaction", unit="residual s.d. / correlation", claim=1),
    StatisticalTest(letter="e", name="gain", unit="1", claim=-1),
)
LETTERS = "abcde"


@door
@dataclass(frozen=True, kw_only=True)
class PairGroups:
    """How pairs are sorted by distance and by correlation.

    Parameters
    ----------
    class_edges_um
        Lower edges of near, mid and far, µm. Pairs at the second and third edge belong to the farther class.
    distance_model
        "bins": a mean for each distance bin x group; "lines": a line over distance for each; "exact": a mean for each
        distance there is, on a lattice of cells, and a line for each bin of strong pairs; "piecewise": one broken line
        over distance and a mean for each group, which leaves d confounded with distance.
    distance_bins_um
        Lower edges of the bins, µm, ascending from 25; the last bin is open. With "piecewise" unused.
    strong_percent
        Pairs in each tail of trace correlation that count as strong, per cent, in (0, 50).
    """

    class_edges_um: tuple[float, float, float] = (DIRECT_UM, 60.0, 300.0)
    distance_model: str = "bins"
    distance_bins_um: tuple[float, ...] = DISTANCE_BINS_UM
    strong_percent: float = 2.5

    def __post_init__(self) -> None:
        """Refuse groups that make no sense."""
        if self.distance_model not in DISTANCE_MODELS:
            raise unknown_name("distance model", self.distance_model, DISTANCE_MODELS)
        for name in ("class_edges_um", "distance_bins_um"):
            edges = getattr(self, name)
            if len(edges) < 1 or edges[0] > DIRECT_UM or (np.diff(edges) <= 0).any():
                raise ValueError(f"{name} is {edges}: must ascend and begin at {DIRECT_UM:g} um or below.")
        if len(self.class_edges_um) != 3:
            raise ValueError(f"class_edges_um is {self.class_edges_um}: three lower edges are needed, near, mid, far.")
        if not 0 < self.strong_percent < 50:
            raise ValueError(f"strong_percent is {self.strong_percent:g}: must be between 0 and 50, for each tail.")


STANDARD_GROUPS = PairGroups()
