"""Which arguments can stand for an array: real numbers in one rectangular block."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stimuli.complaints import Complaint

KINDS = {np.floating: "iuf", np.integer: "iu", np.bool_: "b", np.complexfloating: "iufc"}
"""Kinds of dtype that may stand for one."""


def is_array(hint: Any) -> bool:
    """Return whether an annotation asks for an array or what can be made one."""
    return hint == ArrayLike or hint is np.ndarray or typing.get_origin(hint) is np.ndarray


def array_check(hint: Any) -> Callable[[Any], Complaint | None]:
    """Return the check of an annotation of an array."""
    kinds = _kinds(hint)
    need = {"b": "an array of True and False", "iu": "an array of whole numbers"}.get(kinds, "an array of real numbers")

    def check(value: Any) -> Complaint | None:
        if isinstance(value, np.ndarray) and value.dtype.kind in kinds:
            return None
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError):
            return "", value, need
        allowed = array.dtype.kind in kinds or (array.size == 0 and isinstance(value, (list, tuple)))
        return None if allowed and not isinstance(value, (str, bytes)) else ("", value, need)

    return check


def _kinds(hint: Any) -> str:
    if hint == ArrayLike:
        return "iuf"
    scalars = [arg for part in typing.get_args(hint) for arg in typing.get_args(part)]
    for scalar in scalars:
        for kind, kinds in KINDS.items():
            if isinstance(scalar, type) and issubclass(scalar, kind):
                return kinds
    return "iufbc"  # a bare ndarray: masks and complex pointers, too
