"""Measures of size tuning (Cavanaugh, Bair & Movshon 2002, doi 10.1152/jn.00692.2001)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from insilico.analysis.finite import of_finite
from insilico.provenance import derived_attributes
from stimuli.doors import door
from stimuli.errors import unknown_name

WIGGLE = 0.01  # share of the maximum by which a curve may go the wrong way and still count as unimodal


@door
@of_finite
def suppression_index(curve: xr.DataArray, along: str = "diameter") -> xr.DataArray:
    """Return (largest − response to the largest size) / largest; dims of the curve without `along`, in [0, 1]."""
    return _measured(curve, along, lambda _, response: suppression_of(response), "suppression index", "1")


@door
@of_finite
def preferred_size(curve: xr.DataArray, along: str = "diameter") -> xr.DataArray:
    """Return the size of the largest response; degrees, NaN where nothing responds.

    The maximum is that of the parabola through the largest response and its two neighbours; where the largest
    response has no two neighbours (the smallest or largest size shown), it is that size.
    """
    return _measured(curve, along, peak_of, "preferred size", "deg")


@door
@of_finite
def summation_size(curve: xr.DataArray, along: str = "diameter", *, share: float = 0.95) -> xr.DataArray:
    """Return the smallest size, interpolated, at which the response reaches `share` of its maximum; degrees.

    Parameters
    ----------
    curve
        Dims (…, `along`).
    along
        Dimension of the sizes.
    share
        Of the maximum, a fraction in (0, 1]: 0.95 for 95 %.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share = {share}: must be a fraction of the maximum, 0 < share <= 1 (0.95 for 95 %).")

    def reached(sizes: np.ndarray, response: np.ndarray) -> float:
        return summation_of(sizes, response, share=share)

    return _measured(curve, along, reached, f"summation size ({share:.0%} of the maximum)", "deg")


@door
@of_finite
def unimodal(curve: xr.DataArray, along: str = "diameter", *, tolerance: float = WIGGLE) -> xr.DataArray:
    """Return 1 where the curve rises to one maximum and then falls, else 0; 0 where nothing responds, NaN for NaN.

    Parameters
    ----------
    curve
        Dims (…, `along`).
    along
        Dimension of the sizes.
    tolerance
        Share of the maximum by which the curve may fall below what it has reached before the maximum, or rise above
        what it has come down to after it, >= 0. A plateau is within it.
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance = {tolerance}: must be a share of the maximum, 0 or more.")

    def one_maximum(_: np.ndarray, response: np.ndarray) -> float:
        top = response.max()
        if np.isnan(top):
            return float("nan")
        if not top > 0:
            return 0.0
        peak = int(np.argmax(response))
        rising, falling = response[: peak + 1], response[peak:]
        falls = np.max(np.maximum.accumulate(rising) - rising)
        rises = np.max(falling - np.minimum.accumulate(falling))
        return float(max(falls, rises) <= tolerance * top)

    return _measured(curve, along, one_maximum, f"one maximum (within {tolerance:.0%})", "1")


def suppression_of(response: np.ndarray) -> float:
    """Return the suppression index of responses in order of size, (n,); NaN where nothing responds."""
    top = response.max()
    return float((top - response[-1]) / top) if top > 0 else float("nan")


def summation_of(sizes: np.ndarray, response: np.ndarray, *, share: float = 0.95) -> float:
    """Return the summation size of responses, (n,), to rising sizes, (n,); NaN where nothing responds."""
    return _first_crossing(sizes, response, share * response.max())


def peak_of(sizes: np.ndarray, response: np.ndarray) -> float:
    """Return the preferred size of responses, (n,), to rising sizes, (n,): see `preferred_size`."""
    i = int(np.argmax(response))
    if not response[i] > 0:
        return float("nan")
    if i in (0, sizes.size - 1):
        return float(sizes[i])
    left, right = sizes[i] - sizes[i - 1], sizes[i + 1] - sizes[i]
    rise, fall = (response[i] - response[i - 1]) / left, (response[i] - response[i + 1]) / right
    if rise + fall <= 0:  # a plateau of three
        return float(sizes[i])
    return float(sizes[i] + (rise * right - fall * left) / (2 * (rise + fall)))


def _first_crossing(sizes: np.ndarray, response: np.ndarray, level: float) -> float:
    if not level > 0:
        return float("nan")
    i = int(np.argmax(response >= level))
    if i == 0:
        return float(sizes[0])
    low, high = response[i - 1], response[i]
    return float(sizes[i - 1] + (sizes[i] - sizes[i - 1]) * (level - low) / (high - low))


def _measured(
    curve: xr.DataArray, along: str, measure: Callable[[np.ndarray, np.ndarray], float], long_name: str, units: str
) -> xr.DataArray:
    """Apply a measure of (sizes, response) to each curve; dims of the curve without `along`."""
    if along not in curve.dims or curve[along].dims != (along,):
        raise unknown_name("dimension of the curve", along, map(str, curve.dims))
    if along not in curve.coords or curve[along].dtype.kind not in "iuf":
        raise ValueError(f"{along} has no numbers along the curve: give it a coordinate of sizes.")
    ordered = curve.sortby(along).transpose(..., along)
    sizes = ordered[along].values.astype(float)
    found = np.array([measure(sizes, row) for row in ordered.values.reshape(-1, sizes.size)])
    result = ordered.isel({along: 0}, drop=True).copy(data=found.reshape(ordered.shape[:-1]))
    result.attrs = {
        "units": units,
        "long_name": long_name,
        **derived_attributes(curve.attrs, f"{long_name} over {along}"),
    }
    return result
