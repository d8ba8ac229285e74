"""Scores on data that a fit has not seen: parts of the conditions, or whole tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from insilico.fitting.problem import Problem, Target, predicted_points
from insilico.fitting.starts import Start, best_of, run_starts
from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What was predicted without having been fitted.

    Parameters
    ----------
    name
        Of the table.
    r2
        1 − SSE/SST over the left-out points; gain and offset are those of the fitted points.
    n_points
        Number of left-out points.
    how
        What was left out at a time.
    """

    name: str
    r2: float
    n_points: int
    how: str


def conditions_of(target: Target) -> np.ndarray:
    """Return the number of the stimulus condition behind each point of a target's table."""
    values = target.experiment.reference.values
    names = [n for n in target.experiment.reference.card["coordinates"] if not n.startswith("preferred")]
    rows = [tuple(repr(float(values[n].values[i])) for n in names) for i in range(values.size)]
    order = {row: i for i, row in enumerate(dict.fromkeys(rows))}
    return np.array([order[row] for row in rows])


def parts(target: Target, *, n_parts: int, seed: int) -> np.ndarray:
    """Return the part that each point belongs to: conditions are dealt out at random, whole."""
    condition = conditions_of(target)
    n = int(condition.max()) + 1
    if n < n_parts:
        raise ValueError(f"{target.name} has {n} conditions: too few for {n_parts} parts.")
    dealt = np.random.default_rng([seed, n]).permutation(n) % n_parts
    return dealt[condition]


@door
def leave_out_parts(
    problem: Problem,
    *,
    n_parts: int = 5,
    seed: int = 0,
    n_starts: int = 4,
    processes: int = 1,
    folder: Path | None = None,
    progress: bool = False,
) -> list[LeftOut]:
    """Fit without one part of the conditions after the other; score each part by the fit that has not seen it.

    Parameters
    ----------
    problem
        All of its tables are split; other targets stay.
    n_parts, seed
        Number of parts, and the seed of their dealing and of the starts (from generic values).
    n_starts, processes, folder, progress
        See `run_starts`.
    """
    tables = [t for t in problem.targets if t.is_table and t.label is None]
    split = {t.name: parts(t, n_parts=n_parts, seed=seed) for t in tables}
    errors = {t.name: np.full(split[t.name].size, np.nan) for t in tables}
    for part in range(n_parts):
        seen = tuple(
            replace(t, kept=tuple((split[t.experiment.name] != part).tolist())) if t.is_table else t
            for t in problem.targets
        )
        starts = run_starts(
            replace(problem, targets=seen),
            n_starts=n_starts,
            seed=seed,
            processes=processes,
            folder=folder,
            progress=progress,
        )
        best = best_of(starts)
        for target in tables:
            out = split[target.name] == part
            errors[target.name][out] = _errors(problem, target, best, ~out)[out]
    return [_left_out(t, errors[t.name], f"one of {n_parts} parts of the conditions at a time") for t in tables]


@door
def leave_out_table(
    problem: Problem,
    name: str,
    *,
    seed: int = 0,
    n_starts: int = 4,
    processes: int = 1,
    folder: Path | None = None,
    progress: bool = False,
) -> LeftOut:
    """Fit without a whole table and score it; its own gain and offset are all that it is given.

    Parameters of its own (a tuning width per preparation) that nothing else determines stay in the middle of their
    bounds, and are not counted as fitted.
    """
    [target] = [t for t in problem.targets if t.name == name]
    rest = tuple(t for t in problem.targets if not (t.is_table and t.experiment.name == target.experiment.name))
    if not rest:
        raise ValueError(f"leaving out {name} leaves nothing to fit.")
    names = [t.experiment.preparation.name for t in rest]
    known = tuple(f for f in problem.free if any(f.acts_on(n) for n in names))
    fitted = replace(problem, targets=rest, free=known)
    best = best_of(
        run_starts(fitted, n_starts=n_starts, seed=seed, processes=processes, folder=folder, progress=progress)
    )
    found = dict(zip((f.label for f in known), best.values, strict=True))
    values = tuple(found.get(f.label, _unknown(problem, target, f.label)) for f in problem.free)
    errors = _errors(problem, target, replace(best, values=values), np.ones(_size(target), dtype=bool))
    return _left_out(target, errors, "the whole table")


def _unknown(problem: Problem, target: Target, label: str) -> float:
    """Return the value that a table's preparation has of its own; the middle of the bounds where it has none."""
    [free] = [f for f in problem.free if f.label == label]
    own = getattr(target.experiment.preparation, free.name, None)
    return float(own) if own is not None else free.from_unit(0.5)


def _errors(problem: Problem, target: Target, best: Start, seen: np.ndarray) -> np.ndarray:
    """Return data minus prediction at all points, gain and offset from the points that were seen."""
    whole = replace(target, kept=None)
    data, prediction = predicted_points(problem, whole, best.values)
    fitted = target.experiment.scale.fit(data[seen], prediction[seen])
    return data - fitted.apply(prediction)


def _left_out(target: Target, errors: np.ndarray, how: str) -> LeftOut:
    data = target.values
    total = float(((data - data.mean()) ** 2).sum())
    return LeftOut(name=target.name, r2=1 - float((errors**2).sum()) / total, n_points=data.size, how=how)


def _size(target: Target) -> int:
    return int(target.values.size)
