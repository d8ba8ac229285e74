"""Find, in a labelled response, what a unit of a given preference answered to given conditions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from insilico.features import FEATURES

STIMULUS, UNIT = "stimulus", "unit"


def preference_of(responses: xr.Dataset | xr.DataArray) -> str:
    """Return the name of the coordinate that holds the units' preferred feature."""
    names = [f"preferred_{name}" for name in FEATURES if f"preferred_{name}" in responses.coords]
    if not names:
        known = ", ".join(f"preferred_{name}" for name in FEATURES)
        raise ValueError(f"the units carry no preference: one of the coordinates {known} is needed.")
    return names[0]


def at_preference(response: xr.DataArray, preferences: np.ndarray) -> xr.DataArray:
    """Interpolate a response linearly over the units' preferences.

    Parameters
    ----------
    response
        Dims (…, unit), the units of one column of one population.
    preferences
        Wanted preferences in the feature's unit, shape (n,). Circular features wrap; channels that share a
        preference are averaged first.

    Returns
    -------
    xarray.DataArray
        `unit` replaced by the dimension `preferred_<feature>`.
    """
    name = preference_of(response)
    _require_one_column(response)
    period = FEATURES[name.removeprefix("preferred_")].period
    wanted = np.atleast_1d(np.asarray(preferences, dtype=float))
    own = response[name].values.astype(float)
    if period is not None:
        own = np.round(own % period, 9) % period
    unique, group = np.unique(own, return_inverse=True)
    values = np.moveaxis(response.values, response.dims.index(UNIT), -1)
    merged = np.stack([values[..., group == g].mean(axis=-1) for g in range(unique.size)], axis=-1)
    if period is None:
        if wanted.min() < unique[0] or wanted.max() > unique[-1]:
            raise ValueError(f"preferences {wanted.tolist()}: must lie within {unique[0]:g} and {unique[-1]:g}.")
        position = np.interp(wanted, unique, np.arange(unique.size))
    else:
        around = np.append(unique, unique[0] + period)
        position = np.interp((wanted - unique[0]) % period + unique[0], around, np.arange(around.size))
    low = np.floor(position).astype(int)
    share = position - low
    picked = (1 - share) * merged[..., low % unique.size] + share * merged[..., (low + 1) % unique.size]
    dims = (*(d for d in response.dims if d != UNIT), name)
    coords = {key: c for key, c in response.coords.items() if UNIT not in c.dims}
    coords[name] = (name, wanted, response[name].attrs)
    return xr.DataArray(picked, dims=dims, coords=coords, attrs=response.attrs, name=response.name)


def responses_to(response: xr.DataArray, conditions: Mapping[str, np.ndarray], preferences: np.ndarray) -> np.ndarray:
    """Return the response of a unit of each preference to each condition, point by point.

    Parameters
    ----------
    response
        Dims (stimulus, unit) with the stimulus parameters as coordinates.
    conditions
        Parameter name to values, each of shape (n_points,); NaN matches a parameter that does not apply.
    preferences
        Preferred feature of the unit of each point, shape (n_points,).

    Returns
    -------
    numpy.ndarray
        Shape (n_points,).

    Raises
    ------
    ValueError
        If a condition was not shown; names it and the conditions that were.
    """
    preferences = np.asarray(preferences, dtype=float)
    unique, which = np.unique(preferences, return_inverse=True)
    table = at_preference(response, unique).transpose(STIMULUS, ...).values
    shown = {name: response[name].values.astype(float) for name in conditions}
    rows = np.empty(preferences.size, dtype=int)
    for i in range(preferences.size):
        match = np.ones(response.sizes[STIMULUS], dtype=bool)
        for name, values in conditions.items():
            match &= np.isclose(shown[name], values[i], rtol=0, atol=1e-9, equal_nan=True)
        if not match.any():
            asked = ", ".join(f"{name} = {values[i]:g}" for name, values in conditions.items())
            have = "; ".join(f"{name}: {np.unique(v).tolist()}" for name, v in shown.items())
            raise ValueError(f"no stimulus with {asked}. Shown were {have}.")
        rows[i] = int(np.argmax(match))
    return table[rows, which]


def _require_one_column(response: xr.DataArray) -> None:
    for name in ("population", "row", "column"):
        if name in response.coords and np.unique(response[name].values).size > 1:
            raise ValueError(
                f"the response holds several values of {name!r}: select the units of one column of one population "
                f"first, response.where(response.{name} == …, drop=True)."
            )
