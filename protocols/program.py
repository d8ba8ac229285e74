"""How a command ends: one line for every error, in any encoding, and an exit status that says how it was stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

DEBUG = "INSILICO_DEBUG"  # environment variable: show where an error arose
STOPS = (signal.SIGTERM, signal.SIGHUP)
USER_ERRORS = (ValueError, TypeError, KeyError, ArithmeticError, OSError)


@dataclass
class Outcome:
    """Exit status of a command."""

    status: int = 0


class Stopped(KeyboardInterrupt):
    """The process was asked to end by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def as_a_program(*, kept: str = "") -> Iterator[Outcome]:
    """Turn errors, warnings and signals into lines on standard error and an exit status.

    Parameters
    ----------
    kept
        What an interrupted command leaves behind for the next one, as a clause; "" if nothing.
    """
    outcome = Outcome()
    with _stopping_on_signals(), warnings.catch_warnings():
        warnings.showwarning = _show_warning
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # R² is printed as R\xb2 where only ASCII is known
        try:
            yield outcome
            sys.stdout.flush()
        except BrokenPipeError:  # who read the output has seen enough, as in: insilico list | head
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            outcome.status = 128 + signal.SIGPIPE
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
            _say(f"interrupted: no result was left half written{kept and '; '}{kept}")
            outcome.status = 128 + number
        except USER_ERRORS as error:
            outcome.status = _failed(f"error: {error}", 2)
        except MemoryError as error:
            reason = f" ({error})" if str(error) else ""
            outcome.status = _failed(f"error: memory ran out{reason}: ask for fewer stimuli, cells or channels", 2)
        except Exception as error:
            told = f"internal error: {type(error).__name__}: {error}; please report it, {DEBUG}=1 shows where it arose"
            outcome.status = _failed(told, 1)


@contextlib.contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """End as by Ctrl-C on signals that would end the process anyhow, so that nothing is left behind."""
    here = threading.current_thread() is threading.main_thread()
    taken = [number for number in STOPS if here and signal.getsignal(number) == signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, _frame: Any) -> NoReturn:
    raise Stopped(number)


def _failed(line: str, status: int) -> int:
    """Say what went wrong in one line; raise what is being handled where a debugger asked for it."""
    if os.environ.get(DEBUG):
        raise
    _say(line)
    return status


def _say(line: str) -> None:
    print(" ".join(line.split()), file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(f"warning: {message}")
