"""Files and folders written whole or not at all; what a killed process left behind is found by its name.

What is being written is called `.NAME.HOST-PID-RANDOM.part`, beside the place that it will take.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

PART, ASIDE = ".part", ".aside"
EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
HERE = -100  # AT_FDCWD of Linux
RACES = 100  # other processes that may come first


def write_whole(path: Path, *parts: bytes | memoryview) -> None:
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
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise _told(error, path) from error
    except BaseException:
        _remove(temporary)
        raise


def take_place(new: Path, folder: Path) -> None:
    """Put a finished folder in the place of another, which is removed; of two processes the later one stays.

    Linux and macOS exchange two names in one step: at every moment the place holds one whole folder, the earlier or the
    later; a program that opens one file after another may meet both. A file system that cannot exchange (some of
    networks) leaves the place empty between two renames; if the process is killed just there, `clear_left_over` puts
    the earlier folder back.
    """
    for _ in range(RACES):
        try:
            os.rename(new, folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        try:
            _exchange(new, folder)
            _remove(new)
            return
        except FileNotFoundError:
            continue  # what stood there was removed just now
        except NotImplementedError:
            aside = unfinished(folder).with_suffix(ASIDE)
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder, aside)
            os.rename(new, folder)
            _remove(aside)
            return
    raise OSError(f"{folder} is replaced by others again and again: name another folder.")


def _exchange(one: Path, other: Path) -> None:
    """Exchange two names in one step; raises NotImplementedError where the system or the file system cannot."""
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(*names, EXCHANGE)
        else:
            failed = library.renameat2(HERE, names[0], HERE, names[1], EXCHANGE)
    except AttributeError as error:
        raise NotImplementedError("no exchange of names in this C library") from error
    if failed:
        number = ctypes.get_errno()
        if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            raise NotImplementedError("no exchange of names on this file system")
        raise OSError(number, os.strerror(number), str(other))


def unfinished(path: Path) -> Path:
    """Return a name, not in use, for what is to take the place of a path."""
    return path.with_name(f"{_start(path)}{os.getpid()}-{secrets.token_hex(4)}{PART}")


def clear_left_over(path: Path) -> None:
    """Remove what dead processes of this computer left beside a path; put back what one had set aside."""
    for one in _left_over(path):
        if one.suffix == ASIDE and not path.exists():
            os.rename(one, path)
        else:
            _remove(one)


def _left_over(path: Path) -> Iterator[Path]:
    if not path.parent.is_dir():
        return
    start = _start(path)
    for one in sorted(path.parent.iterdir()):
        if one.name.startswith(start) and one.suffix in (PART, ASIDE):
            pid = one.name.removeprefix(start).partition("-")[0]
            if pid.isdecimal() and not _alive(int(pid)):
                yield one


def _start(path: Path) -> str:
    """Return how the names of what is to take the place of a path begin, on this computer."""
    host = "".join(c if c.isalnum() else "_" for c in socket.gethostname())
    return f".{path.name}.{host}-"


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
