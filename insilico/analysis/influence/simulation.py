"""Repeated experiments on a pool of fields: draw fields, targets and trials, and measure every statistic.

The pool is the population: an experiment draws its fields from it, with replacement, and some of each field's targets.
The true effect of a statistic is that of the whole pool without noise. "shuffled tuning" gives every neuron the tuning
of another of its field (responses, correlations, noise) and leaves influences and positions: influences keep their
dependence on distance and a structure like that of tuning, but tuning says nothing about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import xarray as xr
from scipy import stats

from insilico.analysis.influence.design import CLUSTERINGS, InfluenceDesign
from insilico.analysis.influence.groups import STANDARD_GROUPS, TESTS, PairGroups
from insilico.analysis.influence.measures import signal_correlation, trace_correlation
from insilico.analysis.influence.noise import FieldNoise
from insilico.analysis.influence.ordinal import LEVEL
from insilico.analysis.influence.pairs import PairTable, pair_table
from insilico.analysis.influence.plan import ExperimentSize
from insilico.analysis.influence.trials import FieldPairs, PairNoise, pair_noise
from insilico.running.tasks import run_tasks
from stimuli.doors import door
from stimuli.errors import unknown_name

SIMULATION, TEST, ESTIMATOR = "simulation", "test", "estimator"
AS_PUBLISHED = "as published"
ESTIMATORS = (*CLUSTERINGS, AS_PUBLISHED)
SHARE = 50  # experiments that a process takes at a time
NULLS = ("none", "no influence", "shuffled tuning")


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldPool:
    """Fields to draw experiments from.

    Parameters
    ----------
    table
        All pairs, with expected influences.
    noise
        Of every field.
    starts
        First pair of each field, and the number of pairs; shape (n_fields + 1,).
    """

    table: PairTable
    noise: PairNoise
    starts: np.ndarray

    def true_effects(self, groups: PairGroups = STANDARD_GROUPS) -> dict[str, float]:
        """Return every statistic of the whole pool without noise."""
        design = InfluenceDesign(table=self.table, groups=groups)
        own = self.table["influence_at_preferred"]
        found = design.estimates(self.table["influence"], own, clusterings=())
        return dict(zip(found.names, map(float, found.effect), strict=True))

    def draw(self, size: ExperimentSize, rng: np.random.Generator, *, null: str = "none") -> PairTable:
        """Return the pairs of one experiment with observed influences.

        Parameters
        ----------
        size
            Of the experiment.
        rng
            Source of fields, targets and trials.
        null
            "none", "no influence" (expected influences are zero) or "shuffled tuning".
        """
        chosen = rng.integers(len(self.noise.fields), size=size.n_fields)
        parts = [self._field(int(f), size, rng, null) for f in chosen]
        numbers = [np.full(len(part["row"]), i) for i, part in enumerate(parts)]
        field = np.concatenate(numbers)
        row, column = (np.concatenate([part.pop(name) for part in parts]) for name in ("row", "column"))
        widest = max(len(f.noise.neurons) for f in self.noise.fields)
        neuron = _renumbered(field * widest + column.astype(int))
        measures = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return PairTable(field=field, target=field * size.n_targets + row.astype(int), neuron=neuron, measures=measures)

    def _field(self, number: int, size: ExperimentSize, rng: np.random.Generator, null: str) -> dict[str, np.ndarray]:
        pairs = self.noise.fields[number]
        here = slice(self.starts[number], self.starts[number + 1])
        measures = {name: values[here] for name, values in self.table.measures.items()}
        if size.n_targets < len(pairs.targets):
            pairs, kept = _some_targets(pairs, size.n_targets, rng)
            measures = {name: values[kept] for name, values in measures.items()}
        elif size.n_targets > len(pairs.targets):
            raise ValueError(
                f"n_targets is {size.n_targets}: field number {number} of the pool has {len(pairs.targets)}."
            )
        if null == "shuffled tuning":
            pairs, shuffled = _shuffled(pairs, rng)
            measures.update(shuffled)
        overall, own = pairs.draw(size.plan, rng)
        expected = 0.0 if null == "no influence" else 1.0
        measures["influence"] = expected * measures["influence"] + overall
        measures["influence_at_preferred"] = expected * measures["influence_at_preferred"] + own
        return {**measures, "row": pairs.row, "column": pairs.column}


@door
def field_pool(pairs: xr.Dataset, noises: Mapping[object, FieldNoise]) -> FieldPool:
    """Return the pool of the fields of a Dataset of pairs with expected influences and all variables for test e."""
    table = pair_table(pairs)
    starts = np.searchsorted(table.field, np.arange(table.n_fields + 1))
    return FieldPool(table=table, noise=pair_noise(pairs, noises), starts=starts)


@door
def simulated(
    pool: FieldPool,
    size: ExperimentSize,
    *,
    n: int,
    seed: int,
    null: str = "none",
    estimators: tuple[str, ...] = ESTIMATORS,
    groups: PairGroups = STANDARD_GROUPS,
    processes: int = 1,
    progress: bool = False,
) -> xr.Dataset:
    """Return effects, standard errors and p values of n experiments.

    Parameters
    ----------
    pool
        The population.
    size
        Of each experiment.
    n, seed
        Number of experiments; experiment i draws from a generator of (seed, i), whatever n is.
    null
        See `FieldPool.draw`.
    estimators
        Clusterings ("field", "target", "target and neuron", "pair"), and "as published": pairs taken as independent and
        distance by one broken line, the limit of `insilico.analysis.influence.resampling.as_published`.
    groups
        Of the pairs; not for "as published".
    processes
        To share the experiments; changes nothing but the time.
    progress
        True draws a progress bar, named by null and size.

    Returns
    -------
    xarray.Dataset
        Dims (simulation, estimator, test): `effect`, `standard_error`, `p_one_sided`, `p_two_sided`, and the 95 %
        interval `low`, `high`.
    """
    if n < 1:
        raise ValueError(f"n is {n}: must be 1 or more simulated experiments.")
    if null not in NULLS:
        raise unknown_name("null", null, NULLS)
    simulate = partial(_some, pool, size, seed, null, estimators, groups)
    shares = [range(start, min(start + SHARE, n)) for start in range(0, n, SHARE)]
    done = run_tasks(simulate, shares, name=_name(size, null), unit="share", processes=processes, progress=progress)
    found = [one for share in done for one in share]
    effect, error, df = (np.array([one[part] for one in found]) for part in range(3))
    t, freedom = effect / error, df[..., None]
    half = stats.t.ppf(1 - LEVEL / 2, freedom) * error
    claim = np.array([test.claim for test in TESTS])
    columns = {
        "effect": effect,
        "standard_error": error,
        "p_one_sided": stats.t.sf(claim * t, freedom),
        "p_two_sided": 2 * stats.t.sf(np.abs(t), freedom),
        "low": effect - half,
        "high": effect + half,
    }
    return xr.Dataset(
        {name: ((SIMULATION, ESTIMATOR, TEST), values) for name, values in columns.items()},
        {
            TEST: [test.name for test in TESTS],
            "letter": (TEST, [test.letter for test in TESTS]),
            ESTIMATOR: list(estimators),
        },
        {"n": n, "seed": seed, "null": null, **size.to_dict()},
    )


def _name(size: ExperimentSize, null: str) -> str:
    return f"{size.n_fields} fields, {size.n_targets} targets, {size.plan.trials} trials, null: {null}"


_Measured = tuple[list[np.ndarray], list[np.ndarray], list[int]]


def _some(
    pool: FieldPool,
    size: ExperimentSize,
    seed: int,
    null: str,
    estimators: tuple[str, ...],
    groups: PairGroups,
    numbers: range,
) -> list[_Measured]:
    """Measure the experiments of some numbers."""
    return [
        _measured(pool.draw(size, np.random.default_rng([seed, i]), null=null), estimators, groups) for i in numbers
    ]


def _measured(table: PairTable, estimators: tuple[str, ...], groups: PairGroups) -> _Measured:
    clusterings = tuple(m for m in estimators if m != AS_PUBLISHED)
    y, own = table["influence"], table["influence_at_preferred"]
    found = InfluenceDesign(table=table, groups=groups).estimates(y, own, clusterings=clusterings)
    effect = [found.effect] * len(clusterings)
    error = [found.standard_error[c] for c in clusterings]
    df = [found.df[c] for c in clusterings]
    if AS_PUBLISHED in estimators:
        published = InfluenceDesign(table=table, groups=replace(groups, distance_model="piecewise"))
        found = published.estimates(y, own, clusterings=("pair",))
        place = estimators.index(AS_PUBLISHED)
        effect.insert(place, found.effect)
        error.insert(place, found.standard_error["pair"])
        df.insert(place, found.df["pair"])
    return effect, error, df


def _renumbered(numbers: np.ndarray) -> np.ndarray:
    there = np.bincount(numbers) > 0
    return np.asarray((np.cumsum(there) - 1)[numbers])


def _some_targets(pairs: FieldPairs, n: int, rng: np.random.Generator) -> tuple[FieldPairs, np.ndarray]:
    chosen = np.sort(rng.choice(len(pairs.targets), size=n, replace=False))
    place = np.full(len(pairs.targets), -1)
    place[chosen] = np.arange(n)
    kept = np.flatnonzero(place[pairs.row] >= 0)
    fewer = FieldPairs(
        noise=pairs.noise,
        targets=pairs.targets[chosen],
        preferred=pairs.preferred[chosen],
        row=place[pairs.row[kept]],
        column=pairs.column[kept],
    )
    return fewer, kept


def _shuffled(pairs: FieldPairs, rng: np.random.Generator) -> tuple[FieldPairs, dict[str, np.ndarray]]:
    noise = pairs.noise.reordered(rng.permutation(len(pairs.noise.neurons)))
    at = (pairs.targets[pairs.row], pairs.column)
    measures = {
        "signal_correlation": signal_correlation(noise.events)[at],
        "trace_correlation": trace_correlation(noise)[at],
    }
    return replace(pairs, noise=noise, preferred=noise.events[pairs.targets].argmax(axis=1)), measures
