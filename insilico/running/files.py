"""Files written whole or not at all; what a killed process left behind is found by its name.

A file or folder that is being written is called `.NAME.HOST-PID-RANDOM.part`, beside the place that it will take.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".part"


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file beside its place, force it to disk, and rename it: readers find the old content or the new one.

    Raises
    ------
    OSError
        If it cannot be written (the disk is full, the folder read-only); an earlier file is then unchanged.
    """
    clear_left_over(path)
    temporary = unfinished(path)
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise _told(error, path) from error
    except BaseException:
        _remove(temporary)
        raise


def unfinished(path: Path) -> Path:
    """Return a name, not in use, for what is to take the place of a path."""
    return path.with_name(f"{_start(path)}{_host()}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}")


def clear_left_over(path: Path) -> None:
    """Remove what processes of this computer that are no more have left beside a path."""
    for one in left_over(path):
        _remove(one)


def left_over(path: Path) -> Iterator[Path]:
    """Yield what processes of this computer that are no more have left beside a path."""
    start = _start(path) + _host() + "-"
    if not path.parent.is_dir():
        return
    for one in sorted(path.parent.iterdir()):
        if one.name.startswith(start) and one.name.endswith(SUFFIX):
            pid = one.name.removeprefix(start).partition("-")[0]
            if pid.isdecimal() and not _alive(int(pid)):
                yield one


def _start(path: Path) -> str:
    return f".{path.name}."


def _host() -> str:
    """Return the name of this computer, as it can stand in a file name."""
    return "".join(c if c.isalnum() else "_" for c in socket.gethostname())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _told(error: OSError, path: Path) -> OSError:
    """Return an error of the same kind that says what was not written and what stays."""
    state = "the earlier one is unchanged" if path.exists() else "nothing was written"
    return type(error)(f"{path} cannot be written ({error.strerror or error}): {state}. Make room, or write elsewhere.")
