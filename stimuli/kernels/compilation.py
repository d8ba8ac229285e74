"""Kernels are compiled once and kept on disk; where no folder can be written, they are compiled anew each time."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from numba import njit


class NotKeptWarning(UserWarning):
    """Compiled kernels cannot be kept on disk."""


def compiled(**options: Any) -> Callable[[Callable], Any]:
    """Return a decorator like `numba.njit(cache=True, **options)` that does without the cache where it has no place."""

    def decorate(function: Callable) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            _warn()
            return njit(**options)(function)

    return decorate


@functools.cache
def _warn() -> None:
    """Say once that nothing can be kept."""
    warnings.warn(
        "compiled kernels cannot be kept: neither the folder of this package nor the user's cache can be written. "
        "Every process compiles them anew, which takes half a minute. Set NUMBA_CACHE_DIR to one that can be.",
        NotKeptWarning,
        stacklevel=3,
    )
