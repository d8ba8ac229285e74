"""Stimuli laid out along their parameters, one dimension each; what does not apply keeps a place of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

STIMULUS = "stimulus"


def unfolded(data: xr.DataArray, parameters: Sequence[str]) -> xr.DataArray:
    """Return data with the dimension "stimulus" replaced by parameters of the stimuli, in the order named.

    Parameters
    ----------
    data
        Dims (stimulus, …), the parameters coordinates along stimulus.
    parameters
        Names of the parameters that become dimensions.

    Returns
    -------
    xarray.DataArray
        Dims (*parameters, …). Numbers ascend; text keeps the order in which it was shown. NaN (or "", for text), which
        stands for "does not apply", is the last value of its parameter. Combinations that were not shown are NaN.

    Raises
    ------
    ValueError
        If a combination was shown twice.
    """
    levels, codes = zip(*(levels_of(data[name].values) for name in parameters), strict=True)
    shape = tuple(len(values) for values in levels)
    place = np.ravel_multi_index(codes, shape)
    if np.unique(place).size < place.size:
        raise ValueError(
            f"some conditions of {list(parameters)} were shown twice: select or average the stimuli first."
        )
    shown = data.transpose(STIMULUS, ...)
    laid_out = np.full((int(np.prod(shape)), *shown.shape[1:]), np.nan)
    laid_out[place] = shown.values
    kept = {name: c for name, c in data.coords.items() if STIMULUS not in c.dims}
    axes = {n: (n, values, data[n].attrs) for n, values in zip(parameters, levels, strict=True)}
    return xr.DataArray(
        laid_out.reshape(*shape, *shown.shape[1:]),
        dims=(*parameters, *shown.dims[1:]),
        coords={**kept, **axes},
        attrs=data.attrs,
        name=data.name,
    )


def levels_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values of a parameter in order, and the number of each stimulus's among them."""
    if values.dtype.kind in "fiub":
        return np.unique(values, return_inverse=True)  # one NaN, at the end
    written = [str(value) for value in values]
    order = dict.fromkeys(value for value in written if value) | dict.fromkeys(value for value in written if not value)
    number = {value: i for i, value in enumerate(order)}
    return np.array(list(order)), np.array([number[value] for value in written])
