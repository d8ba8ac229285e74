"""Read a feature out of a population response."""

from __future__ import annotations

import numpy as np
import xarray as xr


def vector_average(response: xr.DataArray, along: str, *, period: float = 180.0) -> xr.DataArray:
    """Return the circular mean of the preferences, weighted by the response.

    Parameters
    ----------
    response
        Dims (…, `along`).
    along
        Dimension whose coordinate holds the preferences, in degrees.
    period
        Period of the feature: 180 for orientation, 360 for direction.

    Returns
    -------
    xarray.DataArray
        Decoded feature in (−period/2, period/2], degrees; NaN where the weights cancel or vanish.
    """
    angle = 2 * np.pi * response[along] / period
    y, x = (response * np.sin(angle)).sum(along), (response * np.cos(angle)).sum(along)
    length = (x**2 + y**2) ** 0.5
    decoded = xr.apply_ufunc(np.arctan2, y, x) * period / (2 * np.pi)
    result = decoded.where(length > 1e-12 * abs(response).sum(along))
    result.attrs = {"units": "deg", "long_name": "decoded feature (vector average)"}
    return result
