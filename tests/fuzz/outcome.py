"""How a call ends: valid, a clear error, an unclear one, or a wrong input accepted in silence."""

from __future__ import annotations

import ast
import functools
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(str(ROOT / name) for name in ("stimuli", "insilico", "protocols"))
CLEAR = (TypeError, ValueError, KeyError, FileNotFoundError, MemoryError)
OF_CALLS = ("missing", "unexpected keyword", "positional argument")  # what Python says of a call, which is clear
SECONDS = 10.0


class TooLongError(Exception):
    """A case has not ended within its time."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End what takes longer by `TooLongError`."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooLongError(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(call: Callable[[], Any], *, wrong: bool, also_clear: tuple[type[Exception], ...] = ()) -> tuple[str, str]:
    """Return how a call ends, and what was raised.

    Parameters
    ----------
    call
        What is tried.
    wrong
        Whether its input is known to be wrong: then it must not be accepted.
    also_clear
        Errors that stand for a clear refusal.
    """
    try:
        with limited(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
    except Exception as error:  # every way to fail is what is studied here
        return ("clear" if isinstance(error, also_clear) or is_clear(error) else "unclear"), said(error)
    return ("silent" if wrong else "valid"), ""


def is_clear(error: BaseException) -> bool:
    """Return whether an error is of a kind that teaches, and a `raise` of ours raised it."""
    if not isinstance(error, CLEAR):
        return False
    if isinstance(error, TypeError) and any(text in str(error) for text in OF_CALLS):
        return True
    last = traceback.extract_tb(error.__traceback__)[-1]
    return last.filename.startswith(OURS) and any(last.lineno in lines for lines in _raises(last.filename))


def said(error: BaseException) -> str:
    """Return an error and where it was raised, in one line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {str(error)[:100]!r} at {Path(last.filename).name}:{last.lineno}"


@functools.cache
def _raises(file: str) -> tuple[range, ...]:
    nodes = ast.walk(ast.parse(Path(file).read_text(encoding="utf-8")))
    return tuple(range(n.lineno, (n.end_lineno or n.lineno) + 1) for n in nodes if isinstance(n, ast.Raise))
