"""A command line run within this process: how it refuses what cannot be done."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

from protocols import cli


class TracebackError(Exception):
    """A command ended with a traceback, or as a fault of the program."""


class RefusedError(ValueError):
    """A command said why it cannot be done, with exit status 2."""


def refused(words: Sequence[str]) -> None:
    """Run a command; raise `RefusedError` where it refuses clearly, `TracebackError` where it does not."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = cli.main(list(words))
        except SystemExit as ended:
            status = ended.code
    if "Traceback" in said.getvalue() or status not in (0, 2):
        raise TracebackError(f"status {status}: {said.getvalue()[-150:]}")
    if status == 2:
        raise RefusedError(said.getvalue()[-150:])
