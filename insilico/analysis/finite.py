"""Responses that are no numbers are refused where they come in: every measure of them would be a wrong answer."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import xarray as xr

F = TypeVar("F", bound=Callable[..., Any])


def refuse_not_finite(values: xr.DataArray) -> None:
    """Raise ValueError where values are not finite, or there are none: how many, and where the first is."""
    name = values.name or "response"
    if not values.size:
        raise ValueError(f"{name} has no values (dims {dict(values.sizes)}): give one or more.")
    if values.dtype.kind not in "iuf":
        raise TypeError(f"{name} holds {values.dtype}: must be real numbers.")
    bad = ~np.isfinite(values.values)
    if bad.any():
        first = dict(zip(values.dims, (int(index[0]) for index in np.nonzero(bad)), strict=True))
        raise ValueError(
            f"{name} has {int(bad.sum())} of {bad.size} values that are not finite, the first at {first}: "
            "leave these conditions out, or look at `converged` and `residual` of the recording."
        )


def of_finite(measure: F) -> F:
    """Let a measure see finite values only; what it measures is its first argument."""
    first = next(iter(inspect.signature(measure).parameters))

    @functools.wraps(measure)
    def checked(*args: Any, **kwargs: Any) -> Any:
        refuse_not_finite(args[0] if args else kwargs[first])
        return measure(*args, **kwargs)

    return cast(F, checked)
