"""Five ordinal tests of the influence of single neurons on others (Chettih & Harvey 2019).

    a  the mean influence is negative
    b  near pairs are less suppressed than mid pairs, and mid pairs more than far ones
    c  among weakly correlated pairs influence falls with signal correlation (like suppresses like), distance removed
    d  among strongly correlated pairs it rises with signal correlation, and more steeply than among weak ones
    e  the population's response to the target's preferred stimulus falls

No curve of the paper is available as numbers, so signs and order are compared, not sizes. A finding holds where every
test of its letter does, one-sided at 5 %. Where the influences do not vary at all (a feedforward circuit) a test is
undefined; that is no error: it counts as not passed, and is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import stats

from insilico.analysis.influence.design import (
    Estimates,
    InfluenceDesign,
)
from insilico.analysis.influence.gain import PopulationGain, population_gain
from insilico.analysis.influence.groups import LETTERS, STANDARD_GROUPS, TESTS, PairGroups, StatisticalTest
from insilico.analysis.influence.pairs import pair_table
from stimuli.doors import door

LEVEL = 0.05
TEST = "test"


@dataclass(frozen=True, kw_only=True)
class InfluenceTest:
    """The outcome of one test.

    Parameters
    ----------
    test
        What was tested.
    effect
        In the test's unit.
    standard_error
        Of the effect; NaN where the influences do not vary.
    df
        Degrees of freedom of t: clusters − 1.
    clustered_by
        Within what errors may depend on each other.
    """

    test: StatisticalTest
    effect: float
    standard_error: float
    df: int
    clustered_by: str

    @property
    def defined(self) -> bool:
        """Whether there is any variance to test against."""
        return bool(np.isfinite(self.effect) and np.isfinite(self.standard_error))

    @property
    def t(self) -> float:
        """Effect / standard error; NaN if undefined."""
        return self.effect / self.standard_error

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the effect."""
        half = float(stats.t.ppf(1 - LEVEL / 2, self.df)) * self.standard_error
        return self.effect - half, self.effect + half

    @property
    def p_two_sided(self) -> float:
        """Of a zero effect."""
        return float(2 * stats.t.sf(abs(self.t), self.df))

    @property
    def p_one_sided(self) -> float:
        """Of an effect that is zero or against the published sign."""
        return float(stats.t.sf(self.test.claim * self.t, self.df))

    @property
    def passed(self) -> bool:
        """Whether the effect has the published sign, one-sided at 5 %; False if undefined."""
        return self.defined and self.p_one_sided < LEVEL


@dataclass(frozen=True, kw_only=True)
class InfluenceTests:
    """The outcome of the five tests.

    Parameters
    ----------
    tests
        One for each statistic, in the order of the letters.
    gain
        Sizes for test e; None if it was left out.
    """

    tests: tuple[InfluenceTest, ...]
    gain: PopulationGain | None

    def __getitem__(self, name: str) -> InfluenceTest:
        """Return the test of a name."""
        for test in self.tests:
            if test.test.name == name:
                return test
        raise KeyError(f"no test {name!r}: there are {', '.join(t.test.name for t in self.tests)}.")

    @property
    def tests_passed(self) -> str:
        """The findings that hold, by letter, "-" for one that does not or is undefined: "a-c-e"."""
        return "".join(
            letter if all(t.passed for t in self.tests if t.test.letter == letter) else "-" for letter in self.letters
        )

    @property
    def letters(self) -> str:
        """The findings that were tested."""
        return "".join(letter for letter in LETTERS if any(t.test.letter == letter for t in self.tests))

    @property
    def undefined(self) -> tuple[str, ...]:
        """Names of the tests without variance."""
        return tuple(t.test.name for t in self.tests if not t.defined)

    def to_dataset(self) -> xr.Dataset:
        """Return the outcome as a table, dims (test,); attrs hold `tests_passed` and the sizes of test e."""
        rows = self.tests
        columns = {
            "letter": [t.test.letter for t in rows],
            "unit": [t.test.unit for t in rows],
            "claim": [t.test.claim for t in rows],
            "effect": [t.effect for t in rows],
            "standard_error": [t.standard_error for t in rows],
            "low": [t.interval[0] for t in rows],
            "high": [t.interval[1] for t in rows],
            "t": [t.t for t in rows],
            "df": [t.df for t in rows],
            "p_two_sided": [t.p_two_sided for t in rows],
            "p_one_sided": [t.p_one_sided for t in rows],
            "clustered_by": [t.clustered_by for t in rows],
            "passed": [t.passed for t in rows],
            "defined": [t.defined for t in rows],
        }
        attrs: dict[str, str | int | float] = {
            "title": "Five ordinal tests of single-neuron influence (Chettih & Harvey 2019)",
            "tests_passed": self.tests_passed,
            "n_undefined": len(self.undefined),
        }
        if self.gain is not None:
            for name in ("gain_per_drive", "net_return", "drive_for_published"):
                attrs[name] = getattr(self.gain, name)
        names = [t.test.name for t in rows]
        return xr.Dataset({k: (TEST, np.array(v)) for k, v in columns.items()}, {TEST: names}, attrs)


@door
def five_tests(
    pairs: xr.Dataset,
    *,
    letters: str = LETTERS,
    groups: PairGroups = STANDARD_GROUPS,
    clustered_by: str = "field",
) -> InfluenceTests:
    """Test influences for the five published signs.

    Parameters
    ----------
    pairs
        See `insilico.analysis.influence.pairs`.
    letters
        Findings to test; without "e" the variables of the gain are not needed.
    groups
        Distance classes and bins, groups of correlation.
    clustered_by
        "field" (t with n_fields − 1 degrees of freedom), "target", "target and neuron" or "pair". The error of the
        control trials is shared by all targets of a field, so that only "field" keeps its level with every number of
        them (`insilico.analysis.influence.calibration.calibration` measures it).

    Raises
    ------
    ValueError, KeyError
        If the pairs break their contract, or there are fewer than two fields and errors are clustered by field.
    """
    if not letters or not set(letters) <= set(LETTERS):
        raise ValueError(f"letters is {letters!r}: must be some of {LETTERS!r}.")
    design = InfluenceDesign(table=pair_table(pairs), groups=groups)
    return outcome_of(design, letters=letters, clustered_by=clustered_by)


def outcome_of(design: InfluenceDesign, *, letters: str = LETTERS, clustered_by: str = "field") -> InfluenceTests:
    """Return the tests of a factorised design's own influences; arguments as `five_tests`."""
    table = design.table
    at_preferred = table["influence_at_preferred"] if "e" in letters else None
    estimates = design.estimates(table["influence"], at_preferred, clusterings=(clustered_by,))
    chosen = [t for t in outcomes(estimates, clustered_by) if t.test.letter in letters]
    return InfluenceTests(tests=tuple(chosen), gain=population_gain(design) if "e" in letters else None)


def outcomes(estimates: Estimates, clustered_by: str) -> Sequence[InfluenceTest]:
    """Return one test for each statistic of the estimates."""
    known = {test.name: test for test in TESTS}
    rows = zip(estimates.names, estimates.effect, estimates.standard_error[clustered_by], strict=True)
    return [
        InfluenceTest(
            test=known[name],
            effect=float(effect),
            standard_error=float(error),
            df=estimates.df[clustered_by],
            clustered_by=clustered_by,
        )
        for name, effect, error in rows
    ]
