"""What is said of an argument of the wrong type: its name, its value, what is needed, the remedy."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

Complaint = tuple[str, Any, str]
"""Where within an argument ("" or "[2]"), the value there, what is needed."""

REMEDIES = {
    "StimulusSet": "StimulusSet.of([stimulus]) makes one",
    "Model": "insilico.load_model(name) returns one",
    "SheetModel": "insilico.load_model(name) returns one",
    "Display": "Display(size_px=(height, width), ppd=...) makes one",
    "Recording": 'Recording(cells="center") makes one',
    "Targets": "insilico.Targets(preferred=...) makes some",
    "Lesion": "insilico.Lesion(name) makes one",
    "Dataset": "Give what `run` or `record` returned",
    "DataArray": "Take one variable of a result, as in result['response']",
}
"""How to get an instance of a class, by its name."""

_SHORT = reprlib.Repr()
_SHORT.maxstring, _SHORT.maxother = 60, 80


def said(name: str, complaint: Complaint) -> str:
    """Return the message of a complaint about an argument."""
    where, value, need = complaint
    text = f"{name}{where} = {shown(value)} ({type(value).__name__}): must be {need}."
    remedy = _remedy(value, need)
    return f"{text} {remedy}" if remedy else text


def shown(value: Any) -> str:
    """Return a value in one short line."""
    return " ".join(_SHORT.repr(value).split())


def misspelt(function: str, name: str, known: Sequence[str]) -> str:
    """Return the message for a keyword that a function does not take."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    suggestion = f" Did you mean {near[0]!r}?" if near else ""
    return f"{function}() got an unexpected keyword argument {name!r}.{suggestion} Known: {', '.join(known) or 'none'}."


def lacks(kind: str, missing: Sequence[str]) -> str:
    """Return what is needed of an object that lacks members of a protocol."""
    return f"a {kind}" + (f" (it has no {', '.join(missing)})" if missing else "")


def _remedy(value: Any, need: str) -> str:
    if "sequence" in need:
        if isinstance(value, (set, frozenset, Mapping)):
            return f"A {type(value).__name__} has no order of values: give a tuple or a list."
        several = hasattr(value, "__len__") and not isinstance(value, str)
        return "" if several or value is None else "Put one in a list."
    if "number" in need and isinstance(value, str):
        return f"Give {value.strip()} without quotes." if _reads_as_number(value) else ""
    if "number" in need and isinstance(value, bool):
        return f"{value} is no number."
    for kind, remedy in REMEDIES.items():
        if kind in re.findall(r"\w+", need.split(" (")[0]):
            return f"{remedy}."
    return ""


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
