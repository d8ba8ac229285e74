"""Planning an influence experiment: power, the trials that it needs, and what tells two circuits apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import xarray as xr

from insilico.analysis.influence import (
    ExperimentSize,
    TrialPlan,
    largest_differences,
    power_plan,
    power_table,
    trials_needed,
)
from insilico.analysis.influence.groups import LETTERS
from insilico.analysis.influence.noise import FieldNoise
from insilico.analysis.influence.power import PowerPlan
from insilico.model import SheetModel
from insilico.provenance import versions
from protocols.chettih_harvey import LEAST_TRIALS, NOISE, SHAM_PER_TRIAL, ChettihHarvey
from protocols.circuit_table import candidate
from protocols.photostimulation import Kernel
from protocols.report import report
from protocols.result_files import write_result

DEFAULT = ("mely2018", "mely2018 without U", "contextual light")
STRONG_DRIVE = 100.0  # r of plans unless another is asked for: with r = 1 hardly any number of trials is enough
POPULATION = 3  # times as many fields as in the experiment stand for all there are: effects and their scatter
USUAL_TRIALS = 128  # of each target, where something else is varied
SHOWN = 8  # rows of the comparison of two circuits
VARIED: dict[str, tuple[str, tuple[float, ...]]] = {
    "trials": ("trials per target", (16, 32, 64, 128, 256, 512, 1024)),
    "n_fields": ("fields", (4, 6, 10, 20, 40, 80)),
    "n_targets": ("targets per field", (4, 8, 13, 26, 52, 104)),
    "sham_per_trial": ("sham trials per trial of a target", (1, 3, 10, 30, 100)),
    "input_share": ("share of input noise", (0.0, 0.1, 0.2, 0.4, 0.6)),
    "maximal_response": ("events per best trial", (0.5, 1, 3, 10, 30)),
}
OF_NOISE = ("input_share", "maximal_response")
Expected = tuple[xr.Dataset, dict[object, FieldNoise]]


def write_plan(experiment: ChettihHarvey, labels: Sequence[str], *, command: str, out: Path) -> str:
    """Plan experiments on circuits of the table; write the four files, return the text for the terminal.

    Influences are those of the experiment's own r, solved anew: at large r they do not grow in proportion to it.
    """
    from insilico import influence_plotting

    circuits = {label: candidate(label) for label in labels}
    curves: dict[str, dict[str, xr.Dataset]] = {}
    needed: dict[str, xr.DataArray] = {}
    found: dict[str, Expected] = {}
    for label in labels:
        model = circuits[label].load()
        subject = model.prepared(experiment.sheet(model))
        kernel = experiment.kernel(subject)
        found[label] = experiment.expected(kernel, subject.preparation)
        plan = power_plan(*population(experiment).expected(kernel, subject.preparation), experiment.groups)
        curves[label] = _curves(experiment, kernel, subject, plan)
        needed[label] = trials_needed(
            plan, n_fields=experiment.n_fields, n_targets=experiment.n_targets, sham_per_trial=SHAM_PER_TRIAL
        )
    text = _needed_text(experiment, needed)
    for label, tables in curves.items():
        text += "\n" + _power_text(label, "trials", tables["trials"])
    compared = "".join(_differences(experiment, pair, found) for pair in pairwise(labels))
    others = [
        _power_text(label, name, table)
        for label, tables in curves.items()
        for name, table in tables.items()
        if name != "trials"
    ]
    usual = (
        f"where not varied: {USUAL_TRIALS} trials, {experiment.n_fields} fields, {experiment.n_targets} targets, "
        f"{SHAM_PER_TRIAL} sham trials per trial, "
        f"input noise {NOISE.input_share:g}, {NOISE.maximal_response:g} events, r = {experiment.r:g}"
    )
    figure = influence_plotting.power_curves(
        curves, {name: xlabel for name, (xlabel, _) in VARIED.items()}, title=usual
    )
    content = {
        "protocol": "influence_plan",
        "model": ", ".join(labels),
        "converged": True,
        "scores": [],
        "findings": [
            {"name": f"trials_for_80_percent_{letter}", "value": float(n), "unit": "trials per target", "model": label}
            for label, of_label in needed.items()
            for letter, n in zip(of_label["letter"].values, of_label.values, strict=True)
        ],
        "provenance": {"command": command, "protocol": experiment.spec(), "versions": versions()},
    }
    remark = "\nd may change with the noise in kind: noise decides which pairs are strong, and these are not alike."
    page = report(
        "Planning an influence experiment",
        [],
        text="\n".join([text, *others, remark, compared]),
        figure=figure,
    )
    tree = {f"{label}/{name}": table for label, tables in curves.items() for name, table in tables.items()}
    write_result(out, tree, figure=figure, page=page, content=content)
    return text + "\n" + remark + compared


def population(experiment: ChettihHarvey) -> ChettihHarvey:
    """Return the experiment with as many fields as stand for all there are."""
    return replace(experiment, n_fields=POPULATION * experiment.n_fields)


def _curves(experiment: ChettihHarvey, kernel: Kernel, model: SheetModel, plan: PowerPlan) -> dict[str, xr.Dataset]:
    """Return the power against each quantity that is varied, the others as usual."""
    tables = {}
    for name, (_, values) in VARIED.items():
        if name in OF_NOISE:
            noises = [replace(NOISE, **{name: value}) for value in values]
            found = (population(experiment).expected(kernel, model.preparation, noise=noise) for noise in noises)
            plans = [power_plan(*one, experiment.groups) for one in found]
            table = xr.concat([power_table(one, [_size(experiment)]) for one in plans], dim="size")
        else:
            table = power_table(plan, [_size(experiment, **{name: value}) for value in values])
        tables[name] = table.assign_coords({name: ("size", list(values))})
    return tables


def _size(
    experiment: ChettihHarvey,
    *,
    trials: float = USUAL_TRIALS,
    n_fields: float | None = None,
    n_targets: float | None = None,
    sham_per_trial: float = SHAM_PER_TRIAL,
) -> ExperimentSize:
    plan = TrialPlan(trials=int(trials), sham_trials=round(sham_per_trial * trials))
    return ExperimentSize(
        n_fields=int(n_fields or experiment.n_fields), n_targets=int(n_targets or experiment.n_targets), plan=plan
    )


def _differences(experiment: ChettihHarvey, labels: tuple[str, str], found: Mapping[str, Expected]) -> str:
    first, second = labels
    ranked = largest_differences(
        found[first][0],
        found[second][0],
        found[first][1],
        _size(experiment).plan,
        groups=experiment.groups,
        n_pairs=SHOWN,
    )
    head = f"where {first} and {second} differ most, in standard errors of the difference at {USUAL_TRIALS} trials"
    return f"\n\n{head}\n{ranked.to_dataframe().head(SHOWN).to_string()}"


def drive_text(experiment: ChettihHarvey) -> str:
    """Return what the light does, in words."""
    return (
        f"r = {experiment.r:g}: light changes the target by {experiment.r:g} times its largest response to "
        "these gratings, and the circuit is solved anew (--set r=… for another)"
    )


def _needed_text(experiment: ChettihHarvey, needed: Mapping[str, xr.DataArray]) -> str:
    lines = [
        f"{experiment.n_fields} fields x {experiment.n_targets} targets, {experiment.n_neurons} neurons each, "
        f"{SHAM_PER_TRIAL} sham trials for each trial of a target; one-sided at 5 %, errors by field",
        drive_text(experiment),
        f"fewest: {LEAST_TRIALS}, one of each grating; never: the sign is the other one, or fields differ too much",
        "",
        f"{'trials per target for 80 % power':40s}" + _cells(LETTERS, "s"),
    ]
    for label, of_label in needed.items():
        lines.append(f"  {label:38s}" + "".join("   never" if n != n else f"{n:8.0f}" for n in of_label.values))
    return "\n".join(lines)


def _power_text(label: str, name: str, table: xr.Dataset) -> str:
    usual = "" if name == "trials" else f", {USUAL_TRIALS} trials"
    lines = ["", f"{f'power of {label}{usual}':40s}" + _cells(LETTERS, "s")]
    for value, row in zip(table[name].values, table["power_of_letter"].transpose("size", ...).values, strict=True):
        lines.append(f"  {f'{value:g} {VARIED[name][0]}':38s}" + _cells(row, ".2f"))
    return "\n".join(lines)


def _cells(values: Any, form: str) -> str:
    return "".join(f"{value:>8{form}}" for value in values)
