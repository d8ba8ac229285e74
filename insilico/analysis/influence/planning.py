"""Before an experiment: how many trials it needs, and what it should look at to tell two circuits apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from insilico.analysis.influence.design import InfluenceDesign
from insilico.analysis.influence.error import OVERALL, PREFERRED, noise_variance
from insilico.analysis.influence.groups import LETTERS, STANDARD_GROUPS, PairGroups
from insilico.analysis.influence.noise import FieldNoise
from insilico.analysis.influence.pairs import NEURON, PAIR, TARGET, pair_table
from insilico.analysis.influence.plan import ExperimentSize, TrialPlan
from insilico.analysis.influence.power import PowerPlan
from insilico.analysis.influence.trials import PairNoise, pair_noise
from stimuli.doors import door

POWER = 0.8
MOST_TRIALS = 1 << 20
DISTANCE_EDGES_UM = (25.0, 60.0, 100.0, 150.0, 200.0, 300.0, 400.0, np.inf)
SIGNAL_EDGES = (-1.0, -0.5, 0.0, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Bins of distance and signal correlation in which two circuits are compared.

    Parameters
    ----------
    distance_edges_um, signal_edges
        Ascending; a value at an edge belongs to the bin above it.
    """

    distance_edges_um: tuple[float, ...] = DISTANCE_EDGES_UM
    signal_edges: tuple[float, ...] = SIGNAL_EDGES

    def __post_init__(self) -> None:
        """Refuse edges that do not ascend."""
        for name in ("distance_edges_um", "signal_edges"):
            edges = getattr(self, name)
            if len(edges) < 2 or (np.diff(edges) <= 0).any():
                raise ValueError(f"{name} is {edges}: two or more ascending edges are needed.")


STANDARD_BINS = Bins()


@door
def power_table(plan: PowerPlan, sizes: Sequence[ExperimentSize]) -> xr.Dataset:
    """Return the predicted power of experiments of several sizes, `PowerPlan.power` with a dimension `size` in front.

    Parameters
    ----------
    plan
        From `insilico.analysis.influence.power.power_plan`; plans of other noise come from other `noises`.
    sizes
        Of the experiments; their numbers become coordinates.
    """
    if not sizes:
        raise ValueError("sizes is empty: one or more ExperimentSize are needed.")
    table = xr.concat([plan.power(size).drop_attrs() for size in sizes], dim="size")
    numbers = [size.to_dict() for size in sizes]
    return table.assign_coords({name: ("size", [row[name] for row in numbers]) for name in numbers[0]})


@door
def trials_needed(
    plan: PowerPlan, *, n_fields: int, n_targets: int, sham_per_trial: float = 10.0, power: float = POWER
) -> xr.DataArray:
    """Return the fewest trials per target at which each finding is predicted to hold with a power.

    Parameters
    ----------
    plan
        From `insilico.analysis.influence.power.power_plan`.
    n_fields, n_targets
        Fields, and targets in each.
    sham_per_trial
        Sham trials of a field / trials of a target.
    power
        Wanted, in (0, 1).

    Returns
    -------
    xarray.DataArray
        Dims (letter,); NaN where no number up to a million is enough: the sign is the other one, or fields differ too
        much for so few of them.
    """
    if not 0 < power < 1:
        raise ValueError(f"power is {power:g}: must be between 0 and 1.")
    if not sham_per_trial > 0:
        raise ValueError(f"sham_per_trial is {sham_per_trial:g}: must be above 0.")
    n_stimuli = len(next(iter(plan.statistics.values())).forms[0].products)
    least = int(np.ceil(n_stimuli * max(1.0, 1 / sham_per_trial)))

    def reached(letter: str, trials: int) -> bool:
        trial_plan = TrialPlan(trials=trials, sham_trials=round(trials * sham_per_trial))
        size = ExperimentSize(n_fields=n_fields, n_targets=n_targets, plan=trial_plan)
        return plan.power_of_letter(letter, size) >= power

    def fewest(letter: str) -> float:
        high = least
        while not reached(letter, high):
            if high >= MOST_TRIALS:
                return float("nan")
            high *= 2
        low = max(least - 1, high // 2)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(letter, middle) else (middle, high)
        return float(high)

    attrs = {"units": "trials/target", "power": power, "n_fields": n_fields, "n_targets": n_targets}
    attrs["sham_per_trial"] = sham_per_trial
    return xr.DataArray([fewest(x) for x in LETTERS], {"letter": list(LETTERS)}, ("letter",), "trials", attrs)


@door
def largest_differences(
    first: xr.Dataset,
    second: xr.Dataset,
    noises: Mapping[object, FieldNoise],
    plan: TrialPlan,
    *,
    bins: Bins = STANDARD_BINS,
    groups: PairGroups = STANDARD_GROUPS,
    n_pairs: int = 20,
) -> xr.Dataset:
    """Rank statistics, bins and single pairs by how well an experiment would tell two circuits apart by them.

    Parameters
    ----------
    first, second
        Expected influences of two circuits for the same pairs, with all variables for test e. Distances, correlations
        and responses are those of the first.
    noises
        Of every field of the first.
    plan
        Trials of the experiment.
    bins, groups
        Of the pairs.
    n_pairs
        Single pairs to list, those with the largest |z|.

    Returns
    -------
    xarray.Dataset
        Dims (contrast,), sorted by |z|: `kind` ("statistic", "bin", "pair"), `first`, `second`, `standard_error` of the
        trial noise, `z` = (second − first) / standard error, `n` pairs.
    """
    for name in (TARGET, NEURON):
        if first.sizes[PAIR] != second.sizes[PAIR] or (first[name].values != second[name].values).any():
            raise ValueError("the two circuits have different pairs: both must be measured on the same pairs.")
    design = InfluenceDesign(table=pair_table(first), groups=groups)
    noise = pair_noise(first, noises)
    values = [(p["influence"].values, p["influence_at_preferred"].values) for p in (first, second)]
    rows = _statistics(design, noise, plan, values) + _bins(design, noise, plan, values, bins)
    rows += _pairs(first, noise, plan, values, n_pairs)
    rows.sort(key=lambda row: -abs(row.z) if np.isfinite(row.z) else 0.0)
    columns = {
        field.name: ("contrast", np.array([getattr(row, field.name) for row in rows]))
        for field in fields(_Row)
        if field.name != "name"
    }
    columns["z"] = ("contrast", np.array([row.z for row in rows]))
    names = [row.name for row in rows]
    return xr.Dataset(columns, {"contrast": names}, {"trials": plan.trials, "sham_trials": plan.sham_trials})


@dataclass(frozen=True)
class _Row:
    kind: str
    name: str
    first: float
    second: float
    standard_error: float
    n: int

    @property
    def z(self) -> float:
        return (self.second - self.first) / self.standard_error if self.standard_error > 0 else float("nan")


_Values = list[tuple[np.ndarray, np.ndarray]]


def _row(kind: str, name: str, both: tuple[float, float], variance: float, n: int) -> _Row:
    return _Row(kind, name, both[0], both[1], float(np.sqrt(variance)), n)


def _statistics(design: InfluenceDesign, noise: PairNoise, plan: TrialPlan, values: _Values) -> list[_Row]:
    rows = []
    for family in design.pair_statistics:
        for name, weights in zip(family.names, family.weights, strict=True):
            if np.isfinite(weights).all():
                both = (float(weights @ values[0][0]), float(weights @ values[1][0]))
                n = int(np.count_nonzero(weights))
                rows.append(_row("statistic", name, both, noise_variance(noise, weights, plan, OVERALL), n))
    weights = design.gain_weights / design.table.n_targets
    both = (float(weights @ values[0][1]), float(weights @ values[1][1]))
    rows.append(_row("statistic", "gain", both, noise_variance(noise, weights, plan, PREFERRED), len(weights)))
    return rows


def _bins(design: InfluenceDesign, noise: PairNoise, plan: TrialPlan, values: _Values, bins: Bins) -> list[_Row]:
    near, like = bins.distance_edges_um, bins.signal_edges
    row = np.digitize(design.table["distance_um"], near) - 1
    column = np.digitize(design.table["signal_correlation"], like[:-1]) - 1  # the last edge, 1, belongs to its bin
    column[design.table["signal_correlation"] > like[-1]] = -1
    rows = []
    for i in range(len(near) - 1):
        for j in range(len(like) - 1):
            inside = (row == i) & (column == j)
            n = int(inside.sum())
            if n:
                name = f"{near[i]:g} to {near[i + 1]:g} um, signal correlation {like[j]:g} to {like[j + 1]:g}"
                both = (float(values[0][0][inside].mean()), float(values[1][0][inside].mean()))
                rows.append(_row("bin", name, both, noise_variance(noise, inside / n, plan), n))
    return rows


def _pairs(pairs: xr.Dataset, noise: PairNoise, plan: TrialPlan, values: _Values, n: int) -> list[_Row]:
    variance = np.concatenate([_pair_variance(field_number, noise, plan) for field_number in range(len(noise.fields))])
    z = (values[1][0] - values[0][0]) / np.sqrt(variance)
    rows = []
    for i in np.argsort(-np.abs(z), kind="stable")[:n]:
        name = f"target {pairs[TARGET].values[i]}, neuron {pairs[NEURON].values[i]}"
        rows.append(_row("pair", name, (float(values[0][0][i]), float(values[1][0][i])), float(variance[i]), 1))
    return rows


def _pair_variance(number: int, noise: PairNoise, plan: TrialPlan) -> np.ndarray:
    field = noise.fields[number]
    n_stimuli = field.noise.n_stimuli
    counts = plan.counts(len(field.targets), n_stimuli)
    share = counts / counts.sum(axis=1, keepdims=True)
    each = counts / counts.sum(axis=1, keepdims=True) ** 2 + share**2 / plan.sham_counts(n_stimuli)
    return np.asarray((each @ field.noise.relative_sd**2)[field.row, field.column])
