"""Read a feature out of a population response.

    decoded = period/2π · arg Σ_j a_j exp(2πi z_j / period)

a_j, z_j  activity and preference of channel j

Two read-outs, which differ only where the ends of the range are both channels and so share a preference:
`vector_average` counts channels of one preference once (their mean), `circular_vote` lets every channel vote
(Mély, Linsley & Serre 2018).
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from insilico.analysis.finite import of_finite
from insilico.analysis.lookup import shared_preferences
from insilico.provenance import derived_attributes
from stimuli.doors import door
from stimuli.errors import unknown_name

READ_OUTS = ("vector_average", "circular_vote")
RESOLUTION = 9  # decimals of a degree; below, the rounding of the sum decides
CANCELLED = 1e-12  # length of the sum, relative to the activity, below which it points nowhere


@door
@of_finite
def vector_average(response: xr.DataArray, along: str, *, period: float = 180.0) -> xr.DataArray:
    """Return the circular mean of the preferences, weighted by the response; a preference counts once.

    Parameters
    ----------
    response
        Dims (…, `along`).
    along
        Dimension whose coordinate holds the preferences, in degrees; evenly spaced.
    period
        Period of the feature: 180 for orientation, 360 for direction.

    Returns
    -------
    xarray.DataArray
        Decoded feature in (−period/2, period/2], degrees, to 1e-9; NaN where the weights cancel or vanish.
    """
    return _labelled(response, along, period, "vector_average")


@door
@of_finite
def circular_vote(response: xr.DataArray, along: str, *, period: float = 180.0) -> xr.DataArray:
    """Return the circular mean over all channels, duplicated ends too; arguments and result as `vector_average`."""
    return _labelled(response, along, period, "circular_vote")


@door
def pointers(preferences: np.ndarray, *, period: float, read_out: str) -> np.ndarray:
    """Return what one unit of activity of each channel adds to the vector sum; complex, shape (n_channels,).

    Parameters
    ----------
    preferences
        Of the channels, shape (n_channels,), in the unit of the period.
    period
        Of the feature.
    read_out
        "vector_average" or "circular_vote".
    """
    if read_out not in READ_OUTS:
        raise unknown_name("read-out", read_out, READ_OUTS)
    preferences = np.asarray(preferences, dtype=float)
    turns = np.exp(2j * np.pi * preferences / period)
    if read_out == "circular_vote":
        return turns
    _, group, count = shared_preferences(preferences, period=period)
    return turns / count[group]


@door
def decoded(activity: np.ndarray, vectors: np.ndarray, *, period: float) -> np.ndarray:
    """Return the angle of the vector sum in (−period/2, period/2]; NaN where it vanishes.

    Parameters
    ----------
    activity
        Shape (…, n_channels).
    vectors
        Result of `pointers`, shape (n_channels,).
    period
        Of the feature.
    """
    total = activity @ vectors
    found = np.angle(total) * period / (2 * np.pi)
    return np.where(np.abs(total) > CANCELLED * (np.abs(activity) @ np.abs(vectors)), found, np.nan)


@door
def wrapped(angle: np.ndarray, *, period: float) -> np.ndarray:
    """Return angles in (−period/2, period/2]."""
    return period / 2 - (period / 2 - np.asarray(angle, dtype=float)) % period


def _labelled(response: xr.DataArray, along: str, period: float, read_out: str) -> xr.DataArray:
    vectors = pointers(response[along].values, period=period, read_out=read_out)

    def read(activity: np.ndarray) -> np.ndarray:
        found = np.round(decoded(activity, vectors, period=period), RESOLUTION)
        return np.where(found <= -period / 2, period / 2, found) + 0.0  # no −0

    result = xr.apply_ufunc(read, response, input_core_dims=[[along]], keep_attrs=False)
    how = f"decoded feature ({read_out.replace('_', ' ')})"
    result.attrs = {"units": "deg", "long_name": how, **derived_attributes(response.attrs, f"{how} over {along}")}
    return result
