"""What the command line does, without its words: run one experiment, the demonstration, a comparison of runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import xarray as xr

from insilico.comparison import Comparison, Finding
from insilico.execute import NotConvergedWarning
from insilico.experiment import PERTURBATION, Acts
from insilico.model import SheetModel
from insilico.perturb import Lesion
from insilico.provenance import read_provenance
from insilico.zoo import load_model
from protocols.base import AbstractProtocol, subject_of
from protocols.folder import check_writable
from protocols.registry import protocol_named
from protocols.report import Section, report
from protocols.result_files import write_result
from protocols.summary import convergence_line, summary
from protocols.table import AbstractTableProtocol
from stimuli.errors import UnknownNameError

DEMO_PROTOCOLS = ("busse2009", "trott_born2015_plaid", "trott_born2015_matrix")
DEMO_MODELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("feedforward", ()),
    ("normalization", ()),
    ("mely2018", ()),
    ("mely2018", ("T",)),
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: protocol, responses, comparison (or None), findings."""

    protocol: AbstractProtocol
    responses: xr.Dataset
    comparison: Comparison | None
    findings: list[Finding]

    @property
    def section(self) -> Section:
        """The run as a section of a report."""
        record = read_provenance(self.responses.attrs)
        if self.comparison is not None:
            figure, title = self.comparison.plot(), f"{self.protocol.title}: {self.comparison.model}"
        else:
            figure, title = self.protocol.plot(self.responses), f"{self.protocol.title}: {subject_of(self.responses)}"
        return Section(
            title=title,
            citation=self.protocol.cite(),
            figure=figure,
            convergence=convergence_line(self.responses),
            comparison=self.comparison,
            findings=self.findings,
            assumptions=record["assumptions"],
            record=record,
        )


def assembled(
    protocol: str, model: str, *, parameters: str | None, lesions: Sequence[str], settings: dict[str, Any]
) -> tuple[AbstractProtocol, SheetModel]:
    """Return a protocol and a model from names and `--set` pairs, each pair given to the one that knows it."""
    own = {f.name for f in fields(protocol_named(protocol))} - {"preparation"} | {"geometry"}
    of_protocol = {key: value for key, value in settings.items() if key in own}
    of_model = {key: value for key, value in settings.items() if key not in own}
    if {"name", "parameters"} & set(of_model):
        raise ValueError("--set knows no 'name' or 'parameters': use --model and --parameters.")
    try:
        subject = load_model(model, parameters, **of_model)
    except UnknownNameError as error:
        raise ValueError(f"{error} Settings of {protocol}: {', '.join(sorted(own))}.") from error
    return protocol_named(protocol, **of_protocol), subject.perturbed(*(Lesion(name) for name in lesions))


def run_once(protocol: AbstractProtocol, model: SheetModel, *, seed: int, progress: bool) -> Run:
    """Run a protocol on a model and measure; says in the result, not by a warning, what has not converged."""
    _refuse_missing_conditions(protocol, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConvergedWarning)
        responses = protocol.run(model, seed=seed, progress=progress)
    return _measured(protocol, responses, seed=seed)


def _refuse_missing_conditions(protocol: AbstractProtocol, model: SheetModel) -> None:
    """Look up the table's conditions among what will be shown, before anything is computed."""
    if isinstance(protocol, AbstractTableProtocol):
        subject = model if protocol.preparation is None else model.prepared(protocol.preparation)
        protocol.reader(protocol.stimuli(subject.preparation), subject.preparation)


def _measured(protocol: AbstractProtocol, responses: xr.Dataset, *, seed: int) -> Run:
    comparison = protocol.compare(responses, seed=seed) if isinstance(protocol, AbstractTableProtocol) else None
    findings = list(comparison.findings) if comparison else protocol.findings(responses)
    return Run(protocol=protocol, responses=responses, comparison=comparison, findings=findings)


def run_under(
    protocol: AbstractProtocol, model: SheetModel, perturbations: Mapping[str, Acts], *, seed: int, progress: bool
) -> tuple[xr.Dataset, list[Run]]:
    """Run a protocol intact, under a sham and under each perturbation; return all responses, and a run for each."""
    _refuse_missing_conditions(protocol, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConvergedWarning)
        responses = protocol.run(model, perturbations=perturbations, seed=seed, progress=progress)
    names = [str(name) for name in responses[PERTURBATION].values]
    return responses, [_measured(protocol, responses.sel({PERTURBATION: name}), seed=seed) for name in names]


def write_runs(responses: xr.Dataset, runs: Sequence[Run], out: Path) -> None:
    """Write the four files of runs under several perturbations, all or nothing."""
    from insilico import plotting

    protocol = runs[0].protocol
    comparisons = [run.comparison for run in runs if run.comparison is not None]
    names = [str(run.responses[PERTURBATION].item()) for run in runs]
    figure = (
        plotting.score_table(comparisons)
        if comparisons
        else plotting.findings_under({name: run.findings for name, run in zip(names, runs, strict=True)})
    )
    each = [summary(protocol, run.responses, run.comparison, run.findings) for run in runs]
    content = {
        **each[0],
        "converged": all(one["converged"] for one in each),
        "scores": [{**s, "perturbation": n} for n, one in zip(names, each, strict=True) for s in one["scores"]],
        "findings": [{**f, "perturbation": n} for n, one in zip(names, each, strict=True) for f in one["findings"]],
    }
    title = f"{protocol.title} under {len(runs) - 2} perturbations"
    page = report(title, [run.section for run in runs], figure=figure)
    write_result(out, responses, figure=figure, page=page, content=content)


def write_run(run: Run, out: Path) -> None:
    """Write result.nc, figure.png, report.html and summary.json, all or nothing."""
    section = run.section
    page = report(section.title, [section])
    content = summary(run.protocol, run.responses, run.comparison, run.findings)
    write_result(out, run.responses, figure=section.figure, page=page, content=content)


def run_demo(out: Path, *, seed: int, progress: bool, say: Callable[[str], None]) -> list[Comparison]:
    """Run the published experiments on all models and on mely2018 without T; write one folder for all."""
    from insilico import plotting

    check_writable(out)
    runs = []
    for protocol in DEMO_PROTOCOLS:
        for model, lesions in DEMO_MODELS:
            experiment, subject = assembled(protocol, model, parameters=None, lesions=lesions, settings={})
            runs.append(run_once(experiment, subject, seed=seed, progress=progress))
            say(f"{experiment.title}: {runs[-1].comparison.model if runs[-1].comparison else model}")
    comparisons = [run.comparison for run in runs if run.comparison is not None]
    figure = plotting.score_table(comparisons)
    groups = {f"{c.protocol}/{_group(c.model)}": r.responses for c, r in zip(comparisons, runs, strict=True)}
    summaries = [summary(r.protocol, r.responses, r.comparison, []) for r in runs]
    content = {
        "protocol": "demo",
        "model": ", ".join(dict.fromkeys(c.model for c in comparisons)),
        "converged": all(c.converged for c in comparisons),
        "scores": [{**c.score(), "model": c.model} for c in comparisons],
        "findings": [],
        "provenance": {f"{s['protocol']}/{s['model']}": s["provenance"] for s in summaries},
    }
    page = report("Three published experiments, three models, one lesion", [r.section for r in runs], figure=figure)
    write_result(out, groups, figure=figure, page=page, content=content)
    return comparisons


def _group(model: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in model).strip("_")
