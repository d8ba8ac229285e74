"""How often the tests of an influence experiment are wrong on a circuit, and whether predicted power comes true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insilico.analysis.influence import ExperimentSize, TrialPlan
from insilico.analysis.influence.calibration import (
    COVERAGE_BAR,
    NULL_TESTS,
    POWER_BAR,
    RATE_BAR,
    calibration,
    power_agreement,
)
from insilico.analysis.influence.simulation import FieldPool, field_pool
from insilico.provenance import versions
from protocols.chettih_harvey import SHAM_PER_TRIAL, ChettihHarvey
from protocols.circuit_table import candidate
from protocols.influence_plan import drive_text, population
from protocols.report import report
from protocols.result_files import write_result

DEFAULT = "mely2018 without U"
SIZES = ((8, 8, 32), (8, 8, 128), (20, 26, 128))  # fields, targets in each, trials of each


def write_calibration(
    experiment: ChettihHarvey, label: str, *, n: int, seed: int, processes: int, command: str, out: Path
) -> str:
    """Simulate experiments on a circuit of the table; write the four files, return the text."""
    from insilico import influence_plotting

    pool = _pool(experiment, label)
    largest = size_of(*SIZES[-1])
    common: dict[str, Any] = {"groups": experiment.groups, "processes": processes, "progress": True}
    rates = calibration(n, seed, pool=pool, size=largest, **common)
    powers = power_agreement(n, seed, pool=pool, sizes=tuple(size_of(*s) for s in SIZES), **common)
    n_fields = population(experiment).n_fields
    text = (
        f"{label}, fields drawn from {n_fields}; {n} simulated experiments for each number: a rate of 0.05 is known to "
        f"± {1.96 * (0.05 * 0.95 / n) ** 0.5:.3f}\n{drive_text(experiment)}\n\n"
    )
    text += as_text(rates, powers)
    figure = influence_plotting.calibration(rates, powers, bars=(RATE_BAR, COVERAGE_BAR), title=label)
    content = {
        "protocol": "influence_calibration",
        "model": label,
        "converged": True,
        "scores": [],
        "findings": _findings(rates, powers),
        "provenance": {"command": command, "protocol": experiment.spec(), "seed": seed, "versions": versions()},
    }
    page = report("Calibration of the influence tests", [], text=text, figure=figure)
    write_result(out, {"rates": rates, "power": powers}, figure=figure, page=page, content=content)
    return text


def size_of(n_fields: int, n_targets: int, trials: int) -> ExperimentSize:
    """Return the size of an experiment with ten sham trials for each trial of a target."""
    plan = TrialPlan(trials=trials, sham_trials=SHAM_PER_TRIAL * trials)
    return ExperimentSize(n_fields=n_fields, n_targets=n_targets, plan=plan)


def as_text(rates: xr.Dataset, powers: xr.Dataset) -> str:
    """Return the tables of both."""
    tests = [str(test) for test in rates["test"].values]
    head = "".join(f"{test:>16s}" for test in tests)
    lines = []
    for null in NULL_TESTS:
        for side in ("one", "two"):
            table = rates["false_positive_rate"].sel(null=null, side=side)
            lines += [f"{f'false positives, {null}, {side}-sided':44s}{head}", *_rows(table), ""]
    lines += [
        f"{'coverage of 95 % intervals':44s}{head}",
        *_rows(rates["coverage"]),
        "(of the effect with distance removed whole: 'as published' removes a broken line, and estimates another d)",
        "",
    ]
    held = [str(name) for name in rates["estimator"].values if bool(rates["holds"].sel(estimator=name).all())]
    low, high = RATE_BAR
    lines.append(
        f"all rates within {100 * low:g}-{100 * high:g} % and all coverage within {100 * COVERAGE_BAR[0]:g}-"
        f"{100 * COVERAGE_BAR[1]:g} %: {', '.join(held) or 'none'}"
    )
    lines += ["", f"{'power, one-sided at 5 %, errors by field':44s}{head}"]
    for i in range(powers.sizes["size"]):
        here = powers.isel(size=i)
        name = f"{int(here['n_fields'])} fields x {int(here['n_targets'])} targets x {int(here['trials'])} trials"
        for kind in ("predicted", "simulated"):
            lines.append(f"  {f'{name}, {kind}':42s}" + "".join(f"{p:16.3f}" for p in here[kind].values))
    lines.append(
        f"largest difference {100 * powers.attrs['largest_difference']:.1f} points "
        f"({'within' if powers.attrs['agrees'] else 'NOT within'} {100 * POWER_BAR:g})"
    )
    return "\n".join(lines)


def _findings(rates: xr.Dataset, powers: xr.Dataset) -> list[dict[str, object]]:
    largest = float(powers.attrs["largest_difference"])
    found: list[dict[str, object]] = [{"name": "largest_difference_of_power", "value": largest, "unit": "1"}]
    for estimator in map(str, rates["estimator"].values):
        for test in map(str, rates["test"].values):
            one = rates.sel(estimator=estimator, test=test)
            for null in NULL_TESTS:
                for side in ("one", "two"):
                    name = f"false positives, {null}, {side}-sided"
                    value = float(one["false_positive_rate"].sel(null=null, side=side))
                    if np.isfinite(value):
                        found.append({"name": name, "value": value, "unit": "1", "errors": estimator, "test": test})
            coverage = float(one["coverage"])
            found.append({"name": "coverage", "value": coverage, "unit": "1", "errors": estimator, "test": test})
    return found


def _rows(table: xr.DataArray) -> list[str]:
    def cell(rate: float) -> str:
        return f"{'-':>16s}" if np.isnan(rate) else f"{rate:16.3f}"

    names = [str(name) for name in table["estimator"].values]
    return [f"  {name:42s}" + "".join(map(cell, table.sel(estimator=name).values)) for name in names]


def _pool(experiment: ChettihHarvey, label: str) -> FieldPool:
    model = candidate(label).load()
    subject = model.prepared(experiment.sheet(model))
    return field_pool(*population(experiment).expected(experiment.kernel(subject), subject.preparation))
