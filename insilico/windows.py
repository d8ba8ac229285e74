"""When perturbations act, written on the time axis of a recording, so that a figure can mark it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from insilico.wording import in_words

TIME, PERTURBATION = "time", "perturbation"
PERTURBED = "perturbed"  # attribute of the time axis: JSON, a list of what acts when


def with_windows(
    data: xr.Dataset, perturbations: Sequence[Mapping[str, Any]], *, name: str | None = None
) -> xr.Dataset:
    """Return a recording whose time axis, where it has one, says when perturbations act.

    Parameters
    ----------
    data
        Recording; what its time axis says already is kept.
    perturbations
        As plain data, as a provenance has them; lesions have no window.
    name
        Name of all of them along the dimension `perturbation`; None for those of the model itself.
    """
    acting = [p for p in perturbations if "window" in p]
    if TIME not in data.dims or not acting:
        return data
    entries = json.loads(data[TIME].attrs.get(PERTURBED, "[]"))
    for p in acting:
        start, stop = p["window"]
        ends = None if stop is None or math.isinf(stop) else float(stop)
        entries.append({"name": name, "what": in_words(p), "window": [float(start), ends]})
    return data.assign_coords({TIME: data[TIME].assign_attrs({PERTURBED: json.dumps(entries)})})


def windows_shown(curve: xr.DataArray) -> dict[str, list[tuple[float, float]]]:
    """Return what acts when in a response over time: name or words to (start, stop), cut to the times recorded.

    Where one perturbation has been taken, only what it did and what was done to the model itself is among it.
    """
    first, last = float(curve[TIME].min()), float(curve[TIME].max())
    one = PERTURBATION in curve.coords and not curve[PERTURBATION].ndim
    found: dict[str, list[tuple[float, float]]] = {}
    for entry in json.loads(curve[TIME].attrs.get(PERTURBED, "[]")):
        if entry["name"] is not None and one and entry["name"] != str(curve[PERTURBATION].item()):
            continue
        start, stop = entry["window"]
        cut = max(start, first), last if stop is None else min(stop, last)
        if cut[0] < cut[1]:
            windows = found.setdefault(entry["name"] or entry["what"], [])
            if cut not in windows:
                windows.append(cut)
    return found
