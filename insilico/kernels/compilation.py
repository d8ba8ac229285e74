"""How kernels are compiled: options, and a cache that notices a change in any of their files.

Numba keeps a compiled function on disk until its own file changes, although it holds the code of all it calls. So
only entry points are cached, as closures over the fingerprint of all kernels, which is part of the cache's key.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

INNER: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
INLINED: dict[str, Any] = INNER | {"inline": "always"}  # many arrays as arguments take longer than a short body
ENTRY: dict[str, Any] = INNER | {"parallel": True}  # and kept on disk: see stimuli.kernels.compilation


def fingerprint() -> int:
    """Return a number that changes with the source of any kernel."""
    here = Path(__file__).parent
    return zlib.crc32(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))))
