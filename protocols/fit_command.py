"""`insilico fit`: a circuit's parameters from published tables, with everything left behind that makes it again."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from insilico.fitting import FitResult, Free, LeftOut, Outcome, Problem, Target
from insilico.fitting.problem import check_free
from insilico.fitting.variation import measures
from insilico.parameter_set import PER_DATA_SET, SHARED
from insilico.provenance import versions
from insilico.zoo import circuit_named, parameter_set
from protocols import fit_checks
from protocols.commands import Run, run_once
from protocols.fit_targets import BOUNDS, targets
from protocols.registry import PROTOCOLS, protocol_named
from protocols.report import report
from protocols.result_files import write_result
from stimuli.doors import door
from stimuli.errors import unknown_name

FITTABLE = ("contextual",)
KIM_WILSON = "human_kim_wilson1997"
TILT, SIZES = "otoole_wenderoth1977", "size_tuning"  # what --neighbours and --shift belong to


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
        Parameter set, or file, that everything that is not free is taken from, below `fixed`; the circuit's defaults
        if None. What it was fitted to the data counts on.
    """
    if model not in FITTABLE:
        raise ValueError(f"model {model!r} cannot be fitted: only {', '.join(FITTABLE)} is solved on folded stimuli.")
    circuit = circuit_named(model)
    known = {f.name for f in fields(circuit.parameters_class)}
    for name in fixed:
        if name not in known:
            raise unknown_name(f"parameter of {model}", name, known)
    chosen = tuple(parsed(text) for text in free)
    _check_names(to, fixed, chosen, shift=shift, neighbours=neighbours)
    before = parameter_set(model, base) if base else None
    if before is not None and before.n_fitted and not before.fitted:
        raise ValueError(
            f"parameter set {base!r} does not say which of its values were fitted: they could not be counted."
        )
    own = {name: dict(changes) for name, changes in before.preparations.items()} if before else {}
    return Problem(
        targets=_weighted(targets(to, shift=shift, neighbours=neighbours), to, weights or {}),
        free=chosen,
        parameters=circuit.parameters_class(**{**(before.values if before else {}), **fixed}),
        preparations={n: {k: v for k, v in changes.items() if k not in fixed} for n, changes in own.items()},
        fitted=tuple(label for label in (before.fitted if before else ()) if label.partition("@")[0] not in fixed),
    )


def _check_names(
    to: Sequence[str], fixed: dict[str, Any], free: Sequence[Free], *, shift: float | None, neighbours: bool
) -> None:
    """Raise where the wishes of a fit contradict each other, or belong to a table that is not fitted."""
    twice = sorted({name for name in to if list(to).count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is named twice: its data would count twice. Give it a weight instead.")
    both = [f.name for f in free if not f.where and f.name in fixed]
    if both:
        raise ValueError(f"{both[0]} is both free and set to {fixed[both[0]]!r}: keep one of the two.")
    if shift is not None and not (np.isfinite(shift) and shift > 0):
        raise ValueError(f"shift = {shift}: must be finite and > 0, the ratio of preferred sizes; macaque V1 has 2.3.")
    if shift is not None and SIZES not in to:
        raise ValueError(
            f"a shift belongs to {SIZES}, which is not fitted: name it among the tables, or ask for no shift."
        )
    if neighbours and TILT not in to:
        raise ValueError(f"neighbours are those of {TILT}, which is not fitted: name it among the tables.")


def _weighted(found: Sequence[Target], to: Sequence[str], weights: dict[str, float]) -> tuple[Target, ...]:
    """Return targets with the weights of their tables."""
    for name, weight in weights.items():
        if name not in to:
            raise unknown_name("table to weight", name, to)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise TypeError(f"weight of {name} = {weight!r}: must be a number > 0.")
    return tuple(replace(t, weight=t.weight * weights.get(str(t.experiment.name), 1.0)) for t in found)


def parsed(text: str) -> Free:
    """Return a free parameter from NAME[@PREPARATIONS][=LOW:HIGH]; raises where the name or the bounds are no such."""
    label, _, bounds = text.partition("=")
    name, _, where = label.partition("@")
    check_free(name, set(BOUNDS))
    parameter = replace(BOUNDS[name], where=where)
    if not bounds:
        return parameter
    try:
        low, high = (float(edge) for edge in bounds.split(":"))
    except ValueError as error:
        raise ValueError(f"--free {text}: bounds must be LOW:HIGH, as in beta=0.001:1.") from error
    return replace(parameter, low=low, high=high)


def start_values(chosen: Problem, model: str, name: str) -> tuple[float, ...]:
    """Return the values of a parameter set as a start of the problem's free parameters."""
    before = parameter_set(model, name)
    values = []
    for parameter in chosen.free:
        found = None if parameter.where else before.values.get(parameter.name)
        for preparation, own in before.preparations.items():
            if parameter.where and parameter.acts_on(preparation) and parameter.name in own:
                found = own[parameter.name]
        if found is None:
            found = getattr(chosen.parameters, parameter.name, None)
        if found is None or not parameter.low <= found <= parameter.high:
            found = parameter.from_unit(0.5)
        values.append(float(found))
    return tuple(values)


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
    subject = result.to_model()
    names = [t.name for t in result.problem.targets if t.label is None]
    runs = [run_once(protocol_named(name), subject, seed=seed, progress=True) for name in names if name in PROTOCOLS]
    compared = [run.comparison for run in runs if run.comparison is not None]
    errors = result.standard_errors
    findings = [
        {
            "name": f.label,
            "value": v,
            "unit": "1",
            "standard_error": errors[f.label],
            "scale": f.transform,
            "fitted": f.label in result.fitted,
        }
        for f, v in zip(result.problem.free, result.best.values, strict=True)
    ]
    findings += [{"name": f"left_out_{part.name}_r2", "value": part.r2, "unit": "1"} for part in left_out]
    measured = measures(result.problem, result.best.values)
    findings += [{"name": name, "value": value, "unit": "1"} for name, value in measured.items()]
    content = {
        "protocol": "fit",
        "model": model,
        "converged": all(run.comparison.converged for run in runs if run.comparison) and not result.best.unconverged,
        "scores": [c.score() for c in compared],
        "findings": findings + [f.to_dict() for run in runs if run.comparison is None for f in run.findings],
        "checks": fit_checks.as_records(outcomes),
        "fitted": list(result.fitted),
        "fixed_at_bounds": result.at_bounds(),
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
    entry = as_toml("fitted", result, description=f"fitted to {', '.join(names)}", command=command)
    data = {run.protocol.name: run.responses for run in runs}
    write_result(out, data, figure=figure, page=page, content=content, further={"parameters.toml": entry})
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
    fitted = {
        SHARED: [label for label in found["fitted"] if "@" not in label],
        PER_DATA_SET: [label for label in found["fitted"] if "@" in label],
    }
    lines = [
        f"[{name}]",
        f"circuit = {_toml(FITTABLE[0])}",
        f"description = {_toml(description)}",
        f"n_fitted = {len(found['fitted'])}",
        f"fitted = {_toml(fitted)}",
        f"fixed_at_bounds = {_toml(result.at_bounds())}",
        f"fitted_to = {_toml([t.name for t in result.problem.targets])}",
        f"command = {_toml(command)}",
        f"scores = {_toml({k: round(v, 4) for k, v in result.evaluation.scores.items()})}",
        f"values = {_toml(found['values'])}",
    ]
    for preparation, own in found["preparations"].items():
        lines += ["", f"[{name}.preparations.{preparation}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in own.items()]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(float(value))  # all digits: a set that is loaded again gives the same scores
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return str(value)
