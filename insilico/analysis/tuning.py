"""Tuning curves of recorded units."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stimuli.doors import door

STIMULUS, UNIT = "stimulus", "unit"


@door
def tuning_curve(
    responses: xr.Dataset, *, along: str, unit: int | None = None, variable: str = "response"
) -> xr.DataArray:
    """Return the response of one unit against a stimulus parameter.

    Parameters
    ----------
    responses
        Result of `insilico.record` or of a protocol's run, dims (stimulus, unit).
    along
        Stimulus parameter on the abscissa.
    unit
        Unit id; the recorded unit with the largest response if None.
    variable
        "response" or "drive".

    Returns
    -------
    xarray.DataArray
        Dims (`along`, and every other parameter that varies); the unit's properties are scalar coordinates.

    Raises
    ------
    ValueError
        If a condition was shown twice, or `along` is no stimulus parameter.
    """
    parameters = [name for name, c in responses.coords.items() if c.dims == (STIMULUS,)]
    if along not in parameters:
        raise ValueError(
            f"no stimulus parameter {along!r}. This response varies over: {', '.join(map(str, parameters))}."
        )
    data = responses[variable]
    if set(data.dims) != {STIMULUS, UNIT}:
        raise ValueError(
            f"{variable} has dims {data.dims}: select a time first, responses.sel(time=…), or plot a time course, "
            "insilico.plotting.tuning_curve(responses.response.isel(stimulus=0, unit=0))."
        )
    if unit is None:
        unit = int(data[UNIT].values[int(np.argmax(data.max(STIMULUS).values))])
    if unit not in data[UNIT].values:
        raise ValueError(f"unit {unit} was not recorded; recorded are {data[UNIT].values.tolist()[:8]} …")
    curve = data.sel({UNIT: unit})
    varying = [n for n in parameters if n == along or len({repr(v) for v in curve[n].values.tolist()}) > 1]
    order = [along, *(n for n in varying if n != along)]
    labels = list(zip(*(curve[n].values.tolist() for n in order), strict=True))
    if len(set(map(repr, labels))) < len(labels):
        raise ValueError(f"some conditions of {order} were shown twice: select or average the stimuli first.")
    units = {n: curve[n].attrs for n in order}
    constant = [n for n in parameters if n not in order]
    curve = curve.drop_vars(constant)
    if len(order) == 1:
        curve = curve.swap_dims({STIMULUS: along}).drop_vars(STIMULUS, errors="ignore").sortby(along)
    else:
        curve = curve.set_index(stimulus=order).unstack(STIMULUS).transpose(*order)
    for n in order:
        curve[n].attrs.update(units[n])
    return curve
