"""Gratings drawn from one-dimensional tables: cos(a x + b y + φ) = cos(a x) cos(b y + φ) − sin(a x) sin(b y + φ).

A frame costs one multiply-add for its window and two for its grating per component and pixel; the cosines cost a few
for each row and column. Moving frames share them: a drift turns (cos, sin) of the rows, which are numbers there.

Legend: f frame's stimulus, t its time, k component, i row, j column; c, s cosine and sine tables.
"""

import math

import numpy as np
from numba import njit

from stimuli.carriers import ZERO_OF_COSINE

BLOCK = 16


@njit(cache=True, error_model="numpy", nogil=True)
def _table(cosine, sine, start, step):
    """Fill cos and sin of start + step * n: products of two short tables, exact to a few units of rounding."""
    n = cosine.size
    near_c, near_s = np.empty(BLOCK), np.empty(BLOCK)
    for j in range(BLOCK):
        near_c[j], near_s[j] = math.cos(step * j), math.sin(step * j)
    for first in range(0, n, BLOCK):
        far_c, far_s = math.cos(start + step * first), math.sin(start + step * first)
        block_c, block_s = cosine[first : first + BLOCK], sine[first : first + BLOCK]
        for j in range(block_c.size):
            block_c[j] = far_c * near_c[j] - far_s * near_s[j]
            block_s[j] = far_s * near_c[j] + far_c * near_s[j]


@njit(cache=True, error_model="numpy", nogil=True)
def _add_sine(row, window, cosine, sine, a, b):
    for j in range(row.size):
        row[j] += window[j] * (a * cosine[j] - b * sine[j])


@njit(cache=True, error_model="numpy", nogil=True)
def _add_square(row, window, cosine, sine, a, b, amplitude):
    for j in range(row.size):
        value = a * cosine[j] - b * sine[j]
        if value >= ZERO_OF_COSINE:
            row[j] += window[j] * amplitude
        elif value <= -ZERO_OF_COSINE:
            row[j] -= window[j] * amplitude


@njit(cache=True, error_model="numpy", nogil=True)
def draw_gratings(
    frames, x, y, times, offsets, kx, ky, px, py, contrast, phi, omega, square, counterphase, window, windows, spans
):
    """Draw movies of summed windowed gratings into ``frames``.

    Parameters
    ----------
    frames : float32 or float64 array, shape (stimulus, time, y, x)
        Overwritten.
    x, y, times : float64 arrays
        Equally spaced columns and rows, degrees; times, seconds.
    offsets, kx, ky, px, py, contrast, phi, omega, square, counterphase, window : arrays, shape (component,)
        As in `stimuli.packed.Packed`.
    windows : array of the type of the frames, shape (window, y, x)
        Sampled windows.
    spans : int64 array, shape (window, y, 2)
        Columns first and last + 1 between which a row of a window is above 0.
    """
    n_stimuli, n_times, height, width = frames.shape
    most = 0
    for f in range(n_stimuli):
        most = max(most, offsets[f + 1] - offsets[f])
    cx, sx = np.empty((most, width)), np.empty((most, width))
    cy, sy = np.empty((most, height)), np.empty((most, height))
    cx_out, sx_out = np.empty((most, width), frames.dtype), np.empty((most, width), frames.dtype)
    dx = (x[width - 1] - x[0]) / max(width - 1, 1)
    dy = (y[height - 1] - y[0]) / max(height - 1, 1)
    for f in range(n_stimuli):
        begin, count = offsets[f], offsets[f + 1] - offsets[f]
        for k in range(count):
            c = begin + k
            _table(cx[k], sx[k], kx[c] * (x[0] - px[c]), kx[c] * dx)
            _table(cy[k], sy[k], ky[c] * (y[0] - py[c]), ky[c] * dy)
            cx_out[k, :] = cx[k]
            sx_out[k, :] = sx[k]
        for t in range(n_times):
            frame = frames[f, t]
            for i in range(height):
                frame[i, :] = 0
            for k in range(count):
                c = begin + k
                amplitude, phase = contrast[c], phi[c]
                if counterphase[c]:
                    amplitude *= math.cos(omega[c] * times[t])
                else:
                    phase -= omega[c] * times[t]
                turn_c, turn_s = math.cos(phase), math.sin(phase)
                for i in range(height):
                    first, last = spans[window[c], i, 0], spans[window[c], i, 1]
                    a = turn_c * cy[k, i] - turn_s * sy[k, i]
                    b = turn_s * cy[k, i] + turn_c * sy[k, i]
                    row, mask = frame[i, first:last], windows[window[c], i, first:last]
                    if square[c]:
                        _add_square(row, mask, cx[k, first:last], sx[k, first:last], a, b, amplitude)
                    else:
                        _add_sine(
                            row,
                            mask,
                            cx_out[k, first:last],
                            sx_out[k, first:last],
                            frames.dtype.type(amplitude * a),
                            frames.dtype.type(amplitude * b),
                        )
