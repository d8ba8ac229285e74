"""Scores on data that a fit has not seen: parts of the conditions, or whole tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from insilico.fitting.free import Free
from insilico.fitting.problem import Problem, predicted_points
from insilico.fitting.starts import best_of, run_starts
from insilico.fitting.target import Target
from stimuli.doors import door
from stimuli.errors import unknown_name


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
            name=f"without part {part + 1} of {n_parts}",
        )
        best = best_of(starts)
        for target in tables:
            out = split[target.name] == part
            errors[target.name][out] = _errors(problem, target, best.values, ~out)[out]
    return [_left_out(t, errors[t.name], f"one of {n_parts} parts of the conditions at a time") for t in tables]


@door
def leave_out_table(problem: Problem, name: str, **common: Any) -> LeftOut:
    """Fit without a whole table and score it; its own gain and offset are all that it is given.

    See `leave_out_tables` for the other parameters.
    """
    [found] = leave_out_tables(problem, [name], refit=False, **common)
    return found


@door
def leave_out_tables(
    problem: Problem,
    names: Sequence[str],
    *,
    refit: bool,
    seed: int = 0,
    n_starts: int = 4,
    processes: int = 1,
    folder: Path | None = None,
    progress: bool = False,
) -> list[LeftOut]:
    """Fit without some tables, then score each of them, with gain and offset of its own.

    Parameters
    ----------
    problem
        What is fitted, with all tables. Starts are generic.
    names
        Of the tables that are left out together (those of one paper, of one species).
    refit
        True fits then, to the tables that were left out, the parameters that act on no remaining table (their tuning
        width), everything else as found without them. False leaves these at the experiment's own values.
    seed, n_starts, processes, folder, progress
        See `run_starts`.

    Raises
    ------
    ValueError, KeyError
        If a name is no table of the problem, or none would be left.
    """
    out = [t for t in problem.targets if t.is_table and t.label is None and t.name in names]
    for name in names:
        if name not in [t.name for t in out]:
            raise unknown_name("table to leave out", name, [t.name for t in problem.targets if t.is_table])
    rest = tuple(t for t in problem.targets if not (t.is_table and t.experiment.name in names))
    tables = [t.experiment.preparation.name for t in rest if t.is_table]
    if not tables:
        raise ValueError(f"leaving out {', '.join(names)} leaves nothing to fit.")
    common: dict[str, Any] = {"n_starts": n_starts, "seed": seed, "processes": processes, "folder": folder}
    common |= {"progress": progress, "name": f"without {' + '.join(names)}"}
    alone = tuple(f for f in problem.free if not any(f.acts_on(name) for name in tables))
    fitted = _without(problem, out, rest)
    best = best_of(run_starts(fitted, **common))
    shared, own = fitted.applied(best.values)
    found = replace(
        problem,
        targets=tuple(out),
        free=tuple(f for f in alone if any(f.acts_on(t.experiment.preparation.name) for t in out)) if refit else (),
        parameters=replace(problem.parameters, **shared),
        preparations=_untouched(own, out, alone),
    )
    values = best_of(run_starts(found, **common)).values if found.free else ()
    how = "left out together" if len(out) > 1 else "the whole table"
    if found.free:
        how += f"; {', '.join(f.label for f in found.free)} alone fitted to it afterwards"
    kept = [label for label in problem.counted() if label not in {f.label for f in problem.free}]
    if kept:
        how += f"; values of an earlier fit were kept ({', '.join(kept)})"
    everything = [np.ones(t.values.size, dtype=bool) for t in out]
    return [_left_out(t, _errors(found, t, values, seen), how) for t, seen in zip(out, everything, strict=True)]


def _without(problem: Problem, out: Sequence[Target], rest: tuple[Target, ...]) -> Problem:
    """Return the problem of what remains; the preparations of what is left out hear of what is shared with them."""
    seen = [t.experiment.preparation.name for t in rest]
    known = tuple(f for f in problem.free if any(f.acts_on(name) for name in seen))
    own: dict[str, dict[str, Any]] = {t.experiment.preparation.name: {} for t in out}
    return replace(problem, targets=rest, free=known, preparations=own | problem.preparations)


def _untouched(
    own: dict[str, dict[str, Any]], out: Sequence[Target], alone: Sequence[Free]
) -> dict[str, dict[str, Any]]:
    """Return changes of preparations without those that the left-out tables alone could have told."""
    names = {t.experiment.preparation.name for t in out}
    return {
        name: {k: v for k, v in changes.items() if not any(f.name == k and f.acts_on(name) for f in alone)}
        if name in names
        else changes
        for name, changes in own.items()
    }


def _errors(problem: Problem, target: Target, values: Sequence[float], seen: np.ndarray) -> np.ndarray:
    """Return data minus prediction at all points, gain and offset from the points that were seen."""
    whole = replace(target, kept=None)
    data, prediction = predicted_points(problem, whole, values)
    fitted = target.experiment.scale.fit(data[seen], prediction[seen])
    return data - fitted.apply(prediction)


def _left_out(target: Target, errors: np.ndarray, how: str) -> LeftOut:
    data = target.values
    total = float(((data - data.mean()) ** 2).sum())
    return LeftOut(name=target.name, r2=1 - float((errors**2).sum()) / total, n_points=data.size, how=how)
