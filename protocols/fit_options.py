"""The words of `insilico fit`: what can be asked for, and what is refused before any work is done."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from insilico.fitting import Problem
from insilico.fitting.leave_out import parts
from protocols import fit_checks
from protocols.fit_command import SIZES, fit_problem
from protocols.settings import pairs
from stimuli.errors import unknown_name

FREE = (
    *("nu", "gamma", "omega", "n", "c50", "thO", "sP", "tuning_width@cat", "tuning_width@macaque+default"),
    "tuning_width@human_otoole",
)
FIXED = {"alpha": 0.0, "mu": 0.0, "beta": 0.0}
FIFTHS, N_PARTS = "fifths", 5


def add_options(fit: argparse.ArgumentParser) -> None:
    """Add what describes a fit to a parser."""
    fit.add_argument("--model", metavar="M", default="contextual", help="name of the model (default contextual)")
    fit.add_argument("--to", metavar="TABLE", nargs="+", default=[], help="tables, size_tuning, physiology")
    fit.add_argument("--free", metavar="NAME", nargs="+", action="extend", default=[], help="free parameters")
    fit.add_argument("--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], dest="settings")
    fit.add_argument(
        "--start-from",
        metavar="SET",
        help="parameter set, or parameters.toml of a fit, to scatter about, and to take the rest from",
    )
    fit.add_argument("--starts", metavar="N", type=int, default=10)
    fit.add_argument("--shift", metavar="RATIO", type=float, help="of summation, low over high contrast, to be fitted")
    fit.add_argument("--neighbours", action="store_true", help="fit the tilt illusion at sizes and widths nearby, too")
    fit.add_argument("--weight", metavar="TABLE=W", nargs="+", action="extend", default=[], help="1 where not given")
    fit.add_argument("--leave-out", metavar="WHAT", nargs="+", default=[], help="'fifths', or names of tables")
    fit.add_argument("--checks", metavar="WHAT", nargs="+", default=[], help="removals, ladder, shuffled, trade-off")
    fit.add_argument("--check-starts", metavar="N", type=int, default=3, help="starts of each fit of a check")
    fit.add_argument("--second-opinion", action="store_true", help="fit once more by CMA-ES, without derivatives")
    fit.add_argument("--processes", metavar="N", type=int, default=1)
    fit.add_argument(
        "--table",
        metavar="SET",
        nargs="*",
        help="fit nothing, but make one table of these sets, or parameters.toml (default: all shipped fitted sets)",
    )
    fit.add_argument(
        "--kinds",
        metavar="KIND",
        nargs="+",
        help="of --table: scores, geometry, perturbed (default: these three), fifths, tables, paper, human",
    )
    fit.add_argument(
        "--results", metavar="DIR", type=Path, help="of --table: files to read and keep (default OUT/results)"
    )


def problem_of(options: argparse.Namespace) -> Problem:
    """Return the problem that the options describe.

    Raises
    ------
    ValueError, KeyError, TypeError
        For whatever would fail after the fit, or contradicts itself.
    """
    for name in ("starts", "check_starts", "processes"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name.replace('_', '-')} {getattr(options, name)}: must be 1 or more.")
    if not options.to:
        raise ValueError("--to: name the tables that are to be fitted, as in --to busse2009 otoole_wenderoth1977.")
    settings = pairs(options.settings)
    chosen = fit_problem(
        options.model,
        options.to,
        free=options.free or FREE,
        fixed=settings if options.start_from else {**FIXED, **settings},
        base=options.start_from,
        shift=options.shift,
        neighbours=options.neighbours,
        weights=pairs(options.weight),
    )
    fit_checks.checks_named(options.checks)
    if "trade-off" in options.checks and SIZES not in options.to:
        raise ValueError(f"--checks trade-off needs {SIZES} among the tables: --to ... {SIZES}.")
    _check_left_out(options.leave_out, options.to, chosen)
    return chosen


def problem_of_command(command: str) -> tuple[Problem, argparse.Namespace]:
    """Return the problem of an `insilico fit` command, as a parameter set's card has it, and its options."""
    words = shlex.split(command)
    if words[:2] != ["insilico", "fit"]:
        raise ValueError(f"{command!r}: must be a command insilico fit.")
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    try:
        options, unknown = parser.parse_known_args(words[2:])
    except argparse.ArgumentError as error:
        raise ValueError(f"{command!r} cannot be read: {error}.") from error
    if unknown:
        raise ValueError(f"{command!r} has options that are not known: {' '.join(unknown)}.")
    return problem_of(options), options


def refuse_table_with_fit(options: argparse.Namespace) -> None:
    """Raise where --table is asked for together with what describes a fit, or its own words without it."""
    if options.table is None:
        if options.kinds is not None or options.results is not None:
            raise ValueError("--kinds and --results belong to --table: give it, or leave them out.")
        return
    for name in ("to", "free", "settings", "start_from", "shift", "neighbours", "weight", "leave_out", "checks"):
        if getattr(options, name):
            raise ValueError(f"--table fits nothing: leave out --{'set' if name == 'settings' else name}.")
    for name in ("starts", "processes"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} {getattr(options, name)}: must be 1 or more.")


def _check_left_out(wanted: Sequence[str], to: Sequence[str], chosen: Problem) -> None:
    tables = [t for t in chosen.targets if t.is_table and t.label is None]
    names = [t.name for t in tables]
    for what in wanted:
        if list(wanted).count(what) > 1:
            raise ValueError(f"--leave-out {what} is given twice: keep one.")
        if what == FIFTHS:
            for target in tables:
                parts(target, n_parts=N_PARTS, seed=0)  # raises where there are too few conditions
            continue
        if what not in names:
            raise unknown_name("table to leave out", what, {FIFTHS, *names})
        if len(names) == 1:
            raise ValueError(f"--leave-out {what}: leaves no table to fit; name more tables with --to, or take fifths.")
    if FIFTHS in wanted and not tables:
        raise ValueError(f"--leave-out {FIFTHS}: none of {', '.join(to)} has a table.")


def common_of(options: argparse.Namespace, ledger: Path) -> dict[str, Any]:
    """Return what all fits of a command share."""
    return {"seed": options.seed, "processes": options.processes, "folder": ledger, "progress": True}
