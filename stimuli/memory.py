"""Whether arrays fit into memory, asked before they are made."""

from __future__ import annotations

import os
import re
from pathlib import Path

ALWAYS_FITS = 2**26
"""Bytes below which the machine is not asked."""


def refuse_memory(n_bytes: int, what: str, remedy: str) -> None:
    """Raise ValueError if arrays will not fit into the memory that is free.

    Parameters
    ----------
    n_bytes : int
        Bytes that they take.
    what : str
        What they hold, for the message.
    remedy : str
        What to do instead.

    Raises
    ------
    ValueError
        With the size needed and what there is, in GiB.
    """
    if n_bytes <= ALWAYS_FITS:
        return
    free = free_memory()
    if free is not None and n_bytes > free:
        raise ValueError(
            f"{what} take {n_bytes / 2**30:,.3g} GiB; {free / 2**30:,.3g} GiB of memory are free. {remedy}"
        )


def free_memory() -> int | None:
    """Return the bytes that can be had without swapping; all that the machine has where it does not tell; or None."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        if found:
            return int(found[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
