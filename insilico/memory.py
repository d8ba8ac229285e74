"""Whether a recording will fit into memory, said before it starts."""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUPS = (  # limit and use of the container that a program runs in
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
GIB = 2.0**30


class TooLargeError(MemoryError):
    """What was asked for needs more memory than there is."""


def available_bytes() -> int:
    """Return what this program can still allocate: free memory, or less under a limit of its container or its own."""
    found = [int(psutil.virtual_memory().available)]
    for limit, used in CGROUPS:
        if Path(limit).is_file() and Path(used).is_file():
            texts = Path(limit).read_text().strip(), Path(used).read_text().strip()
            if all(text.isdigit() for text in texts):  # "max" where there is no limit
                found.append(int(texts[0]) - int(texts[1]))
    own = psutil.Process()
    if hasattr(own, "rlimit"):
        soft, _ = own.rlimit(psutil.RLIMIT_AS)
        if soft != psutil.RLIM_INFINITY:
            found.append(soft - own.memory_info().vms)
    return max(0, min(found))


def refuse_too_large(needed: float, *, what: str, remedy: str) -> None:
    """Raise TooLargeError where more bytes are needed than can be had.

    Parameters
    ----------
    needed
        Bytes.
    what
        What needs them.
    remedy
        What to do instead.
    """
    free = available_bytes()
    if needed > free:
        raise TooLargeError(f"{what} needs {needed / GIB:.1f} GiB, {free / GIB:.1f} GiB are free: {remedy}.")
