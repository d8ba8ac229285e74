"""Two resampling references for the tests: shuffled tuning, and the bootstrap over pairs of the paper.

`tuning_permutation` gives every neuron the signal correlations of another neuron of its field, the same for all targets
as far as their pairs allow, and keeps all distances. The statistic that is compared is t, clustered by field: noise is
tuned too, so that shuffling tuning narrows the slopes themselves.

`as_published` resamples single pairs (Chettih & Harvey 2019: 10,000 times). Pairs share targets, neurons, trials and
the sham mean, so that it rejects far too often; the rate is shown beside it. Do not use it for inference.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from insilico.analysis.influence.design import FAR, MID, NEAR, STRONG, InfluenceDesign
from insilico.analysis.influence.groups import STANDARD_GROUPS, PairGroups
from insilico.analysis.influence.ordinal import LEVEL
from insilico.analysis.influence.pairs import PairTable, pair_table
from stimuli.doors import door

TEST = "test"
PERMUTED = {"weak slope": -1, "strong slope": 1, "interaction": 1}  # and the published sign
PUBLISHED_RESAMPLES = 10_000  # Chettih & Harvey 2019, Extended Data 7d
BATCH = 32
PAIR_FALSE_POSITIVES = {  # two-sided at 5 %, "as published" without influence: calibration(n=1000, seed=0)
    "mean influence": 0.752,
    "near - mid": 0.112,
    "mid - far": 0.366,
    "weak slope": 0.253,
    "strong slope": 0.122,
    "interaction": 0.097,
}


@door
def tuning_permutation(
    pairs: xr.Dataset, *, n: int = 999, seed: int, groups: PairGroups = STANDARD_GROUPS
) -> xr.Dataset:
    """Compare the slopes on signal correlation with those of shuffled tuning.

    Parameters
    ----------
    pairs
        See `insilico.analysis.influence.pairs`; two fields or more.
    n, seed
        Number of permutations and seed of them.
    groups
        Of the pairs.

    Returns
    -------
    xarray.Dataset
        Dims (test,): `effect`, `t`, `p_one_sided` in the published direction, `p_two_sided`; NaN where undefined.
    """
    return permutation_of(pair_table(pairs), n=n, rng=np.random.default_rng(seed), groups=groups)


def permutation_of(table: PairTable, *, n: int, rng: np.random.Generator, groups: PairGroups) -> xr.Dataset:
    """Return `tuning_permutation` of bare pairs."""
    if n < 1:
        raise ValueError(f"n is {n}: must be 1 or more permutations; 999 resolve p to .001.")
    design = InfluenceDesign(table=table, groups=groups)
    effect, t = _slopes(design, table["signal_correlation"])
    shuffled = np.array([_slopes(design, signal)[1] for signal in shuffled_tunings(table, n=n, rng=rng)])
    claim = np.array(list(PERMUTED.values()))
    defined = np.isfinite(t) & np.isfinite(shuffled).all(axis=0)

    def p_value(beyond: np.ndarray) -> np.ndarray:
        return np.where(defined, (1 + beyond.sum(axis=0)) / (n + 1), np.nan)

    return xr.Dataset(
        {
            "effect": (TEST, effect),
            "t": (TEST, t),
            "p_one_sided": (TEST, p_value(claim * shuffled >= claim * t)),
            "p_two_sided": (TEST, p_value(np.abs(shuffled) >= np.abs(t))),
        },
        {TEST: list(PERMUTED)},
        {"title": "slopes against shuffled tuning", "n": n},
    )


def shuffled_tunings(table: PairTable, *, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield n times the signal correlations (n_pairs,), those of each target permuted over its neurons.

    One permutation of the neurons serves all targets of a field; where it leads a target to a neuron with which it
    makes no pair, it is followed further, so that every target keeps its own set of signal correlations.
    """
    places = list(_places(table))
    signal = table["signal_correlation"]
    for _ in range(n):
        result = signal.copy()
        for place in places:
            order = rng.permutation(place.shape[1])
            source = np.broadcast_to(order, place.shape).copy()
            rows = np.arange(len(place))[:, None]
            while (missing := place[rows, source] < 0).any():
                source[missing] = order[source[missing]]
                missing &= place >= 0
                if not missing.any():
                    break
            there = place >= 0
            result[place[there]] = signal[place[rows, source][there]]
        yield result


@door
def as_published(
    pairs: xr.Dataset, *, resamples: int = PUBLISHED_RESAMPLES, seed: int, strong_percent: float = 2.5
) -> xr.Dataset:
    """Return tests a-d as the paper makes them: a bootstrap over pairs, distance by a broken line.

    Parameters
    ----------
    pairs
        See `insilico.analysis.influence.pairs`.
    resamples, seed
        Number of bootstrap samples and seed of them.
    strong_percent
        See `PairGroups`.

    Returns
    -------
    xarray.Dataset
        Dims (test,): `effect`, `low`, `high` (95 % percentile interval), `p_two_sided`, and `false_positive_rate`: how
        often such a test rejects at 5 % where there is no influence (`calibration`).
    """
    if resamples < 2:
        raise ValueError(f"resamples is {resamples}: must be 2 or more; the paper has {PUBLISHED_RESAMPLES}.")
    groups = PairGroups(distance_model="piecewise", strong_percent=strong_percent)
    products = _PairProducts(InfluenceDesign(table=pair_table(pairs), groups=groups))
    rng = np.random.default_rng(seed)
    size = len(products.columns)
    found = products.effects(np.ones((1, size)))[0]
    drawn = []
    for start in range(0, resamples, BATCH):
        rows = min(BATCH, resamples - start)
        counts = np.array(
            [np.bincount(rng.integers(size, size=size), minlength=size) for _ in range(rows)], dtype=float
        )
        drawn.append(products.effects(counts))
    samples = np.concatenate(drawn)
    low, high = np.percentile(samples, [100 * LEVEL / 2, 100 * (1 - LEVEL / 2)], axis=0)
    beyond = np.minimum((samples <= 0).sum(axis=0), (samples >= 0).sum(axis=0))
    return xr.Dataset(
        {
            "effect": (TEST, found),
            "low": (TEST, low),
            "high": (TEST, high),
            "p_two_sided": (TEST, np.minimum(1.0, 2 * (1 + beyond) / (resamples + 1))),
            "false_positive_rate": (TEST, [PAIR_FALSE_POSITIVES.get(name, np.nan) for name in products.names]),
        },
        {TEST: list(products.names)},
        {"title": "as published: bootstrap over pairs, which is too liberal", "resamples": resamples},
    )


class _PairProducts:
    """Products of the pairs' variables whose weighted sums give every statistic of a resample."""

    names = ("mean influence", "near - mid", "mid - far", "weak slope", "strong slope", "interaction")

    def __init__(self, design: InfluenceDesign) -> None:
        y = design.table["influence"]
        signal, distance = design.table["signal_correlation"], design.table["distance_um"] / 100
        strong = (design.group == STRONG).astype(float)
        knots = (max(0.0, edge) / 100 for edge in design.groups.class_edges_um[1:])
        lines = [distance, *(np.maximum(distance - knot, 0.0) for knot in knots)]
        x = np.column_stack([signal * (1 - strong), signal * strong, 1 - strong, strong, *lines])
        self.upper = np.triu_indices(x.shape[1])
        classes = np.column_stack([design.distance_class == c for c in (NEAR, MID, FAR)]).astype(float)
        squares = x[:, self.upper[0]] * x[:, self.upper[1]]
        self.columns = np.column_stack([classes, classes * y[:, None], x * y[:, None], squares])
        self.n_columns = x.shape[1]

    def effects(self, counts: np.ndarray) -> np.ndarray:
        """Return the statistics of resamples in which pair i occurs counts[:, i] times; shape (rows, 6)."""
        sums = counts @ self.columns
        members, totals = sums[:, :3], sums[:, 3:6]
        near, mid, far = (totals / members).T
        moment = sums[:, 6 : 6 + self.n_columns]
        square = np.zeros((len(counts), self.n_columns, self.n_columns))
        square[:, self.upper[0], self.upper[1]] = sums[:, 6 + self.n_columns :]
        square[:, self.upper[1], self.upper[0]] = sums[:, 6 + self.n_columns :]
        weak, strong = np.linalg.solve(square, moment[:, :, None])[:, :2, 0].T
        mean = totals.sum(axis=1) / members.sum(axis=1)
        return np.column_stack([mean, near - mid, mid - far, weak, strong, strong - weak])


def _slopes(design: InfluenceDesign, signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = design.slopes_by_field(design.table["influence"], signal)
    at = [found.names.index(name) for name in PERMUTED]
    effect = found.effect[at]
    return effect, effect / found.standard_error["field"][at]


def _places(table: PairTable) -> Iterator[np.ndarray]:
    for field in range(table.n_fields):
        here = np.flatnonzero(table.field == field)
        _, row = np.unique(table.target[here], return_inverse=True)
        _, column = np.unique(table.neuron[here], return_inverse=True)
        place = np.full((row.max() + 1, column.max() + 1), -1)
        place[row, column] = here
        yield place
