"""What it takes to run a result again, as one JSON string."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import numpy as np

DISTRIBUTION = "insilico-neurophysiology"
PACKAGES = (DISTRIBUTION, "numpy", "scipy", "numba", "xarray")


def versions() -> dict[str, str]:
    """Return the versions of everything that numbers depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def provenance(**record: Any) -> str:
    """Return a record and the versions as one JSON string with sorted keys."""
    complete = json.loads(json.dumps({**record, "versions": versions()}, default=_plain))
    return json.dumps(_finite(complete), sort_keys=True, allow_nan=False)


def read_provenance(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the record of a result from its attributes; raises ValueError where there is none."""
    text = attributes.get("provenance")
    if not isinstance(text, str):
        raise ValueError("no provenance: this is not a result of insilico.record or of a protocol's run.")
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the provenance is no JSON ({error}): this is not a result of this package.") from error
    if not isinstance(record, dict) or "versions" not in record:
        raise ValueError("the provenance lacks its versions: this is not a result of this package.")
    return record


def derived_attributes(attributes: Mapping[Any, Any], how: str) -> dict[str, str]:
    """Return the provenance of what is made from a result: that of the result, with a note of what was done to it.

    Parameters
    ----------
    attributes
        Of the result, or of what was derived from it.
    how
        What was done, in words; the last entry of `derived` in the record.

    Returns
    -------
    dict
        The attribute "provenance"; empty where the source carries none.
    """
    if "provenance" not in attributes:
        return {}
    record = read_provenance(attributes)
    return {"provenance": json.dumps({**record, "derived": [*record.get("derived", []), how]}, sort_keys=True)}


def _finite(value: Any) -> Any:
    """Return plain data with null for what JSON cannot write (an infinite window or semi-saturation, NaN)."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, range | tuple | set):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written into the provenance.")
