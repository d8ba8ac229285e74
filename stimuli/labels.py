"""Parameters as coordinates: their type, their unit, and how two sets of them are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from stimuli.base import STIMULUS

UNITS_BY_ENDING = {
    "spatial_frequency": "cycles/deg",
    "temporal_frequency": "Hz",
    "contrast": "1",
    "orientation": "deg",
    "direction": "deg",
    "phase": "deg",
    "diameter": "deg",
    "gap": "deg",
    "size": "deg",
    "sigma": "deg",
    "tilt": "deg",
    "_width": "deg",
}


def unit_of(name: str) -> str:
    """Return the unit that a parameter's name implies.

    Parameters
    ----------
    name : str
        "surround_orientation", "mask_contrast", "position_x", ...

    Returns
    -------
    str
        "deg" for angles and lengths, "cycles/deg", "Hz", and "1" for contrasts and everything else.
    """
    if name.startswith("position_"):
        return "deg"
    return next((unit for ending, unit in UNITS_BY_ENDING.items() if name.endswith(ending)), "1")


def label_column(name: str, values: Sequence[Any], *, units: Mapping[str, str] | None = None) -> xr.Variable:
    """Return values as a variable along "stimulus": float64 for numbers, text for strings, with its unit.

    Parameters
    ----------
    name : str
        The parameter.
    values : sequence
        Numbers or strings, not mixed; None is NaN or "".
    units : mapping, optional
        Units that override those implied by names.

    Returns
    -------
    xarray.Variable

    Raises
    ------
    TypeError
        If values are mixed or of another kind.
    """
    present = [value for value in values if value is not None]
    attrs = {"units": (units or {}).get(name, unit_of(name))}
    if present and all(isinstance(value, str) for value in present):
        return xr.Variable(STIMULUS, np.array(["" if value is None else value for value in values]), attrs)
    if all(isinstance(value, (int, float, np.number)) for value in present):
        numbers = [np.nan if value is None else float(value) for value in values]
        return xr.Variable(STIMULUS, np.array(numbers, np.float64), attrs)
    kinds = sorted({type(value).__name__ for value in present})
    raise TypeError(f"{name} has values of type {', '.join(kinds)}; a parameter is numbers only or strings only.")


def joined_columns(first: xr.Dataset, second: xr.Dataset, *, lengths: tuple[int, int]) -> dict[str, xr.Variable]:
    """Return the parameters of two sets one after the other, missing ones as NaN or "".

    Parameters
    ----------
    first, second : xarray.Dataset
        Parameters along "stimulus".
    lengths : tuple of int
        How many stimuli each set has.

    Returns
    -------
    dict of xarray.Variable
        The union of the parameters, in order.

    Raises
    ------
    ValueError
        If a parameter is text in one set and a number in the other, or has two units.
    """
    columns = {}
    for name in dict.fromkeys([*first.coords, *second.coords]):
        present = [parameters.coords[name].variable for parameters in (first, second) if name in parameters.coords]
        if len({variable.attrs["units"] for variable in present}) > 1:
            units = " and ".join(repr(variable.attrs["units"]) for variable in present)
            raise ValueError(f"{name} has the units {units}; they must agree. Convert one, or rename it.")
        if len({variable.dtype.kind for variable in present}) > 1:
            raise ValueError(f"{name} is text in one set and numbers in the other; they must agree. Rename one.")
        blank: Any = "" if present[0].dtype.kind == "U" else np.nan
        parts = [
            parameters.coords[name].to_numpy() if name in parameters.coords else np.full(length, blank)
            for parameters, length in zip((first, second), lengths, strict=True)
        ]
        columns[str(name)] = xr.Variable(STIMULUS, np.concatenate(parts), present[0].attrs)
    return columns
