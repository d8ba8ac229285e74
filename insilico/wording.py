"""Models and perturbations in words, from what a provenance says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def described(model: Mapping[str, Any]) -> str:
    """Return a model's name with all that makes it differ from the default, for tables and figures."""
    extras = [f"without {name}" if not name.startswith("untuned") else name for name in model.get("lesions", ())]
    if model.get("parameter_set", "default") != "default":
        extras.insert(0, str(model["parameter_set"]))
    extras += [f"{name} = {value}" for name, value in model.get("changes", {}).items()]
    if model.get("encoder", "population") != "population":
        extras.append(f"{model['encoder']} encoder")
    extras += [in_words(p) for p in model.get("perturbations", ())]
    return str(model["name"]) + (f" ({', '.join(extras)})" if extras else "")


def in_words(p: Mapping[str, Any]) -> str:
    """Return a perturbation that was written into a provenance in words: what was done to how many units."""
    if p["mode"] == "light":
        n = len(p["spots"])
        return f"light on {n} {'spot' if n == 1 else 'spots'}"
    units, value = p["units"], p["value"]
    count = (
        "targets"
        if isinstance(units, Mapping)
        else units
        if isinstance(units, str)
        else f"{len(units)} {'unit' if len(units) == 1 else 'units'}"
    )
    return f"{p['mode']}{'' if value is None or isinstance(value, list | tuple) else f' {value:g}'} of {count}"
