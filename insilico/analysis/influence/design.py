"""The statistics of the five ordinal tests as linear functions of the influences, for any set of pairs.

    a  mean influence      mean over all pairs
    b  near − mid, mid − far       contrasts of the means of three distance classes
    c  weak slope          slope of influence on signal correlation, central 95 % of trace correlation
    d  strong slope, interaction   the same slope for the top and bottom 2.5 %, and strong − weak
    e  gain                change of the population's response to the target's preferred stimulus / that response

c and d come from one regression with a mean for every distance bin x group (weak, strong): strongly correlated pairs of
positive and of negative correlation lie at different distances, so that anything coarser lets distance pass for tuning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from insilico.analysis.influence.clustered import (
    Cells,
    LinearStatistics,
    cell_contrasts,
    clustered_variance,
    slopes,
    unclustered_variance,
)
from insilico.analysis.influence.groups import STANDARD_GROUPS, PairGroups
from insilico.analysis.influence.pairs import PairTable
from stimuli.errors import unknown_name

CLUSTERINGS = ("field", "target", "target and neuron", "pair")
NEAR, MID, FAR = 0, 1, 2
WEAK, STRONG = 0, 1
LATTICE_DIGITS = 6  # of distances that are the same


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimates:
    """Effects with their standard errors under every clustering.

    Parameters
    ----------
    names
        Of the statistics, length q.
    effect
        Shape (q,); NaN where the design does not determine it.
    standard_error
        For each clustering, shape (q,); NaN where there is no variance: the test is undefined.
    df
        For each clustering, degrees of freedom of t: clusters − 1.
    """

    names: tuple[str, ...]
    effect: np.ndarray
    standard_error: Mapping[str, np.ndarray]
    df: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class InfluenceDesign:
    """The pairs, factorised once: everything of the five tests that does not depend on the influences.

    Parameters
    ----------
    table
        The pairs.
    groups
        Of the pairs, by distance and by correlation.
    """

    table: PairTable
    groups: PairGroups = STANDARD_GROUPS

    @cached_property
    def distance_class(self) -> np.ndarray:
        """NEAR, MID or FAR of each pair."""
        return np.digitize(self.table["distance_um"], self.groups.class_edges_um[1:])

    @cached_property
    def same_distance(self) -> Cells:
        """Pairs at the same distance, on a lattice of cells."""
        return Cells(np.unique(np.round(self.table["distance_um"], LATTICE_DIGITS), return_inverse=True)[1])

    @cached_property
    def group(self) -> np.ndarray:
        """WEAK or STRONG of each pair, by its place among all pairs' trace correlations."""
        trace, tail = self.table["trace_correlation"], self.groups.strong_percent
        low, high = np.percentile(trace, [tail, 100 - tail])
        return np.where((trace < low) | (trace > high), STRONG, WEAK)

    @cached_property
    def pair_statistics(self) -> tuple[LinearStatistics, ...]:
        """Statistics a-d, each family with its own regression."""
        mean = cell_contrasts(np.zeros(len(self.table.field), dtype=int), {"mean influence": {0: 1.0}})
        contrasts = {"near - mid": {NEAR: 1.0, MID: -1.0}, "mid - far": {MID: 1.0, FAR: -1.0}}
        slopes_on_signal = self._slopes(self.table["signal_correlation"])
        return mean, cell_contrasts(self.distance_class, contrasts), slopes_on_signal

    @cached_property
    def gain_weights(self) -> np.ndarray:
        """Weight of each pair's influence at the preferred stimulus in its target's gain, shape (n_pairs,)."""
        whole = np.bincount(self.table.target, weights=self.table["response_at_preferred"])
        if whole.min() <= 0:
            raise ValueError(
                f"the population's response to the preferred stimulus of target number {whole.argmin()} is "
                f"{whole.min():g}: must be above 0 for a gain; leave the target out."
            )
        return self.table["residual_sd"] / whole[self.table.target]

    @cached_property
    def gain_statistics(self) -> LinearStatistics:
        """Statistic e, a mean over targets."""
        return cell_contrasts(np.zeros(self.table.n_targets, dtype=int), {"gain": {0: 1.0}})

    @cached_property
    def field_of_target(self) -> np.ndarray:
        """Field number of each target."""
        result = np.zeros(self.table.n_targets, dtype=int)
        result[self.table.target] = self.table.field
        return result

    def gains(self, at_preferred: np.ndarray) -> np.ndarray:
        """Return the gain of each target from the influences at its preferred stimulus (n_pairs,)."""
        return np.bincount(self.table.target, weights=self.gain_weights * at_preferred)

    def estimates(
        self, influence: np.ndarray, at_preferred: np.ndarray | None = None, *, clusterings: tuple[str, ...]
    ) -> Estimates:
        """Return all effects with standard errors.

        Parameters
        ----------
        influence
            Residual s.d., shape (n_pairs,).
        at_preferred
            Influence at the target's preferred stimulus, shape (n_pairs,); None leaves test e out.
        clusterings
            Among "field", "target", "target and neuron", "pair".
        """
        _check_clusterings(clusterings, self.table.n_fields)
        parts = [self._pair_part(family, influence, clusterings) for family in self.pair_statistics]
        if at_preferred is not None:
            parts.append(self._gain_part(at_preferred, clusterings))
        return self._estimates(parts, clusterings)

    def slopes_by_field(self, influence: np.ndarray, signal: np.ndarray | None = None) -> Estimates:
        """Return the estimates of c and d alone, clustered by field.

        Parameters
        ----------
        influence
            Residual s.d., shape (n_pairs,).
        signal
            Another signal correlation than that of the pairs, shape (n_pairs,).
        """
        names = ("field",)
        _check_clusterings(names, self.table.n_fields)
        family = self._slopes(self.table["signal_correlation"] if signal is None else signal)
        return self._estimates([self._pair_part(family, influence, names)], names)

    def _pair_part(self, family: LinearStatistics, y: np.ndarray, names: tuple[str, ...]) -> _Part:
        table = self.table
        return _evaluated(family, y, target=table.target, neuron=table.neuron, field=table.field, names=names)

    def _gain_part(self, at_preferred: np.ndarray, names: tuple[str, ...]) -> _Part:
        one, field = np.arange(self.table.n_targets), self.field_of_target
        gains = self.gains(at_preferred)
        return _evaluated(self.gain_statistics, gains, target=one, neuron=None, field=field, names=names)

    def _estimates(self, parts: list[_Part], clusterings: tuple[str, ...]) -> Estimates:
        table = self.table
        df = {"field": table.n_fields - 1, "target": table.n_targets - 1, "pair": len(table.field) - 1}
        df["target and neuron"] = min(table.n_targets, int(table.neuron.max()) + 1) - 1
        return Estimates(
            names=tuple(name for part in parts for name in part[0]),
            effect=np.concatenate([part[1] for part in parts]),
            standard_error={name: np.concatenate([part[2][name] for part in parts]) for name in clusterings},
            df={name: df[name] for name in clusterings},
        )

    def _slopes(self, signal: np.ndarray) -> LinearStatistics:
        strong = self.group == STRONG
        columns = {"weak slope": np.where(strong, 0.0, signal), "strong slope": np.where(strong, signal, 0.0)}
        cells, nuisance = self._removed
        return slopes(cells, columns, nuisance, {"interaction": ("strong slope", "weak slope")})

    @cached_property
    def _removed(self) -> tuple[Cells, np.ndarray]:
        """What is taken out before the slopes: cells, and further regressors (n_pairs, p)."""
        distance, strong = self.table["distance_um"], self.group == STRONG
        model, edges = self.groups.distance_model, self.groups.distance_bins_um[1:]
        nothing = np.empty((len(distance), 0))
        if model == "exact":
            same = self.same_distance.numbers
            bins = _of_cells(same, np.digitize(distance, edges))
            middle = np.bincount(bins, weights=strong * distance) / np.maximum(np.bincount(bins, weights=strong), 1)
            return Cells(same, np.column_stack([strong, strong * (distance - middle[bins])]), bins), nothing
        if model == "piecewise":
            knots = self.groups.class_edges_um[1:]
            lines = np.column_stack([distance, *(np.maximum(distance - knot, 0.0) for knot in knots)])
            return Cells(strong.astype(int)), lines
        numbers = 2 * np.digitize(distance, edges) + strong
        return Cells(numbers, distance[:, None] if model == "lines" else None), nothing


_Part = tuple[tuple[str, ...], np.ndarray, dict[str, np.ndarray]]


def _of_cells(cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return each row's value as that of the first row of its cell, shape (n,)."""
    return np.asarray(values[np.unique(cells, return_index=True)[1]][cells])


def _check_clusterings(names: tuple[str, ...], n_fields: int) -> None:
    for name in names:
        if name not in CLUSTERINGS:
            raise unknown_name("clustering", name, CLUSTERINGS)
    if n_fields < 2 and "field" in names:
        raise ValueError(
            f"there is {n_fields} field: a test clustered by field needs two or more, "
            "and about ten before its interval is of use."
        )


def _evaluated(
    statistics: LinearStatistics,
    y: np.ndarray,
    *,
    target: np.ndarray,
    neuron: np.ndarray | None,
    field: np.ndarray,
    names: tuple[str, ...],
) -> _Part:
    scores = statistics.scores(y)
    factor, floor = statistics.correction(), statistics.rounding(y)
    variance = {}
    for name in names:
        if name == "pair" or (neuron is None and name == "target"):
            variance[name] = unclustered_variance(scores)
        elif name == "target and neuron" and neuron is not None:
            one_way = clustered_variance(scores, target) + clustered_variance(scores, neuron)
            variance[name] = one_way - unclustered_variance(scores)
        else:
            variance[name] = clustered_variance(scores, field if name == "field" else target)
    errors = {}
    for name, value in variance.items():
        error = np.sqrt(np.maximum(factor * value, 0.0))
        errors[name] = np.where(error > floor, error, np.nan)
    return statistics.names, statistics.effects(y), errors
