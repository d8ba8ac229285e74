"""Arguments are checked once, where they come in: `door` holds each against its annotation.

Types only: a number is real (never a bool, never text), a sequence has an order (never a set, a dict or text), an array
holds real numbers. What values are allowed, each function and each class checks for itself.
"""

from __future__ import annotations

import functools
import inspect
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Literal, TypeVar

from stimuli.complaints import Complaint, lacks, misspelt, said
from stimuli.real_arrays import array_check, is_array

T = TypeVar("T")
Check = Callable[[Any], Complaint | None]
"""Returns None, or where within a value, which part of it, and what is needed there."""

_Argument = tuple[frozenset[type], Check | None]

SELF = ("self", "cls")
MOST = 64
"""Positional arguments of a function with ``*args`` that are checked."""
EVERYTHING: tuple[Any, ...] = (Any, object, inspect.Parameter.empty)


def door(thing: T) -> T:
    """Check the arguments of a function, or of a class's constructor and public methods, against their annotations.

    Parameters
    ----------
    thing : function or class
        Annotations are resolved at the first call. On a dataclass, `door` stands above `dataclass`.

    Returns
    -------
    function or class
        The function wrapped, with its name, signature and docstring; a class is changed in place.

    Raises
    ------
    TypeError
        At a call: if an argument is not what its annotation says, or its name is unknown; names argument and value.
    """
    if not isinstance(thing, type):
        return typing.cast(T, _guarded(typing.cast(Any, thing)))
    for name, member in list(vars(thing).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(member, (classmethod, staticmethod)):
            setattr(thing, name, type(member)(_guarded(member.__func__)))
        elif inspect.isfunction(member):
            setattr(thing, name, _guarded(member, of=thing if name == "__init__" else None))
    return thing


def _guarded(function: Callable[..., Any], of: type | None = None) -> Callable[..., Any]:
    checks: _Checks | None = None

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        nonlocal checks
        if checks is None:
            checks = _Checks(function, of)
        complaint = checks.complaint(args, kwargs)
        if complaint is not None:
            raise TypeError(complaint)
        return function(*args, **kwargs)

    return checked


class _Checks:
    """The checks of one function's arguments, by position and by name."""

    def __init__(self, function: Callable[..., Any], of: type | None) -> None:
        parameters = inspect.signature(function).parameters.values()
        hints = _hints(function, of)
        self.name = (of or function).__name__
        self.named: dict[str, _Argument] = {}
        self.places: list[tuple[str, _Argument]] = []
        self.others: _Argument | None = None
        for index, parameter in enumerate(parameters):
            hint = Any if index == 0 and parameter.name in SELF else hints.get(parameter.name, Any)
            argument = _at_once(hint), check_of(hint)
            if parameter.kind is parameter.VAR_KEYWORD:
                self.others = argument
            elif parameter.kind is parameter.VAR_POSITIONAL:
                self.places += [(parameter.name, argument)] * MOST
            else:
                self.named[parameter.name] = argument
                if parameter.kind is not parameter.KEYWORD_ONLY:
                    self.places.append((parameter.name, argument))

    def complaint(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
        for (name, (at_once, check)), value in zip(self.places, args, strict=False):
            if check is not None and type(value) not in at_once and (found := check(value)) is not None:
                return said(name, found)
        for name, value in kwargs.items():
            argument = self.named.get(name, self.others)
            if argument is None:
                return misspelt(self.name, name, [known for known in self.named if known not in SELF])
            at_once, check = argument
            if check is not None and type(value) not in at_once and (found := check(value)) is not None:
                return said(name, found)
        return None


def _at_once(hint: Any) -> frozenset[type]:
    """Return the types that need no look at the value: most arguments are of one of them."""
    hints = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    exact: dict[Any, tuple[type, ...]] = {float: (float, int), int: (int,), str: (str,), bool: (bool,)}
    exact[type(None)] = (type(None),)
    return frozenset(kind for one in hints if isinstance(one, type) for kind in exact.get(one, ()))


def _hints(function: Callable[..., Any], of: type | None) -> dict[str, Any]:
    """Return the annotations of the arguments alone: what is returned may not be importable."""
    if of is not None and hasattr(of, "__dataclass_fields__"):
        return typing.get_type_hints(of)
    given = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    scope = types.SimpleNamespace(__annotations__=given)
    return typing.get_type_hints(scope, globalns=getattr(inspect.unwrap(function), "__globals__", None))


def check_of(hint: Any) -> Check | None:
    """Return the check of an annotation; None where everything is allowed."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in EVERYTHING or isinstance(hint, TypeVar) or origin is type:
        return None
    if is_array(hint):
        return array_check(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return lambda value: None if value in arguments else ("", value, f"one of {', '.join(map(repr, arguments))}")
    kind = origin or hint
    if not isinstance(kind, type):
        return None
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind is Callable or (getattr(kind, "_is_protocol", False) and "__call__" in vars(kind)):
        return lambda value: None if callable(value) else ("", value, "a function")
    if kind in (Mapping, dict):
        return _mapping(arguments)
    if kind in (tuple, list, Sequence, Iterable) or (issubclass(kind, (tuple, list)) and origin is not None):
        return _sequence(arguments, fixed=kind is tuple and Ellipsis not in arguments, iterable=kind is Iterable)
    return _protocol(kind) if getattr(kind, "_is_protocol", False) else _instance(kind)


def _scalar(value: Any) -> Any:
    """Return a numpy or xarray scalar as Python's."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def _number(value: Any) -> Complaint | None:
    plain = _scalar(value)
    return None if isinstance(plain, Real) and not isinstance(plain, bool) else ("", value, "a number")


def _whole(value: Any) -> Complaint | None:
    plain = _scalar(value)
    return None if isinstance(plain, Integral) and not isinstance(plain, bool) else ("", value, "a whole number")


def _flag(value: Any) -> Complaint | None:
    return None if isinstance(_scalar(value), bool) else ("", value, "True or False")


def _text(value: Any) -> Complaint | None:
    return None if isinstance(value, str) else ("", value, "text")


def _nothing(value: Any) -> Complaint | None:
    return None if value is None else ("", value, "None")


def _path(value: Any) -> Complaint | None:
    return None if isinstance(value, (str, os.PathLike)) else ("", value, "a path")


SIMPLE: dict[type, Check] = {
    float: _number,
    int: _whole,
    bool: _flag,
    str: _text,
    type(None): _nothing,
    os.PathLike: _path,
}


def _union(hints: Sequence[Any]) -> Check | None:
    checks = [check_of(hint) for hint in hints]
    known = [check for check in checks if check is not None]
    if len(known) < len(checks):
        return None

    def check(value: Any) -> Complaint | None:
        found = []
        for one in known:
            complaint = one(value)
            if complaint is None:
                return None
            found.append(complaint)
        inside = [complaint for complaint in found if complaint[0]]
        return inside[0] if inside else ("", value, " or ".join(dict.fromkeys(need for _, _, need in found)))

    return check


def _sequence(arguments: Sequence[Any], *, fixed: bool, iterable: bool) -> Check:
    each = [check_of(hint) for hint in arguments if hint is not Ellipsis] or [None]
    if not arguments:
        need = "a sequence"
    elif each[0] is None:
        need = f"a sequence of {len(each)}" if fixed else "a sequence"
    else:
        found = each[0](object())
        need = f"a sequence{f' of {len(each)}' if fixed else ''}, each {found[2] if found else 'item'}"

    def check(value: Any) -> Complaint | None:
        if type(value) is not tuple and type(value) is not list:
            if iterable and isinstance(value, typing.Iterator):
                return None
            ordered = isinstance(value, Sequence) or getattr(value, "ndim", None) == 1
            if not (ordered or (iterable and hasattr(value, "__iter__"))) or isinstance(value, UNORDERED):
                return "", value, need
        if fixed and arguments and len(value) != len(each):
            return "", value, need
        for index, item in enumerate(value):
            one = each[index if fixed else 0]
            found = one(item) if one is not None else None
            if found is not None:
                return f"[{index}]{found[0]}", found[1], found[2]
        return None

    return check


UNORDERED = (str, bytes, bytearray, set, frozenset, Mapping)


def _mapping(arguments: Sequence[Any]) -> Check:
    of_key, of_value = [check_of(hint) for hint in arguments] or [None, None]

    def check(value: Any) -> Complaint | None:
        if not isinstance(value, Mapping):
            return "", value, "a mapping of names"
        for key, item in value.items():
            for one, part in ((of_key, key), (of_value, item)):
                found = one(part) if one is not None else None
                if found is not None:
                    return f"[{key!r}]{found[0]}", found[1], found[2]
        return None

    return check


def _instance(kind: type) -> Check:
    need = f"{'an' if kind.__name__[0] in 'AEIO' else 'a'} {kind.__name__}"
    return lambda value: None if isinstance(value, kind) else ("", value, need)


def _protocol(kind: type) -> Check:
    members = sorted(getattr(kind, "__protocol_attrs__", None) or _members(kind))

    def check(value: Any) -> Complaint | None:
        missing = [name for name in members if not (hasattr(type(value), name) or hasattr(value, name))]
        return ("", value, lacks(kind.__name__, missing)) if missing or isinstance(value, type) else None

    return check


def _members(kind: type) -> set[str]:
    own = {name for base in kind.__mro__ if getattr(base, "_is_protocol", False) for name in vars(base)}
    return {name for name in own if not name.startswith("_")} | set(getattr(kind, "__annotations__", {}))
