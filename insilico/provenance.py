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
    return json.dumps({**record, "versions": versions()}, sort_keys=True, default=_plain, allow_nan=True)


def read_provenance(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the record of a result from its attributes; raises ValueError where there is none."""
    text = attributes.get("provenance")
    if not isinstance(text, str):
        raise ValueError("no provenance: this is not a result of insilico.record or of a protocol's run.")
    return json.loads(text)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, range | tuple | set):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written into the provenance.")
