"""Error messages that teach: the value, what is allowed, the nearest name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownNameError(ValueError, KeyError):
    """A name that is not among the known ones; the message lists them and the nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


def unknown_name(kind: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Return the error for an unknown name.

    Parameters
    ----------
    kind
        What was asked for, as the user would call it ("model", "lesion", "aperture").
    name
        The value that was given.
    known
        All allowed names.
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    suggestion = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(f"no {kind} {name!r}.{suggestion} Known: {', '.join(names)}.")
