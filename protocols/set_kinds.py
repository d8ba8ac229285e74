"""What is asked of a parameter set: its scores, what happens about it, and on what it has not seen.

Each kind is one function of a set; `insilico fit --table` keeps the result of each in a file (`protocols.set_table`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from insilico.fitting import Problem, Target, changed_scores, leave_out_parts, leave_out_tables, values_now
from insilico.fitting.leave_out import LeftOut
from insilico.zoo import load_model, parameter_set
from protocols.commands import run_once
from protocols.fit_command import TILT, fit_problem
from protocols.fit_options import problem_of_command
from protocols.fit_targets import BOUNDS, EXPERIMENTS, fitted_geometry, nearby
from protocols.registry import PUBLISHED, protocol_named

TABLES = tuple(name for name in EXPERIMENTS if name in PUBLISHED)
PAPER = ("trott_born2015_plaid", "trott_born2015_matrix")
HUMAN = ("otoole_wenderoth1977", "kim_wilson1997")
CENTERS = (0.8, 0.9, 1.1, 1.2)
DEALINGS = (0, 1)
LEAST, SHARE, N_DRAWS = 5, 0.05, 50  # percentile that is reported of changed scores, largest change, draws


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard a leave-out tries.

    Parameters
    ----------
    starts
        Of each fit, generic ones.
    processes
        They are shared among.
    folder
        Where finished starts are kept, so that a leave-out that was stopped goes on from there.
    """

    starts: int = 4
    processes: int = 1
    folder: Path | None = None

    @property
    def common(self) -> dict[str, Any]:
        """Arguments of all fits."""
        return {"n_starts": self.starts, "processes": self.processes, "folder": self.folder, "progress": True}


def scores(model: str, name: str, _: Effort) -> dict[str, Any]:
    """Return the entry of `summary.json` for each table, from the full sheet."""
    subject = load_model(model, name)
    found = {}
    for table in TABLES:
        comparison = run_once(protocol_named(table), subject, seed=0, progress=False).comparison
        assert comparison is not None  # a published experiment has a table
        entry = comparison.score()
        plain = {k: v for k, v in entry["nulls"].items() if not k.startswith("dedicated_")}
        best = max(plain, key=lambda k: plain[k], default="")
        found[table] = entry | {
            "converged": comparison.converged,
            "null_name": best,
            "null": plain.get(best),
            "dedicated": next((v for k, v in entry["nulls"].items() if k.startswith("dedicated_")), None),
            "dedicated_name": next((k for k in entry["nulls"] if k.startswith("dedicated_")), ""),
            "gain_and_offset": comparison.scale.n_free,
        }
    return found


def perturbed(model: str, name: str, _: Effort) -> dict[str, Any]:
    """Return the scores with all fitted values changed at random by up to 5 %: at none, median, 5th percentile."""
    problem = as_it_is(model, name)
    nominal = problem.evaluate(values_now(problem)).scores
    if not problem.free:
        return {table: {"nominal": r2, "median": r2, "low": r2} for table, r2 in nominal.items()}
    drawn = changed_scores(problem, share=SHARE, n_draws=N_DRAWS)
    return {
        table: {
            "nominal": nominal[table],
            "median": float(np.median(found)),
            "low": float(np.percentile(found, LEAST, method="lower")),
        }
        for table, found in drawn.items()
    }


def geometry(model: str, name: str, _: Effort) -> dict[str, Any]:
    """Return the score of the tilt illusion with other centre sizes, discs of equal area, and other tuning widths."""
    tilt = EXPERIMENTS[TILT]()
    targets = (Target(experiment=tilt, geometry=fitted_geometry(TILT)), *nearby(tilt, centers=CENTERS))
    problem = replace(as_it_is(model, name), targets=targets, free=())
    return dict(problem.evaluate(()).scores)


def fifths(model: str, name: str, effort: Effort) -> dict[str, Any]:
    """Return the scores of left-out conditions, a fifth at a time, for two dealings."""
    problem = as_fitted(model, name)
    dealt = {str(seed): leave_out_parts(problem, seed=seed, **effort.common) for seed in DEALINGS}
    return {seed: _entries(found) for seed, found in dealt.items()}


def tables(model: str, name: str, effort: Effort) -> dict[str, Any]:
    """Return the score of each table that the set was fitted to, by a fit without it."""
    problem = as_fitted(model, name)
    names = [t.name for t in problem.targets if t.is_table and t.label is None]
    return _entries([found for table in names for found in _left_out(problem, [table], effort, refit=False)])


def paper(model: str, name: str, effort: Effort) -> dict[str, Any]:
    """Return the scores of both tables of Trott & Born by a fit without them, their own width alone fitted then."""
    problem = _with_width(as_fitted(model, name), PAPER, shared="macaque")
    return _entries(_left_out(problem, PAPER, effort, refit=True))


def human(model: str, name: str, effort: Effort) -> dict[str, Any]:
    """Return the scores of the human tables by a fit to physiology, the human width alone fitted then."""
    problem = _with_width(as_fitted(model, name), HUMAN)
    return _entries(_left_out(problem, HUMAN, effort, refit=True))


KINDS: dict[str, Callable[[str, str, Effort], dict[str, Any]]] = {
    "scores": scores,
    "geometry": geometry,
    "perturbed": perturbed,
    "fifths": fifths,
    "tables": tables,
    "paper": paper,
    "human": human,
}
QUICK = ("scores", "geometry", "perturbed")  # the others are fits from generic starts


def as_it_is(model: str, name: str) -> Problem:
    """Return the problem of all tables in which a set's fitted values are free, from the values that it has."""
    labels = [label for label in parameter_set(model, name).fitted if label.partition("@")[0] in BOUNDS]
    return fit_problem(model, TABLES, free=labels, fixed={}, base=name)


def as_fitted(model: str, name: str) -> Problem:
    """Return the problem that a set was fitted as, from the command on its card; starts of it are generic."""
    command = parameter_set(model, name).card.get("command")
    if not command:
        raise ValueError(
            f"parameter set {name!r} has no command on its card: it was not fitted, and leaves nothing out."
        )
    return problem_of_command(command)[0]


def _with_width(problem: Problem, tables: Sequence[str], *, shared: str = "") -> Problem:
    """Return a problem that has all of these tables, each with a free tuning width."""
    there = {t.name for t in problem.targets}
    missing = [name for name in tables if name not in there]
    further = tuple(Target(experiment=EXPERIMENTS[name](), geometry=fitted_geometry(name)) for name in missing)
    free = list(problem.free)
    for name in tables:
        preparation = EXPERIMENTS[name]().preparation.name
        if not any(f.name == "tuning_width" and f.where and f.acts_on(preparation) for f in free):
            own = replace(BOUNDS["tuning_width"], where=shared or preparation)
            free += [own] if own.label not in {f.label for f in free} else []
    return replace(problem, targets=(*problem.targets, *further), free=tuple(free))


def _left_out(problem: Problem, names: Sequence[str], effort: Effort, *, refit: bool) -> list[LeftOut]:
    return leave_out_tables(problem, names, refit=refit, **effort.common)


def _entries(found: Sequence[LeftOut]) -> dict[str, Any]:
    return {part.name: {key: value for key, value in asdict(part).items() if key != "name"} for part in found}
