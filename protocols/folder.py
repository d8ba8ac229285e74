"""A result folder: written whole or not at all, replaced only as a whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from insilico.running.files import clear_left_over, take_place, unfinished

CONTENTS = ("result.nc", "figure.png", "report.html", "summary.json")


def check_writable(folder: Path, *, extra: Sequence[str] = ()) -> None:
    """Raise where a result cannot go, before any work is done.

    Raises
    ------
    FileExistsError
        If the folder is a file, or holds files that are not a result.
    OSError
        If it cannot be created or written.
    """
    folder = folder.resolve()
    if folder.exists():
        if folder == Path.cwd():
            raise FileExistsError(f"{folder} is the current folder, which cannot be replaced: name another.")
        if not folder.is_dir():
            raise FileExistsError(f"{folder} is a file: name a folder.")
        others = sorted(p.name for p in folder.iterdir() if p.name not in (*CONTENTS, *extra))
        if others:
            some = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
            raise FileExistsError(
                f"{folder} holds other files ({some}): name an empty, a new, or an earlier result folder."
            )
    made = _missing_parents(folder.parent)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        clear_left_over(folder)
        for place in (folder.parent, folder):
            if place.is_dir():
                tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise type(error)(f"{folder} cannot be written: {error.strerror or error}. Name a folder that can.") from error
    finally:
        _remove_empty(made)


@contextmanager
def result_folder(folder: Path, *, extra: Sequence[str] = ()) -> Iterator[Path]:
    """Yield a temporary folder that takes the place of `folder` when the block ends well, and vanishes otherwise.

    At every moment `folder` is one complete result, the earlier or the later (see `insilico.running.files.take_place`).
    Of two runs into one folder the one that ends last stays.
    """
    folder = folder.resolve()
    check_writable(folder, extra=extra)
    made = _missing_parents(folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished(folder)
    temporary.mkdir()
    try:
        yield temporary
        take_place(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _missing_parents(parent: Path) -> list[Path]:
    """Return the folders that do not exist yet, innermost first."""
    return [p for p in (parent, *parent.parents) if not p.exists()]
