"""`insilico fit`: a circuit's parameters from published tables, with everything left behind that makes it again."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import xarray as xr

from insilico.fitting import FitResult, Free, LeftOut, Outcome, Problem
from insilico.model import SheetModel
from insilico.provenance import versions
from insilico.zoo import ParameterSet, circuit_named, parameter_sets
from protocols import fit_checks
from protocols.commands import Run, run_once
from protocols.fit_targets import BOUNDS, EXPERIMENTS, fitted_geometry, targets
from protocols.folder import result_folder
from protocols.registry import protocol_named
from protocols.report import png, report
from protocols.summary import as_json
from stimuli.doors import door
from stimuli.errors import unknown_name

FITTABLE = ("contextual",)
KIM_WILSON = "human_kim_wilson1997"


@door
def fit_problem(
    model: str,
    to: Sequence[str],
    *,
    free: Sequence[str],
    fixed: dict[str, Any],
    shift: float | None = None,
    neighbours: bool = False,
    weights: dict[str, float] | None = None,
    base: str | None = None,
) -> Problem:
    """Return a fitting problem from names.

    Parameters
    ----------
    model
        "contextual", the circuit that is solved folded.
    to
        Names of tables, and "size_tuning".
    free
        Names of parameters, NAME or NAME@PREPARATIONS, with bounds of one's own as NAME=LOW:HIGH.
    fixed
        Circuit parameters that differ from the default and are not fitted.
    shift, neighbours
        See `protocols.fit_targets.targets`.
    weights
        Table name to its weight; 1 where it is not named.
    base
        Parameter set that everything that is not free is taken from, below `fixed`; the circuit's defaults if None.
    """
    if model not in FITTABLE:
        raise ValueError(f"model {model!r} cannot be fitted: only {', '.join(FITTABLE)} is solved on folded stimuli.")
    circuit = circuit_named(model)
    known = {f.name for f in fields(circuit.parameters_class)}
    for name in fixed:
        if name not in known:
            raise unknown_name(f"parameter of {model}", name, known)
    shipped = _shipped(model, base) if base else None
    weights = weights or {}
    for name in weights:
        if name not in to:
            raise unknown_name("table to weight", name, to)
    chosen = tuple(
        replace(target, weight=target.weight * weights.get(str(target.experiment.name), 1.0))
        for target in targets(to, shift=shift, neighbours=neighbours)
    )
    return Problem(
        targets=chosen,
        free=tuple(parsed(text) for text in free),
        parameters=circuit.parameters_class(**{**(shipped.values if shipped else {}), **fixed}),
        preparations={name: dict(own) for name, own in shipped.preparations.items()} if shipped else {},
    )


def parsed(text: str) -> Free:
    """Return a free parameter from NAME[@PREPARATIONS][=LOW:HIGH]; raises where the name or the bounds are no such."""
    label, _, bounds = text.partition("=")
    name, _, where = label.partition("@")
    if name not in BOUNDS:
        raise unknown_name("parameter to free", name, BOUNDS)
    parameter = replace(BOUNDS[name], where=where)
    if not bounds:
        return parameter
    try:
        low, high = (float(edge) for edge in bounds.split(":"))
    except ValueError as error:
        raise ValueError(f"--free {text}: bounds must be LOW:HIGH, as in beta=0.001:1.") from error
    return replace(parameter, low=low, high=high)


def start_values(chosen: Problem, model: str, name: str) -> tuple[float, ...]:
    """Return the values of a shipped parameter set as a start of the problem's free parameters."""
    shipped = _shipped(model, name)
    values = []
    for parameter in chosen.free:
        found = None if parameter.where else shipped.values.get(parameter.name)
        for preparation, own in shipped.preparations.items():
            if parameter.where and parameter.acts_on(preparation) and parameter.name in own:
                found = own[parameter.name]
        if found is None:
            found = getattr(chosen.parameters, parameter.name, None)
        if found is None or not parameter.low <= found <= parameter.high:
            found = parameter.from_unit(0.5)
        values.append(float(found))
    return tuple(values)


def _shipped(model: str, name: str) -> ParameterSet:
    sets = parameter_sets(model)
    if name not in sets:
        raise unknown_name(f"parameter set of {model}", name, sets)
    return sets[name]


def fitted_model(result: FitResult, model: str) -> SheetModel:
    """Return the circuit with the values of a fit, ready for every experiment."""
    found = result.parameter_set()
    preparations = {
        name: {**fitted_geometry(_table_of(name) or ""), **own} for name, own in found["preparations"].items()
    }
    return SheetModel(
        circuit=circuit_named(model),
        parameters=type(result.problem.parameters)(**found["values"]),
        parameter_set="fitted here",
        n_fitted=found["n_fitted"],
        overrides=preparations,
    )


def write_fit(
    result: FitResult,
    left_out: Sequence[LeftOut],
    outcomes: Sequence[Outcome],
    *,
    model: str,
    command: str,
    seed: int,
    out: Path,
    second: FitResult | None = None,
) -> list[Run]:
    """Run every fitted experiment on the full sheet with the fitted values; write the result folder.

    `outcomes` are those of the checks, `second` is the fit by another optimiser, where there is one.

    Beside the four files of every command, `parameters.toml` holds the fit as a parameter set with its card.
    """
    subject = fitted_model(result, model)
    names = [t.name for t in result.problem.targets if t.label is None]
    runs = [run_once(protocol_named(name), subject, seed=seed, progress=True) for name in names]
    compared = [run.comparison for run in runs if run.comparison is not None]
    errors = result.standard_errors
    findings = [
        {"name": f.label, "value": v, "unit": "1", "standard_error": errors[f.label], "scale": f.transform}
        for f, v in zip(result.problem.free, result.best.values, strict=True)
    ]
    findings += [{"name": f"left_out_{part.name}_r2", "value": part.r2, "unit": "1"} for part in left_out]
    content = {
        "protocol": "fit",
        "model": model,
        "converged": all(run.comparison.converged for run in runs if run.comparison) and not result.best.unconverged,
        "scores": [c.score() for c in compared],
        "findings": findings + [f.to_dict() for run in runs if run.comparison is None for f in run.findings],
        "checks": fit_checks.as_records(outcomes),
        "provenance": {
            "command": command,
            "seed": seed,
            "starts": [asdict(start) for start in result.starts],
            "versions": versions(),
        },
    }
    figure = result.plot()
    checked = [fit_checks.intact(result), *outcomes] if outcomes else []
    page = report(
        f"Fit of {model} to {', '.join(names)}",
        [run.section for run in runs],
        figure=figure,
        text="\n\n".join(as_text(result, left_out, outcomes, second)),
        further=fit_checks.figures(checked),
    )
    with result_folder(out, extra=("parameters.toml",)) as folder:
        xr.DataTree.from_dict({run.protocol.name: run.responses for run in runs}).to_netcdf(
            folder / "result.nc", engine="h5netcdf"
        )
        (folder / "figure.png").write_bytes(png(figure))
        (folder / "report.html").write_text(page, encoding="utf-8")
        (folder / "summary.json").write_text(as_json(content), encoding="utf-8")
        entry = as_toml("fitted", result, description=f"fitted to {', '.join(names)}", command=command)
        (folder / "parameters.toml").write_text(entry, encoding="utf-8")
    return runs


def as_text(
    result: FitResult, left_out: Sequence[LeftOut], outcomes: Sequence[Outcome], second: FitResult | None
) -> list[str]:
    """Return what a fit found, paragraph by paragraph: the fit, a second opinion, left-out data, checks."""
    parts = [result.summary()]
    if second is not None:
        scores = ", ".join(f"{name} {value:.3f}" for name, value in second.evaluation.scores.items())
        parts.append(
            f"second opinion (CMA-ES, {second.best.n_evaluations} evaluations): cost {second.best.cost:.4f} against "
            f"{result.best.cost:.4f}\n  {scores}"
        )
    if left_out:
        lines = [f"  {part.name}_r2  {part.r2:.3f}   {part.n_points} points, {part.how}" for part in left_out]
        parts.append("\n".join(["left out, predicted by fits that have not seen them", *lines]))
    if outcomes:
        parts.append(fit_checks.as_text([fit_checks.intact(result), *outcomes]))
    own_width = any(f.name == "tuning_width" and f.acts_on(KIM_WILSON) for f in result.problem.free)
    if not own_width:
        parts.append(f"{KIM_WILSON} was not fitted: it is shown to this circuit with the published tuning width.")
    return parts


def as_toml(name: str, result: FitResult, *, description: str, command: str) -> str:
    """Return a fit as an entry of `insilico/reference/parameters/CIRCUIT.toml`, with its card."""
    found = result.parameter_set()
    lines = [
        f"[{name}]",
        f"description = {_toml(description)}",
        f"n_fitted = {found['n_fitted']}",
        f"fitted_to = {_toml([t.name for t in result.problem.targets])}",
        f"command = {_toml(command)}",
        f"scores = {_toml({k: round(v, 4) for k, v in result.evaluation.scores.items()})}",
        f"values = {_toml(found['values'])}",
    ]
    for preparation, own in found["preparations"].items():
        table = _table_of(preparation)
        geometry = fitted_geometry(table) if table else {}
        lines += ["", f"[{name}.preparations.{preparation}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in {**geometry, **own}.items()]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


def _table_of(preparation: str) -> str | None:
    for name, make in EXPERIMENTS.items():
        if make().preparation.name == preparation:
            return name
    return None


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}" if "." in f"{value:.6g}" or "e" in f"{value:.6g}" else f"{value:.1f}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return str(value)
