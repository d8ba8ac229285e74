"""What a run has shown: `summary.json`, and the lines printed on the terminal."""

from __future__ import annotations

import json
import math
from typing import Any

import xarray as xr

from insilico.comparison import Comparison, Finding, ceiling_text, gain_text, orbits_text
from insilico.provenance import read_provenance
from protocols.base import AbstractProtocol, subject_of


def summary(
    protocol: AbstractProtocol, responses: xr.Dataset, comparison: Comparison | None, findings: list[Finding]
) -> dict[str, Any]:
    """Return the content of `summary.json`: protocol, model, converged, scores, findings, provenance."""
    record = read_provenance(responses.attrs)
    return {
        "protocol": protocol.name,
        "model": subject_of(responses),
        "converged": bool(responses["converged"].values.all()),
        "scores": [comparison.score()] if comparison else [],
        "findings": [finding.to_dict() for finding in findings],
        "provenance": record,
    }


def as_json(content: dict[str, Any]) -> str:
    """Return strict JSON: what is not a finite number is null."""
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def score_line(score: dict[str, Any]) -> str:
    """Return one line: score, interval, ceiling, gain, nulls; a gain not above 0 and a null above the model say so."""
    nulls = " · ".join(
        f"{name.replace('_', ' ')} {_digits(value, 3)}{' (above the model)' if _above(value, score['value']) else ''}"
        for name, value in score["nulls"].items()
    )
    return (
        f"{score['name']}  {_digits(score['value'], 3)} [{_digits(score['low'], 2)}, {_digits(score['high'], 2)}], "
        f"{orbits_text(score.get('n_orbits'))}   "
        f"ceiling {ceiling_text(score['ceiling'])}   {score['n_free']} free   {gain_text(score)}   nulls: {nulls}"
    )


def finding_line(finding: Finding) -> str:
    """Return one line: name, value, unit, the data's value where there is one, why a value is undefined."""
    unit = "" if finding.unit == "1" else f" {finding.unit}"
    beside = "" if finding.data is None else f"   (data {finding.data:.3g}{unit})"
    value = finding.value if isinstance(finding.value, str) else f"{finding.value:.3g}"
    interval = "" if finding.low is None or finding.high is None else f" [{finding.low:.3g}, {finding.high:.3g}]"
    undefined = not isinstance(finding.value, str) and math.isnan(finding.value)
    why = f" ({finding.note})" if undefined and finding.note else ""
    return f"  {finding.name}  {value}{interval}{unit}{beside}{why}{_verdict(finding)}"


def _verdict(finding: Finding) -> str:
    """Return the expected range and whether it is met; empty where nothing is expected."""
    if finding.expected is None:
        return ""
    low, high = finding.expected
    return f"   expected {low:g} to {high:g}: {'met' if finding.met else 'MISSED'}"


def convergence_line(responses: xr.Dataset) -> str:
    """Return how many stimuli were shown and whether all of them reached a fixed point."""
    n, largest = responses.sizes["stimulus"], float(responses["residual"].max())
    missed = int((~responses["converged"].values.astype(bool)).sum())
    if missed:
        return f"warning: {missed} of {n} stimuli did not converge (largest residual {largest:.1e} per unit time)"
    return f"{n} stimuli · all converged (largest residual {largest:.1e} per unit time)"


def _digits(value: float | None, digits: int) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _above(null: float | None, model: float | None) -> bool:
    return null is not None and model is not None and null > model


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
