"""KEY=VALUE, as it is written on the command line."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any


def pairs(texts: Sequence[str]) -> dict[str, Any]:
    """Return settings from texts KEY=VALUE; raises ValueError where one is no such, or comes twice."""
    settings = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ValueError(f"--set {text}: must be KEY=VALUE, as in --set alpha=2.")
        if key in settings:
            raise ValueError(f"--set {key} is given twice: keep one.")
        settings[key] = _value(value)
    return settings


def _value(text: str) -> Any:
    """Return a setting: true and false, a number or another Python literal, or else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
