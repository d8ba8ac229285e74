"""Find, in a labelled response, what a unit of a given preference answered to given conditions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from insilico.features import FEATURES
from stimuli.doors import door

STIMULUS, UNIT = "stimulus", "unit"


def preference_of(responses: xr.Dataset | xr.DataArray) -> str:
    """Return the name of the coordinate that holds the units' preferred feature."""
    names = [f"preferred_{name}" for name in FEATURES if f"preferred_{name}" in responses.coords]
    if not names:
        known = ", ".join(f"preferred_{name}" for name in FEATURES)
        raise ValueError(f"the units carry no preference: one of the coordinates {known} is needed.")
    return names[0]


def shared_preferences(preferences: np.ndarray, *, period: float | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct preferences in order, which of them each channel has, and how many channels have each.

    Parameters
    ----------
    preferences
        Of the channels, shape (n_channels,).
    period
        Of a circular feature, on which the ends of the range may be one preference; None for a bounded one.
    """
    own = np.asarray(preferences, dtype=float)
    if period is not None:
        own = np.round(own % period, 9) % period
    unique, group, count = np.unique(own, return_inverse=True, return_counts=True)
    return unique, group, count


@door
def channel_weights(own: np.ndarray, wanted: np.ndarray, *, period: float | None) -> np.ndarray:
    """Return the share of each channel in a unit of each wanted preference, by linear interpolation.

    Parameters
    ----------
    own
        Preferences of the channels, shape (n_channels,); channels that share a preference are averaged first.
    wanted
        Shape (n,), in the feature's unit.
    period
        Of a circular feature, which wraps; None for a bounded one.

    Returns
    -------
    numpy.ndarray
        Shape (n_channels, n): response[…, channel] @ weights is the response at the wanted preferences.
    """
    wanted = np.atleast_1d(np.asarray(wanted, dtype=float))
    unique, group, count = shared_preferences(own, period=period)
    if period is None:
        if wanted.min() < unique[0] or wanted.max() > unique[-1]:
            raise ValueError(f"preferences {wanted.tolist()}: must lie within {unique[0]:g} and {unique[-1]:g}.")
        position = np.interp(wanted, unique, np.arange(unique.size))
    else:
        around = np.append(unique, unique[0] + period)
        position = np.interp((wanted - unique[0]) % period + unique[0], around, np.arange(around.size))
    low = np.floor(position).astype(int)
    share = position - low
    shares = np.zeros((unique.size, wanted.size))
    points = np.arange(wanted.size)
    np.add.at(shares, (low % unique.size, points), 1 - share)
    np.add.at(shares, ((low + 1) % unique.size, points), share)
    return shares[group] / count[group, None]


@door
def stimulus_rows(shown: Mapping[str, np.ndarray], conditions: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the number of the stimulus behind each point.

    Parameters
    ----------
    shown
        Parameter name to its value for each stimulus, shape (n_stimuli,).
    conditions
        Parameter name to values, each of shape (n_points,); NaN matches a parameter that does not apply.

    Raises
    ------
    ValueError
        If a condition was not shown, with those that were, or was shown several times.
    """
    missing = [name for name in conditions if name not in shown]
    if missing:
        raise ValueError(f"no stimulus parameter {missing[0]!r}. The stimuli vary over: {', '.join(shown)}.")
    have = {name: np.asarray(shown[name], dtype=float) for name in conditions}
    n_points = len(next(iter(conditions.values())))
    rows = np.empty(n_points, dtype=int)
    for i in range(n_points):
        matches = [np.isclose(have[n], v[i], rtol=0, atol=1e-9, equal_nan=True) for n, v in conditions.items()]
        match = np.logical_and.reduce(matches)
        if not match.any():
            asked = ", ".join(f"{name} = {values[i]:g}" for name, values in conditions.items())
            known = "; ".join(f"{name}: {np.unique(values).tolist()}" for name, values in have.items())
            raise ValueError(f"no stimulus with {asked}. Shown were {known}.")
        if match.sum() > 1:
            asked = ", ".join(f"{name} = {values[i]:g}" for name, values in conditions.items())
            raise ValueError(
                f"{int(match.sum())} stimuli have {asked}: the answer to one of them is asked for. Name further "
                "parameters, or take one run of several that were joined."
            )
        rows[i] = int(np.argmax(match))
    return rows


@door
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
    weights = channel_weights(response[name].values, wanted, period=period)
    picked = np.moveaxis(response.values, response.dims.index(UNIT), -1) @ weights
    dims = (*(d for d in response.dims if d != UNIT), name)
    coords = {key: c for key, c in response.coords.items() if UNIT not in c.dims}
    coords[name] = (name, wanted, response[name].attrs)
    return xr.DataArray(picked, dims=dims, coords=coords, attrs=response.attrs, name=response.name)


@door
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
        If a condition was not shown, with those that were, or was shown several times.
    """
    unique, which = np.unique(np.asarray(preferences, dtype=float), return_inverse=True)
    rows = stimulus_rows({name: response[name].values for name in conditions}, conditions)
    return at_preference(response, unique).transpose(STIMULUS, ...).values[rows, which]


def _require_one_column(response: xr.DataArray) -> None:
    for name in ("population", "row", "column"):
        if name in response.coords and np.unique(response[name].values).size > 1:
            raise ValueError(
                f"the response holds several values of {name!r}: select the units of one column of one population "
                f"first, response.where(response.{name} == …, drop=True)."
            )
