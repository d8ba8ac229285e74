"""Predicted standard error and power of the tests, without simulation.

    effect = Σ_kn w_kn y_kn,  summed over the targets k and neurons n of every field
    noise     from the trials of the targets, from sham trials within a target, and between targets of a field
              (`insilico.analysis.influence.error`)
    scatter   of the expected influences: the variance of the fields' scores, split into a part of the targets (∝ 1/K)
              and a part of the fields
    power     = P(t' > t_crit),  t' noncentral with G − 1 degrees of freedom and noncentrality effect / s.e.

G, K  fields and targets in each. The sham term between targets does not fall with K.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from scipy import stats

from insilico.analysis.influence.clustered import LinearStatistics
from insilico.analysis.influence.design import InfluenceDesign
from insilico.analysis.influence.error import OVERALL, PREFERRED, NoiseForm, noise_form
from insilico.analysis.influence.groups import LETTERS, STANDARD_GROUPS, TESTS, PairGroups, StatisticalTest
from insilico.analysis.influence.noise import FieldNoise
from insilico.analysis.influence.ordinal import LEVEL
from insilico.analysis.influence.pairs import pair_table
from insilico.analysis.influence.plan import ExperimentSize
from insilico.analysis.influence.trials import PairNoise, pair_noise
from stimuli.doors import door


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedStatistic:
    """A statistic, as far as its error in an experiment of any size is concerned.

    Parameters
    ----------
    name
        Of the statistic.
    effect
        Without noise.
    forms
        Of each field, for weights as in the Dataset that was given.
    target_scatter, field_scatter
        Variance of a target's and of a field's mean score without noise.
    """

    name: str
    effect: float
    forms: tuple[NoiseForm, ...]
    target_scatter: float
    field_scatter: float

    def standard_error(self, size: ExperimentSize) -> float:
        """Return the predicted standard error of the effect in an experiment of a size."""
        given = len(self.forms[0].preferred)
        wanted, fields = size.n_targets, size.n_fields
        own, within, between = np.mean([form.parts(size.plan) for form in self.forms], axis=0)
        pairs_of_targets = (wanted - 1) / (given - 1) if given > 1 else 0.0
        noise = (own + within + pairs_of_targets * between) * wanted / given
        scatter = wanted * self.target_scatter + wanted**2 * self.field_scatter
        shrink = len(self.forms) * given / (fields * wanted)  # weights are 1 / number of pairs
        return float(shrink * np.sqrt(fields * (noise + scatter)))


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerPlan:
    """Everything that predicts power for experiments on one set of pairs.

    Parameters
    ----------
    statistics
        One for each test.
    sums
        For two tests of one letter: the statistic that is the sum of both, for their covariance.
    """

    statistics: Mapping[str, PlannedStatistic]
    sums: Mapping[str, PlannedStatistic]

    def power(self, size: ExperimentSize) -> xr.Dataset:
        """Return the predicted power of an experiment.

        Returns
        -------
        xarray.Dataset
            Dims (test,): `effect`, `standard_error`, `power` (one-sided at 5 %, clustered by field), `power_two_sided`;
            dims (letter,): `power_of_letter`, that all tests of a letter hold at once.
        """
        rows = [self.statistics[test.name] for test in TESTS]
        error = [row.standard_error(size) for row in rows]
        df = size.n_fields - 1
        both = zip(rows, error, strict=True)
        two = [_power(s.effect, e, df, LEVEL / 2) + _power(-s.effect, e, df, LEVEL / 2) for s, e in both]
        return xr.Dataset(
            {
                "effect": ("test", [row.effect for row in rows]),
                "standard_error": ("test", error),
                "power": ("test", [self.power_of_test(test, size) for test in TESTS]),
                "power_two_sided": ("test", two),
                "power_of_letter": ("letter", [self.power_of_letter(letter, size) for letter in LETTERS]),
            },
            {"test": [test.name for test in TESTS], "letter": list(LETTERS)},
            size.to_dict(),
        )

    def power_of_test(self, test: StatisticalTest, size: ExperimentSize) -> float:
        """Return how often a test holds, one-sided at 5 %; NaN where its effect is undefined."""
        statistic = self.statistics[test.name]
        return _power(test.claim * statistic.effect, statistic.standard_error(size), size.n_fields - 1, LEVEL)

    def power_of_letter(self, letter: str, size: ExperimentSize) -> float:
        """Return how often all tests of a letter hold at once."""
        tests = [test for test in TESTS if test.letter == letter]
        powers = [self.power_of_test(test, size) for test in tests]
        if len(tests) == 1 or not all(0 < power < 1 for power in powers):
            return float(np.min(powers))
        first, second = (self.statistics[test.name].standard_error(size) for test in tests)
        total = self.sums[letter].standard_error(size) ** 2
        claims = tests[0].claim * tests[1].claim
        related = float(np.clip(claims * (total - first**2 - second**2) / (2 * first * second), -0.999, 0.999))
        upper = stats.norm.ppf(powers)
        return float(stats.multivariate_normal([0, 0], [[1, related], [related, 1]]).cdf(upper))


@door
def power_plan(
    pairs: xr.Dataset, noises: Mapping[object, FieldNoise], groups: PairGroups = STANDARD_GROUPS
) -> PowerPlan:
    """Return the plan for pairs with expected influences.

    Parameters
    ----------
    pairs
        See `insilico.analysis.influence.pairs`; two fields or more, from which the scatter between fields is taken.
    noises
        Of every field.
    groups
        Of the pairs.
    """
    return planned(InfluenceDesign(table=pair_table(pairs), groups=groups), pair_noise(pairs, noises))


def planned(design: InfluenceDesign, noise: PairNoise) -> PowerPlan:
    """Return the plan of a factorised design and the noise of its pairs."""
    return _Planner(design=design, noise=noise).plan()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planner:
    design: InfluenceDesign
    noise: PairNoise

    def plan(self) -> PowerPlan:
        table = self.design.table
        if table.n_fields < 2:
            raise ValueError(f"there is {table.n_fields} field: two or more are needed for the scatter between fields.")
        found, sums = {}, {}
        for family in self.design.pair_statistics:
            scores = family.scores(table["influence"])
            effects = family.effects(table["influence"])
            for name, weights, score, effect in zip(family.names, family.weights, scores, effects, strict=True):
                found[name] = self._statistic(name, float(effect), weights, self._by_target(score), OVERALL)
            for letter, (first, second) in _couples(family).items():
                both = family.weights[first] + family.weights[second]
                score = scores[first] + scores[second]
                total = float(effects[first] + effects[second])
                sums[letter] = self._statistic(letter, total, both, self._by_target(score), OVERALL)
        gains = self.design.gains(table["influence_at_preferred"])
        weights = self.design.gain_weights / table.n_targets
        own = (gains - gains.mean()) / table.n_targets
        found["gain"] = self._statistic("gain", float(gains.mean()), weights, own, PREFERRED)
        return PowerPlan(statistics=found, sums=sums)

    @cached_property
    def _bounds(self) -> np.ndarray:
        return np.cumsum([len(field.row) for field in self.noise.fields])[:-1]

    def _by_target(self, score: np.ndarray) -> np.ndarray:
        return np.bincount(self.design.table.target, weights=score)

    def _statistic(
        self, name: str, effect: float, weights: np.ndarray, target_scores: np.ndarray, mode: str
    ) -> PlannedStatistic:
        pieces = np.split(np.nan_to_num(weights), self._bounds)
        forms = [noise_form(f, w, mode) for f, w in zip(self.noise.fields, pieces, strict=True)]
        of_targets, of_fields = _scatter(target_scores, self.design.field_of_target)
        return PlannedStatistic(
            name=name, effect=effect, forms=tuple(forms), target_scatter=of_targets, field_scatter=of_fields
        )


def _couples(family: LinearStatistics) -> dict[str, tuple[int, int]]:
    letter_of = {test.name: test.letter for test in TESTS}
    letters = [letter_of[name] for name in family.names]
    return {x: (letters.index(x), letters.index(x) + 1) for x in set(letters) if letters.count(x) == 2}


def _scatter(scores: np.ndarray, field: np.ndarray) -> tuple[float, float]:
    n_fields = int(field.max()) + 1
    size = np.bincount(field)
    sums = np.bincount(field, weights=scores)
    n_targets = len(scores) / n_fields
    inner = float(((scores - (sums / size)[field]) ** 2).sum() / max(len(scores) - n_fields, 1))
    total = n_fields / (n_fields - 1) * float((sums**2).mean())
    return inner, max(0.0, (total - n_targets * inner) / n_targets**2)


def _power(effect: float, error: float, df: int, level: float) -> float:
    if not np.isfinite(effect) or not error > 0:
        return float("nan")
    ratio = effect / error
    if ratio > 30:
        return 1.0
    if ratio < -30:
        return 0.0
    return float(stats.nct.sf(stats.t.isf(level, df), df, ratio))
