"""1 − exp(−u) for u >= 0 as arithmetic that a compiler can vectorise, in the precision of its argument.

e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2: a Taylor polynomial for e^r − 1, an exponent field for 2^n.
1 − e^x = (1 − 2^n) − 2^n (e^r − 1): relative error about one unit in the last place, however small u is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

_LN2 = math.log(2)


def approach(u: Any) -> Any:
    """Return 1 − exp(−u), u >= 0: the share of the way to its target that a state goes within u time constants.

    This body is for Python; compiled callers get the polynomial.
    """
    return -np.expm1(-u)


@overload(approach)
def _compiled_approach(u):
    if u == types.float32:
        return _approach_float32()
    if u == types.float64:
        return _approach_float64()
    return None


def _approach_float32() -> Callable:
    f = np.float32
    per_ln2, high, low, lowest = f(1 / _LN2), f(355 / 512), f(_LN2 - 355 / 512), f(-87)
    one, half = f(1), f(0.5)
    c1, c2, c3, c4, c5, c6, c7 = (f(1 / math.factorial(i)) for i in range(1, 8))

    def polynomial(u):
        x = -u if -u > lowest else lowest
        n = np.floor(x * per_ln2 + half)
        r = (x - n * high) - n * low
        q = r * (c1 + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * c7))))))
        two_n = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
        return (one - two_n) - two_n * q

    return polynomial


def _approach_float64() -> Callable:
    high = round(_LN2 * 2**30) / 2**30
    per_ln2, low, lowest, half = 1 / _LN2, _LN2 - high, -708.0, 0.5
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12 = (1 / math.factorial(i) for i in range(1, 13))

    def polynomial(u):
        x = -u if -u > lowest else lowest
        n = np.floor(x * per_ln2 + half)
        r = (x - n * high) - n * low
        e = c8 + r * (c9 + r * (c10 + r * (c11 + r * c12)))
        q = r * (c1 + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * (c7 + r * e)))))))
        two_n = np.int64((np.int64(n) + np.int64(1023)) << np.int64(52)).view(np.float64)
        return (1.0 - two_n) - two_n * q

    return polynomial
