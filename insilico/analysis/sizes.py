"""Measures of size tuning (Cavanaugh, Bair & Movshon 2002, doi 10.1152/jn.00692.2001)."""

from __future__ import annotations

import numpy as np
import xarray as xr


def suppression_index(curve: xr.DataArray, along: str = "diameter") -> xr.DataArray:
    """Return (largest − response to the largest size) / largest; dims of the curve without `along`, in [0, 1]."""
    top = curve.max(along)
    last = curve.sortby(along).isel({along: -1}, drop=True)
    return _named((top - last) / top.where(top > 0), "suppression index", "1")


def preferred_size(curve: xr.DataArray, along: str = "diameter") -> xr.DataArray:
    """Return the size of the largest response (the smallest such size); degrees, NaN where nothing responds."""
    ordered = curve.sortby(along)
    found = ordered[along].isel({along: ordered.argmax(along)}).drop_vars(along, errors="ignore")
    return _named(found.where(ordered.max(along) > 0), "preferred size", "deg")


def summation_size(curve: xr.DataArray, along: str = "diameter", *, share: float = 0.95) -> xr.DataArray:
    """Return the smallest size, interpolated, at which the response reaches `share` of its maximum; degrees."""
    ordered = curve.sortby(along).transpose(..., along)
    sizes = ordered[along].values.astype(float)
    values = ordered.values.reshape(-1, sizes.size)
    found = np.array([_first_crossing(sizes, row, share * row.max()) for row in values])
    shape = ordered.shape[:-1]
    result = ordered.isel({along: 0}, drop=True).copy(data=found.reshape(shape))
    return _named(result, f"summation size ({share:.0%} of the maximum)", "deg")


def _first_crossing(sizes: np.ndarray, response: np.ndarray, level: float) -> float:
    if not level > 0:
        return float("nan")
    i = int(np.argmax(response >= level))
    if i == 0:
        return float(sizes[0])
    low, high = response[i - 1], response[i]
    return float(sizes[i - 1] + (sizes[i] - sizes[i - 1]) * (level - low) / (high - low))


def _named(data: xr.DataArray, long_name: str, units: str) -> xr.DataArray:
    data.attrs = {"units": units, "long_name": long_name}
    return data
