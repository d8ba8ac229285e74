"""Planning an influence experiment: power, the trials that it needs, and what tells two circuits apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import xarray as xr

from insilico.analysis.influence import (
    ExperimentSize,
    TrialPlan,
    largest_differences,
    power_plan,
    power_table,
    trials_needed,
)
from insilico.provenance import versions
from protocols.chettih_harvey import SHAM_PER_TRIAL, ChettihHarvey
from protocols.circuit_table import CANDIDATES
from protocols.folder import result_folder
from protocols.report import png, report
from protocols.summary import as_json
from stimuli.errors import unknown_name

DEFAULT = ("mely2018", "mely2018 without U", "contextual light")
TRIALS = (16, 32, 64, 128, 256, 512, 1024)
DRIVES = 100.0  # r that plans assume: with r = 1 no number of trials is enough
SHOWN = 8  # rows of the comparison of two circuits


def write_plan(experiment: ChettihHarvey, labels: Sequence[str], *, command: str, out: Path) -> str:
    """Plan experiments on circuits of the table; write the four files, return the text.

    Influences are those of r = 1, taken to grow in proportion to it: r = 100 is assumed, and said.
    """
    from insilico import influence_plotting

    known = {candidate.label: candidate for candidate in CANDIDATES}
    for label in labels:
        if label not in known:
            raise unknown_name("circuit of the table", label, known)
    sizes = [_size(experiment, trials) for trials in TRIALS]
    curves, needed, expected, noise = {}, {}, {}, {}
    for label in labels:
        model = known[label].load()
        subject = model.prepared(experiment.sheet(model))
        pairs, noises = experiment.expected(experiment.kernel(subject), subject.preparation)
        for name in ("influence", "influence_at_preferred"):
            pairs[name] = pairs[name] * (DRIVES / experiment.r)
        plan = power_plan(pairs, noises, experiment.groups)
        curves[label] = power_table(plan, sizes)
        needed[label] = trials_needed(
            plan, n_fields=experiment.n_fields, n_targets=experiment.n_targets, sham_per_trial=SHAM_PER_TRIAL
        )
        expected[label], noise[label] = pairs, noises
    text = _text(experiment, curves, needed)
    for first, second in pairwise(labels):
        ranked = largest_differences(
            expected[first],
            expected[second],
            noise[first],
            _size(experiment, 128).plan,
            groups=experiment.groups,
            n_pairs=SHOWN,
        )
        text += f"\n\nwhere {first} and {second} differ most, in standard errors of the difference at 128 trials\n"
        text += ranked.to_dataframe().head(SHOWN).to_string()
    figure = influence_plotting.power_curves(curves, along="trials", xlabel="trials per target")
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
        "provenance": {"command": command, "protocol": experiment.spec(), "r": DRIVES, "versions": versions()},
    }
    page = report("Planning an influence experiment", [], text=text, further=[figure])
    with result_folder(out) as folder:
        xr.DataTree.from_dict(curves).to_netcdf(folder / "result.nc", engine="h5netcdf")
        (folder / "figure.png").write_bytes(png(figure))
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "summary.json").write_text(as_json(content), encoding="utf-8")
    return text


def _size(experiment: ChettihHarvey, trials: int) -> ExperimentSize:
    plan = TrialPlan(trials=trials, sham_trials=SHAM_PER_TRIAL * trials)
    return ExperimentSize(n_fields=experiment.n_fields, n_targets=experiment.n_targets, plan=plan)


def _text(experiment: ChettihHarvey, curves: dict[str, xr.Dataset], needed: dict[str, xr.DataArray]) -> str:
    lines = [
        f"{experiment.n_fields} fields x {experiment.n_targets} targets, {experiment.n_neurons} neurons each, r = "
        f"{DRIVES:g}, {SHAM_PER_TRIAL} sham trials for each trial of a target; one-sided at 5 %, errors by field",
        "",
        f"{'trials per target for 80 % power':34s}" + "".join(f"{letter:>8s}" for letter in "abcde"),
    ]
    for label, of_label in needed.items():
        cells = "".join("   never" if n != n else f"{n:8.0f}" for n in of_label.values)
        lines.append(f"  {label:32s}{cells}")
    for label, table in curves.items():
        lines += ["", f"power of {label:25s}" + "".join(f"{letter:>8s}" for letter in "abcde")]
        for i, trials in enumerate(table["trials"].values):
            row = table["power_of_letter"].isel(size=i).values
            lines.append(f"  {trials:5d} trials per target         " + "".join(f"{p:8.2f}" for p in row))
    return "\n".join(lines)
