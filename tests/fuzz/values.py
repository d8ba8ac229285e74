"""Bad values for arguments: what is known to be of a wrong type, and what is of the right type but strange."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

NAN, INF = float("nan"), float("inf")

NEVER: tuple[Any, ...] = (b"1", {"a": 1}, {1.0, 2.0}, object(), 1j, [[1.0], [2.0, 3.0]])
"""Of a wrong type wherever a number, text, a sequence of either, or an object of ours is asked for."""

WRONG: dict[str, tuple[Any, ...]] = {
    "number": (*NEVER, True, False, "1", "abc", [1.0], (0.5, 0.5), np.bool_(True), np.array([1.0, 2.0])),
    "flag": (*NEVER, "yes", "False", 1, 0, 1.0, [True]),
    "text": (*NEVER, True, 1, 1.5, ["a"]),
    "path": (*NEVER, True, 1.5, ["a"]),
    "numbers": (b"12", {"a": 1}, {1.0, 2.0}, object(), 1j, "1, 2", ("1", "2"), (True, False), (None,), (object(),)),
    "object": (*NEVER, True, "abc", 3.5, [1.0], (object(),)),
}
"""Values known to be wrong, by what is asked for."""

STRANGE: dict[str, tuple[Any, ...]] = {
    "number": (NAN, INF, -INF, 0.0, -0.0, -1.0, 1e-300, 1e6, 1e300, 0, -3, 10**30, np.float32(0.5), 0.1),
    "flag": (True, False),
    "text": ("", " ", "abc", "a/b", "\0", "é" * 50, "x" * 1000),
    "path": ("", "nowhere/at/all.nc", ".", Path("no.nc")),
    "numbers": (
        (),
        (NAN,),
        (INF, 1.0),
        (-1.0, 0.0),
        (1.0, 1.0),
        (1e300, 1.0),
        (0.5,),
        (1, 2, 3),
        [0.25, 0.5],
        np.eye(2),
    ),
    "object": (None,),
}
"""Values of the right type, or None: accepted or refused, but never with an unclear error."""


def kind_of(value: Any) -> str:
    """Return what an argument asks for, read off a valid value of it."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Path):
        return "path"
    if isinstance(value, str):
        return "text"
    if isinstance(value, tuple) and value and all(isinstance(item, (int, float)) for item in value):
        return "numbers"
    return "object"


def shown(value: Any) -> str:
    """Return a value in one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) < 60 else f"{text[:57]}..."
