"""Checks of arguments: each returns the value it was given, as a plain Python value, or says why it cannot be used."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from stimuli.errors import unknown_name

TOLERANCE_DEG = 1e-9
"""Slack of every geometric comparison, degrees: far below a pixel, far above rounding error."""

TOLERANCE_CONTRAST = 1e-9
"""Slack of every comparison of contrasts."""


def plain(value: Any, *, whole: bool = False) -> Any:
    """Return numpy and xarray scalars as Python values, whole numbers as float, sequences as tuples.

    Parameters
    ----------
    value : object
        A field of a stimulus. Anything else than numbers, strings and sequences of them is returned as it is.
    whole : bool
        True leaves whole numbers whole: a seed, a count.

    Returns
    -------
    object
        A value whose ``repr`` and JSON form do not depend on where it came from (``0``, ``np.int64(0)``: ``0.0``).
    """
    if type(value) is float or type(value) is str:
        return value
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, Real):
        return int(value) if whole and isinstance(value, Integral) else float(value)
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", None) == 1:
        return tuple(plain(item, whole=whole) for item in value)
    return value


def finite(name: str, value: Any) -> float:
    """Return a finite number as float, or raise TypeError or ValueError with its name."""
    value = plain(value)
    if not isinstance(value, float):
        raise TypeError(f"{name} is {value!r}, a {type(value).__name__}; a number is needed.")
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}; it must be finite. Leave the condition out instead of passing {value}.")
    return value


def positive(name: str, value: Any, *, unit: str) -> float:
    """Return a number above zero as float, or raise with its name and unit."""
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} is {number:g} {unit}; it must be larger than 0.")
    return number


def non_negative(name: str, value: Any, *, unit: str) -> float:
    """Return a number that is zero or more as float, or raise with its name and unit."""
    number = finite(name, value)
    if number < 0:
        raise ValueError(f"{name} is {number:g} {unit}; it must be 0 or larger.")
    return number


def fraction(name: str, value: Any) -> float:
    """Return a contrast in [0, 1] as float, or raise with its name."""
    number = finite(name, value)
    if not 0 <= number <= 1:
        raise ValueError(
            f"{name} is {number:g}; a Michelson contrast lies in [0, 1]. "
            "Give a fraction, not per cent; reverse a pattern by adding 180 to its phase."
        )
    return number


def point(name: str, value: Any) -> tuple[float, float]:
    """Return a position (x, y) as two finite floats, or raise with its name."""
    value = plain(value)
    if not isinstance(value, tuple) or len(value) != 2:
        raise TypeError(f"{name} is {value!r}; two numbers are needed: (x, y) in degrees, x right, y up.")
    return finite(f"{name}[0]", value[0]), finite(f"{name}[1]", value[1])


def one_of(name: str, value: Any, allowed: Iterable[str]) -> str:
    """Return a name that is among the allowed ones, or raise `UnknownNameError` with the nearest of them."""
    allowed = tuple(allowed)
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, a {type(value).__name__}; one of {', '.join(allowed)} is needed.")
    if value not in allowed:
        raise unknown_name(name, value, allowed)
    return str(value)
