"""x^q for x >= 0 and a fixed q > 0 as arithmetic that a compiler can vectorise, in the precision of its arguments.

x = 2^e m with 1/√2 <= m < √2; ln m = 2 artanh(s) with s = (m − 1) / (m + 1), a series in s²; then e^(q ln x) as in
`exponential`. Relative error: a few units in the last place, times |q ln x| where that is larger than 1.
"""

# ruff: noqa: ARG001 -- numba prescribes this signature

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

_LN2 = math.log(2)


def power_range(q: float, dtype: np.dtype) -> tuple[float, float]:
    """Return the x between which x^q can be computed in a precision."""
    limits = np.finfo(dtype)
    largest = 87.0 if dtype.itemsize == 4 else 708.0  # e to this, and to minus this, are normal numbers
    lowest, highest = math.log(limits.tiny), math.log(limits.max) - 1e-6
    return math.exp(max(lowest, -largest / q)), math.exp(min(highest, largest / q))


def power(x: Any, q: Any, lowest: Any, highest: Any) -> Any:
    """Return x^q, x >= 0; 0 for x below `lowest`, highest^q for x above `highest` (see power_range).

    This body is for Python; compiled callers get the polynomial.
    """
    return np.where(x < lowest, 0, np.power(np.minimum(x, highest), q))


@overload(power)
def _compiled_power(x, q, lowest, highest):
    if x == types.float32:
        return _power_float32()
    if x == types.float64:
        return _power_float64()
    return None


def _power_float32() -> Callable:
    f = np.float32
    one, half, two, root, zero = f(1), f(0.5), f(2), f(math.sqrt(2)), f(0)
    per_ln2, high, low, ln2 = f(1 / _LN2), f(355 / 512), f(_LN2 - 355 / 512), f(_LN2)
    a3, a5, a7, a9 = (f(1 / i) for i in (3, 5, 7, 9))
    c1, c2, c3, c4, c5, c6, c7 = (f(1 / math.factorial(i)) for i in range(1, 8))
    fraction, unit, bits, bias = np.int32(0x7FFFFF), np.int32(0x3F800000), np.int32(23), np.int32(127)

    def polynomial(x, q, lowest, highest):
        at = x if x > lowest else lowest
        at = at if at < highest else highest
        pattern = np.float32(at).view(np.int32)
        m = np.int32((pattern & fraction) | unit).view(np.float32)
        e = np.float32(np.int32(pattern >> bits) - bias)
        large = m > root
        m = m * half if large else m
        e = e + one if large else e
        s = (m - one) / (m + one)
        t = s * s
        log_m = two * s * (one + t * (a3 + t * (a5 + t * (a7 + t * a9))))
        y = q * (e * ln2 + log_m)
        n = np.floor(y * per_ln2 + half)
        r = (y - n * high) - n * low
        p = r * (c1 + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * c7))))))
        two_n = np.int32((np.int32(n) + bias) << bits).view(np.float32)
        return two_n + two_n * p if x >= lowest else zero

    return polynomial


def _power_float64() -> Callable:
    root = math.sqrt(2)
    high = round(_LN2 * 2**30) / 2**30
    per_ln2, low = 1 / _LN2, _LN2 - high
    a3, a5, a7, a9, a11, a13, a15, a17, a19, a21 = (1 / i for i in range(3, 23, 2))
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12 = (1 / math.factorial(i) for i in range(1, 13))
    fraction, unit, bits = np.int64((1 << 52) - 1), np.int64(1023 << 52), np.int64(52)
    # whole numbers are converted by adding 2^52, which aligns their last bit with that of the significand
    shifted, bias = np.int64(1075 << 52), 2.0**52 + 1023

    def polynomial(x, q, lowest, highest):
        at = x if x > lowest else lowest
        at = at if at < highest else highest
        pattern = np.float64(at).view(np.int64)
        m = np.int64((pattern & fraction) | unit).view(np.float64)
        e = np.int64(np.int64(pattern >> bits) | shifted).view(np.float64) - bias
        large = m > root
        m = m * 0.5 if large else m
        e = e + 1.0 if large else e
        s = (m - 1.0) / (m + 1.0)
        t = s * s
        tail = a11 + t * (a13 + t * (a15 + t * (a17 + t * (a19 + t * a21))))
        log_m = 2.0 * s * (1.0 + t * (a3 + t * (a5 + t * (a7 + t * (a9 + t * tail)))))
        y = q * (e * high + (e * low + log_m))
        n = np.floor(y * per_ln2 + 0.5)
        r = (y - n * high) - n * low
        tail = c8 + r * (c9 + r * (c10 + r * (c11 + r * c12)))
        p = r * (c1 + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * (c7 + r * tail)))))))
        two_n = np.int64(np.float64(n + bias).view(np.int64) << bits).view(np.float64)
        return two_n + two_n * p if x >= lowest else 0.0

    return polynomial
