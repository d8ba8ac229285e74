"""A problem changed and fitted again: what a part is worth, what chance reaches, what one aim costs the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from insilico.fitting.leave_out import conditions_of
from insilico.fitting.problem import Problem
from insilico.fitting.result import FitResult
from insilico.fitting.starts import run_starts
from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class Variation:
    """A changed problem.

    Parameters
    ----------
    group, name
        What kind of change it is, and which.
    problem
        The changed problem.
    around
        Values that half of its starts scatter about; the others, and all where it is None, start anywhere.
    follows
        True starts it also where the variation before it has ended, so that what is added cannot make it worse.
    """

    group: str
    name: str
    problem: Problem
    around: tuple[float, ...] | None = None
    follows: bool = False


@door
@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The best fit of a variation.

    Parameters
    ----------
    group, name
        Of the variation.
    n_free
        Number of its fitted values, those of earlier fits among them; values at a bound are not counted.
    scores
        Target name to R².
    measures
        What targets without a table measure at the best values.
    cost
        Sum of squared residuals.
    unconverged
        Stimuli whose states are no fixed points.
    """

    group: str
    name: str
    n_free: int
    scores: Mapping[str, float]
    measures: Mapping[str, float] = field(default_factory=dict)
    cost: float
    unconverged: int


@door
def fit_variations(
    variations: Iterable[Variation],
    *,
    n_starts: int,
    seed: int = 0,
    processes: int = 1,
    folder: Path | None = None,
    progress: bool = False,
) -> list[Outcome]:
    """Fit each variation from `n_starts` starts anywhere and, where it has values to start from, as many about them.

    See `run_starts` for the other parameters; what is finished is kept in `folder`.
    """
    common: dict[str, Any] = {"seed": seed, "processes": processes, "folder": folder, "progress": progress}
    outcomes: list[Outcome] = []
    before: dict[str, float] = {}
    for variation in variations:
        problem = variation.problem
        common["name"] = f"{variation.group}: {variation.name}"
        starts = run_starts(problem, n_starts=n_starts, **common)
        if variation.around is not None and problem.free:
            starts += run_starts(problem, n_starts=n_starts, around=variation.around, **common)
        if variation.follows and before and problem.free:
            starts += run_starts(problem, n_starts=1, around=carried(problem, before), **common)
        result = FitResult(problem, tuple(starts))
        best = result.best
        before = {f.label: v for f, v in zip(problem.free, best.values, strict=True)}
        outcomes.append(
            Outcome(
                group=variation.group,
                name=variation.name,
                n_free=len(result.fitted),
                scores=best.scores,
                measures=measures(problem, best.values),
                cost=best.cost,
                unconverged=best.unconverged,
            )
        )
    return outcomes


def measures(problem: Problem, values: Sequence[float]) -> dict[str, float]:
    """Return what the targets without a table measure at some values of the free parameters."""
    found: dict[str, float] = {}
    for target in problem.targets:
        if hasattr(target.experiment, "measures"):
            predicted = problem.predict(target, values)
            found.update(target.experiment.measures(predicted.preparation, predicted.activity))
    return found


def without(problem: Problem, names: Sequence[str], fixed: Mapping[str, float]) -> Problem:
    """Return a problem in which some parameters are not free.

    Parameters
    ----------
    problem
        What is changed.
    names
        Of parameters ("beta": wherever it acts) or their labels ("c50@cat": only there).
    fixed
        Circuit parameters and their values in its place.
    """
    circuit = {f.name for f in fields(problem.parameters)}
    unknown = set(fixed) - circuit
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: no parameters of the circuit.")
    kept = tuple(f for f in problem.free if f.name not in names and f.label not in names)
    own = {
        preparation: {key: value for key, value in changes.items() if key not in fixed}
        for preparation, changes in problem.preparations.items()
    }
    before = tuple(label for label in problem.fitted if label.partition("@")[0] not in fixed)
    parameters = replace(problem.parameters, **fixed)
    return replace(problem, free=kept, parameters=parameters, preparations=own, fitted=before)


def shuffled(problem: Problem, *, seed: int) -> Problem:
    """Return a problem whose tables have their conditions exchanged at random: what remains is what chance reaches.

    All points of a condition move together; where conditions have different numbers of points, only those of equal
    size change places.
    """
    targets = []
    for number, target in enumerate(problem.targets):
        if not target.is_table:
            targets.append(target)
            continue
        condition, data = conditions_of(target), target.values.copy()
        members = [np.flatnonzero(condition == c) for c in range(int(condition.max()) + 1)]
        rng = np.random.default_rng([seed, number])
        for size in sorted({m.size for m in members}):
            same = [m for m in members if m.size == size]
            for to, source in zip(same, rng.permutation(len(same)), strict=True):
                data[to] = target.values[same[source]]
        targets.append(replace(target, data=tuple(data.tolist())))
    return replace(problem, targets=tuple(targets))


def carried(problem: Problem, known: Mapping[str, float]) -> tuple[float, ...]:
    """Return start values of the free parameters within their bounds: known by label, by name, or what is there now."""
    found = []
    for parameter in problem.free:
        value = known.get(parameter.label, known.get(parameter.name, getattr(problem.parameters, parameter.name, None)))
        inside = parameter.from_unit(0.5) if value is None else min(max(float(value), parameter.low), parameter.high)
        found.append(inside)
    return tuple(found)
