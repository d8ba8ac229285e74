"""What comes in at a public door is held against its annotation, by value, name and remedy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class Described:
    """Hold one of each."""

    number: float = 0.0
    whole: int = 0
    flag: bool = False
    text: str = ""
    pair: tuple[float, float] = (0.0, 0.0)
    many: tuple[float, ...] = ()
    maybe: float | None = None
    either: str | tuple[int, ...] = ""


@door
def shown(
    array: NDArray[np.float64],
    *others: int,
    like: ArrayLike = 0,
    names: Mapping[str, float] | None = None,
    items: Sequence[int] = (),
    all_items: Iterable[str] = (),
    how: Literal["a", "b"] = "a",
    call: Callable[[float], float] = abs,
    data: xr.Dataset | None = None,
) -> int:
    """Return nothing of note."""
    return 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"number": "0.5"}, "number = '0.5' (str): must be a number. Give 0.5 without quotes."),
        ({"number": True}, "number = True (bool): must be a number. True is no number."),
        ({"number": 1j}, "number = 1j (complex): must be a number."),
        ({"number": np.bool_(True)}, "must be a number"),
        ({"whole": 2.5}, "whole = 2.5 (float): must be a whole number."),
        ({"whole": False}, "must be a whole number"),
        ({"flag": "no"}, "flag = 'no' (str): must be True or False."),
        ({"flag": 1}, "must be True or False"),
        ({"text": 3}, "text = 3 (int): must be text."),
        ({"pair": (1, 2, 3)}, "pair = (1, 2, 3) (tuple): must be a sequence of 2, each a number."),
        ({"pair": (1, "2")}, "pair[1] = '2' (str): must be a number."),
        ({"many": {1, 2}}, "has no order of values"),
        ({"many": {1: 2}}, "has no order of values"),
        ({"many": "12"}, "must be a sequence"),
        ({"many": 5}, "Put one in a list."),
        ({"maybe": "x"}, "must be a number or None"),
        ({"either": 4}, "must be text or a sequence"),
        ({"either": (1, 0.5)}, "either[1] = 0.5"),
        ({"numbr": 1}, "Did you mean 'number'"),
    ],
)
def test_a_description_says_which_value_is_of_the_wrong_type(given, says):
    with pytest.raises(TypeError) as caught:
        Described(**given)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"number": np.float32(2), "whole": np.int8(3), "flag": np.bool_(True)},
        {"number": xr.DataArray(2.0), "maybe": np.array(1.0), "pair": [1, np.int64(2)], "many": np.arange(3)},
        {"many": range(3), "either": [1, 2], "number": float("nan")},
    ],
)
def test_numbers_and_sequences_of_numpy_pass(given):
    Described(**given)


@pytest.mark.parametrize(
    ("args", "given", "says"),
    [
        (("x",), {}, "array = 'x'"),
        (([[1], [1, 2]],), {}, "array of real numbers"),
        ((np.array(["a"]),), {}, "array of real numbers"),
        ((np.array([1j]),), {}, "array of real numbers"),
        (([1], 2, "3"), {}, "others = '3'"),
        (([1],), {"like": [True]}, "like = [True]"),
        (([1],), {"names": {"a": "1"}}, "names['a'] = '1'"),
        (([1],), {"names": {1: 1.0}}, "names[1] = 1 (int): must be text"),
        (([1],), {"items": {1}}, "no order of values"),
        (([1],), {"all_items": [1]}, "all_items[0] = 1"),
        (([1],), {"how": "c"}, "one of 'a', 'b'"),
        (([1],), {"call": 3}, "a function"),
        (([1],), {"data": xr.DataArray([1])}, "must be a Dataset"),
    ],
)
def test_a_function_says_which_argument_is_of_the_wrong_type(args, given, says):
    with pytest.raises(TypeError) as caught:
        shown(*args, **given)
    assert says in str(caught.value)


def test_a_door_leaves_name_signature_and_docstring():
    assert shown([1.0], 2, like=[1], items=range(3), all_items=iter("ab"), names={"a": 1}) == 1
    assert (shown.__name__, shown.__doc__) == ("shown", "Return nothing of note.")
    assert "names" in inspect.signature(shown).parameters
    assert list(inspect.signature(Described).parameters)[:2] == ["number", "whole"]
