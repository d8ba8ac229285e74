"""How often the tests are wrong, and whether predicted power comes true: measured on simulated experiments.

Two kinds of nothing: "no influence", where all that is measured is shared trial noise and the error of finite sham
trials; and "shuffled tuning", where influences depend on distance and have a structure like that of tuning, but tuning
says nothing about them (c and d). Every cell of the tables has n experiments behind it: at a rate of .05 and n = 1,000
its own standard error is .007.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from insilico.analysis.influence.design import InfluenceDesign
from insilico.analysis.influence.groups import STANDARD_GROUPS, TESTS, PairGroups
from insilico.analysis.influence.ordinal import LEVEL
from insilico.analysis.influence.plan import ExperimentSize, TrialPlan
from insilico.analysis.influence.power import planned
from insilico.analysis.influence.simulation import (
    ESTIMATOR,
    SIMULATION,
    TEST,
    FieldPool,
    field_pool,
    simulated,
)
from insilico.analysis.influence.synthetic import SyntheticPopulation, synthetic_experiment
from stimuli.doors import door

STANDARD_SIZE = ExperimentSize(n_fields=20, n_targets=26, plan=TrialPlan(trials=80, sham_trials=800))
SIZES = (
    ExperimentSize(n_fields=8, n_targets=8, plan=TrialPlan(trials=24, sham_trials=240)),
    STANDARD_SIZE,
    ExperimentSize(n_fields=20, n_targets=26, plan=TrialPlan(trials=240, sham_trials=1200)),
)
NULL_TESTS = {"no influence": "abcde", "shuffled tuning": "cd"}  # letters whose effect is zero under each
RATE_BAR, COVERAGE_BAR = (0.03, 0.07), (0.92, 0.98)
POOL_FIELDS, POOL_SEED = 60, 1
POWER_BAR = 0.07


def synthetic_pool() -> FieldPool:
    """Return a pool of made-up fields with all five published signs."""
    pairs, _, noises = synthetic_experiment(seed=POOL_SEED, population=SyntheticPopulation(n_fields=POOL_FIELDS))
    return field_pool(pairs, noises)


@door
def calibration(
    n: int = 1000,
    seed: int = 0,
    *,
    pool: FieldPool | None = None,
    size: ExperimentSize = STANDARD_SIZE,
    groups: PairGroups = STANDARD_GROUPS,
    processes: int = 1,
    progress: bool = False,
) -> xr.Dataset:
    """Measure false positives at 5 % and the coverage of 95 % intervals for every test and way of clustering.

    Parameters
    ----------
    n, seed
        Simulated experiments for each cell, and seed of them.
    pool
        Fields with expected influences; made-up ones if None.
    size
        Of each experiment.
    groups
        Of the pairs.
    processes
        To share the experiments.
    progress
        True draws progress bars.

    Returns
    -------
    xarray.Dataset
        `false_positive_rate` (null, estimator, side, test), NaN where a test's effect is not zero under a null;
        `coverage` (estimator, test) of the pool's true effect; `holds` (estimator, test): all rates between 3 and 7 %
        and coverage between 92 and 98 %.
    """
    fields = synthetic_pool() if pool is None else pool
    simulate = partial(simulated, fields, size, n=n, seed=seed, groups=groups, processes=processes, progress=progress)
    rates = [_rates(simulate(null=null), letters) for null, letters in NULL_TESTS.items()]
    rate = xr.concat(rates, dim=xr.DataArray(list(NULL_TESTS), dims="null", name="null"))
    coverage = _coverage(simulate(), fields.true_effects(groups))
    low, high = RATE_BAR
    inside = ((rate >= low) & (rate <= high)) | rate.isnull()
    covered = (coverage >= COVERAGE_BAR[0]) & (coverage <= COVERAGE_BAR[1])
    return xr.Dataset(
        {
            "false_positive_rate": rate.assign_attrs(units="1", level=LEVEL),
            "coverage": coverage.assign_attrs(units="1", level=1 - LEVEL),
            "holds": inside.all(["null", "side"]) & covered,
        },
        attrs={"title": "calibration of the influence tests", "n": n, "seed": seed, **size.to_dict()},
    )


@door
def power_agreement(
    n: int = 1000,
    seed: int = 0,
    *,
    pool: FieldPool | None = None,
    sizes: tuple[ExperimentSize, ...] = SIZES,
    groups: PairGroups = STANDARD_GROUPS,
    processes: int = 1,
    progress: bool = False,
) -> xr.Dataset:
    """Compare predicted with simulated power, one-sided at 5 % and clustered by field.

    Parameters
    ----------
    n, seed, pool, groups, processes, progress
        As `calibration`.
    sizes
        Experiments to compare at.

    Returns
    -------
    xarray.Dataset
        `predicted`, `simulated` (size, test); `predicted_letter`, `simulated_letter` (size, letter); `agrees`, whether
        no difference exceeds 7 points.
    """
    fields = synthetic_pool() if pool is None else pool
    plan = planned(InfluenceDesign(table=fields.table, groups=groups), fields.noise)
    simulate = partial(
        simulated,
        fields,
        n=n,
        seed=seed,
        estimators=("field",),
        groups=groups,
        processes=processes,
        progress=progress,
    )
    rows = [_power_row(plan.power(size), simulate(size)) for size in sizes]
    table = xr.concat(rows, dim="size").assign_coords(
        {name: ("size", [size.to_dict()[name] for size in sizes]) for name in sizes[0].to_dict()}
    )
    difference = max(
        float(abs(table["predicted"] - table["simulated"]).max()),
        float(abs(table["predicted_letter"] - table["simulated_letter"]).max()),
    )
    table.attrs = {"n": n, "seed": seed, "largest_difference": difference, "agrees": int(difference <= POWER_BAR)}
    return table


def _rates(runs: xr.Dataset, letters: str) -> xr.DataArray:
    sides = {"one": runs["p_one_sided"], "two": runs["p_two_sided"]}
    rejected = xr.concat([p < LEVEL for p in sides.values()], dim=xr.DataArray(list(sides), dims="side", name="side"))
    rate = rejected.mean(SIMULATION)
    is_null = np.array([test.letter in letters for test in TESTS])
    return rate.where(xr.DataArray(is_null, dims=TEST)).transpose(ESTIMATOR, "side", TEST)


def _coverage(runs: xr.Dataset, true_effects: dict[str, float]) -> xr.DataArray:
    truth = xr.DataArray([true_effects[test.name] for test in TESTS], dims=TEST)
    return ((runs["low"] <= truth) & (truth <= runs["high"])).mean(SIMULATION)


def _power_row(predicted: xr.Dataset, runs: xr.Dataset) -> xr.Dataset:
    hit = (runs["p_one_sided"] < LEVEL).isel({ESTIMATOR: 0}, drop=True)
    letters = predicted["letter"].values
    of_letter = [float(hit.isel({TEST: np.flatnonzero(runs["letter"].values == x)}).all(TEST).mean()) for x in letters]
    return xr.Dataset(
        {
            "predicted": (TEST, predicted["power"].values),
            "simulated": (TEST, hit.mean(SIMULATION).values),
            "predicted_letter": ("letter", predicted["power_of_letter"].values),
            "simulated_letter": ("letter", of_letter),
        },
        {TEST: predicted[TEST].values, "letter": letters},
    )
