"""Tuning curves of recorded units, and how sharply they are tuned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from insilico.analysis.unfold import unfolded
from insilico.experiment import refuse_several
from insilico.provenance import derived_attributes
from stimuli.doors import door

STIMULUS, UNIT = "stimulus", "unit"


@door
def tuning_curve(
    responses: xr.Dataset, *, along: str, unit: int | Sequence[int] | None = None, variable: str = "response"
) -> xr.DataArray:
    """Return the response of one or several units against a stimulus parameter.

    Parameters
    ----------
    responses
        Result of `insilico.record` or of a protocol's run, dims (stimulus, unit).
    along
        Stimulus parameter on the abscissa.
    unit
        Unit id, or several, which then keep the dimension `unit`; the recorded unit with the largest response if None.
    variable
        "response" or "drive".

    Returns
    -------
    xarray.DataArray
        Dims (`along`, and every other parameter that varies[, unit]); the units' properties are coordinates. Numbers
        ascend, text keeps the order in which it was shown; NaN ("" for text), "does not apply", comes last.

    Raises
    ------
    ValueError
        If a condition was shown twice, `along` is no stimulus parameter, or a unit was not recorded.
    """
    data = _steady(responses, variable)
    parameters = [name for name, c in responses.coords.items() if c.dims == (STIMULUS,)]
    if along not in parameters:
        raise ValueError(
            f"no stimulus parameter {along!r}. This response varies over: {', '.join(map(str, parameters))}."
        )
    if unit is None:
        unit = int(data[UNIT].values[int(np.argmax(data.max(STIMULUS).values))])
    wanted = np.asarray(unit)
    missing = [one for one in np.atleast_1d(wanted).tolist() if one not in data[UNIT].values]
    if missing or not wanted.size:
        what = f"unit {missing[0]} was not recorded" if missing else "unit = []: name one or several"
        raise ValueError(f"{what}; recorded are {data[UNIT].values.tolist()[:8]} …")
    curve = data.sel({UNIT: wanted.item() if wanted.ndim == 0 else wanted})
    varying = [str(n) for n in parameters if n != along and len({repr(v) for v in curve[n].values.tolist()}) > 1]
    found = unfolded(curve, [along, *varying])
    return found.assign_attrs(derived_attributes(responses.attrs, f"tuning curve of {variable} along {along}"))


def circular_variance(curve: xr.DataArray, along: str = "orientation", *, period: float = 180.0) -> xr.DataArray:
    """Return 1 − |Σ r exp(2πi θ / period)| / Σ r: 0 for a unit that answers one orientation, 1 for one that is untuned.

    Ringach, Shapley & Hawken 2002, doi 10.1523/JNEUROSCI.22-13-05639.2002; their angle is doubled, as is that of the
    default period.

    Parameters
    ----------
    curve
        Responses >= 0, dims (…, `along`), at two or more angles evenly spaced over the whole period, each once.
    along
        Dimension of the angles, degrees.
    period
        180 for orientation, 360 for direction, degrees.

    Returns
    -------
    xarray.DataArray
        Dims of the curve without `along`: one value for each unit; in [0, 1], NaN where nothing responds.

    Raises
    ------
    ValueError
        If a response is negative, or the angles are not evenly spaced over the period.
    """
    if not (np.isfinite(period) and period > 0):
        raise ValueError(f"period = {period}: must be a positive number of degrees, 180 for orientation.")
    angles = _evenly_spaced(curve[along].values, along, period)
    if (curve.values < 0).any():
        raise ValueError(f"a response is {float(curve.min()):g}: circular variance needs responses >= 0.")
    turns = np.exp(2j * np.pi * angles / period)

    def measured(response: np.ndarray) -> np.ndarray:
        total = response.sum(axis=-1)
        length = np.abs(response @ turns)
        share = np.divide(length, total, out=np.full_like(total, np.nan), where=total > 0)
        return np.clip(1 - share, 0, 1)

    result = xr.apply_ufunc(measured, curve, input_core_dims=[[along]], keep_attrs=False)
    result.attrs = {"units": "1", "long_name": "circular variance"}
    return result.assign_attrs(derived_attributes(curve.attrs, f"circular variance over {along}"))


def _steady(responses: xr.Dataset, variable: str) -> xr.DataArray:
    """Return a variable of dims (stimulus, unit); raise ValueError with the remedy where it has others."""
    if variable not in responses:
        raise ValueError(
            f"no variable {variable!r} among these responses: take one of {', '.join(map(str, responses))}."
        )
    data = responses[variable]
    refuse_several(responses)
    if set(data.dims) != {STIMULUS, UNIT}:
        raise ValueError(
            f"{variable} has dims {data.dims}: select a time first, responses.sel(time=…), or plot a time course, "
            "insilico.plotting.tuning_curve(responses.response.isel(stimulus=0, unit=0))."
        )
    return data


def _evenly_spaced(angles: np.ndarray, along: str, period: float) -> np.ndarray:
    on_circle = np.sort(np.asarray(angles, dtype=float) % period)
    steps = np.diff(np.append(on_circle, on_circle[:1] + period))
    if on_circle.size < 2 or not np.allclose(steps, period / on_circle.size, rtol=0, atol=1e-6):
        raise ValueError(
            f"{along} = {np.asarray(angles).tolist()}: circular variance needs two or more angles, evenly spaced over "
            f"the whole period of {period:g} deg, each once."
        )
    return np.asarray(angles, dtype=float)
