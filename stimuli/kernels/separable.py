"""Gratings drawn from one-dimensional tables: cos(a x + b y + φ) = cos(a x) cos(b y + φ) − sin(a x) sin(b y + φ).

A frame costs one multiply-add for its window and two for its grating per component and pixel; the cosines cost a few
for each row and column. Moving frames share them: a drift turns (cos, sin) of the rows, which are numbers there.

Legend: f frame's stimulus, t its time, k component, i row, j column; c, s cosine and sine tables.
"""

import math

import numpy as np
from numba import uint64

from stimuli.carriers import ZERO_OF_COSINE
from stimuli.kernels.compilation import compiled

BLOCK = 16


@compiled(error_model="numpy", nogil=True)
def _table(cosine, sine, start, step):
    """Fill cos and sin of start + step * n: products of two short tables, exact to a few units of rounding."""
    n = cosine.size
    near_c, near_s = np.empty(BLOCK), np.empty(BLOCK)
    near_c[0], near_s[0] = 1.0, 0.0
    turn_c, turn_s = math.cos(step), math.sin(step)
    for j in range(1, BLOCK):
        near_c[j] = near_c[j - 1] * turn_c - near_s[j - 1] * turn_s
        near_s[j] = near_s[j - 1] * turn_c + near_c[j - 1] * turn_s
    for first in range(0, n, BLOCK):
        far_c, far_s = math.cos(start + step * first), math.sin(start + step * first)
        block_c, block_s = cosine[first : first + BLOCK], sine[first : first + BLOCK]
        for j in range(block_c.size):
            block_c[j] = far_c * near_c[j] - far_s * near_s[j]
            block_s[j] = far_s * near_c[j] + far_c * near_s[j]


@compiled(error_model="numpy", nogil=True)
def _add_sine(frame, window, span, cosine, sine, a, b):
    """Add window * (a cos − b sin); a, b for each row. Unsigned columns: signed ones would be checked for < 0."""
    for i in range(frame.shape[0]):
        row_a, row_b = a[i], b[i]
        for j in range(uint64(span[i, 0]), uint64(span[i, 1])):
            frame[i, j] += window[i, j] * (row_a * cosine[j] - row_b * sine[j])


@compiled(error_model="numpy", nogil=True)
def _add_square(frame, window, span, cosine, sine, a, b, amplitude):
    """Add window * amplitude * sign(a cos − b sin), in float64, where the sign of 0 is 0."""
    for i in range(frame.shape[0]):
        for j in range(uint64(span[i, 0]), uint64(span[i, 1])):
            value = a[i] * cosine[j] - b[i] * sine[j]
            if value >= ZERO_OF_COSINE:
                frame[i, j] += window[i, j] * amplitude
            elif value <= -ZERO_OF_COSINE:
                frame[i, j] -= window[i, j] * amplitude


@compiled(error_model="numpy", nogil=True)
def _turn(a, b, cosine, sine, phase, amplitude):
    """Fill amplitude * cos and sin of a table of angles plus a phase."""
    turn_c, turn_s = amplitude * math.cos(phase), amplitude * math.sin(phase)
    for i in range(a.size):
        a[i] = turn_c * cosine[i] - turn_s * sine[i]
        b[i] = turn_s * cosine[i] + turn_c * sine[i]


@compiled(error_model="numpy", nogil=True)
def draw_gratings(frames, x, y, times, offsets, numbers, window, windows, spans):
    """Draw movies of summed windowed gratings into ``frames``.

    Parameters
    ----------
    frames : float32 or float64 array, shape (stimulus, time, y, x)
        Overwritten.
    x, y, times : float64 arrays
        Equally spaced columns and rows, degrees; times, seconds.
    offsets, window : int64 arrays, shape (stimulus + 1,), (component,)
        Where each stimulus' components begin and end; which window each component has.
    numbers : stimuli.carriers.Numbers
        Of float64 arrays, shape (component,).
    windows : array of the type of the frames, shape (window, y, x)
        Sampled windows.
    spans : int64 array, shape (window, y, 2)
        Columns first and last + 1 between which a row of a window is above 0.
    """
    kx, ky, px, py, contrast, phi, omega, square, counterphase = numbers
    n_stimuli, n_times, height, width = frames.shape
    most = 0
    for f in range(n_stimuli):
        most = max(most, offsets[f + 1] - offsets[f])
    cx, sx = np.empty((most, width)), np.empty((most, width))
    cy, sy = np.empty((most, height)), np.empty((most, height))
    cx_out, sx_out = np.empty((most, width), frames.dtype), np.empty((most, width), frames.dtype)
    a, b = np.empty(height), np.empty(height)
    a_out, b_out = np.empty(height, frames.dtype), np.empty(height, frames.dtype)
    dx = (x[width - 1] - x[0]) / max(width - 1, 1)
    dy = (y[height - 1] - y[0]) / max(height - 1, 1)
    for f in range(n_stimuli):
        first, count = offsets[f], offsets[f + 1] - offsets[f]
        for k in range(count):
            c = first + k
            _table(cx[k], sx[k], kx[c] * (x[0] - px[c]), kx[c] * dx)
            _table(cy[k], sy[k], ky[c] * (y[0] - py[c]), ky[c] * dy)
            cx_out[k, :] = cx[k]
            sx_out[k, :] = sx[k]
        for t in range(n_times):
            frame = frames[f, t]
            frame[:] = 0
            for k in range(count):
                c = first + k
                amplitude, phase = contrast[c], phi[c]
                if counterphase[c] > 0:
                    amplitude *= math.cos(omega[c] * times[t])
                else:
                    phase -= omega[c] * times[t]
                mask, span = windows[window[c]], spans[window[c]]
                if square[c] > 0:
                    _turn(a, b, cy[k], sy[k], phase, 1.0)
                    _add_square(frame, mask, span, cx[k], sx[k], a, b, amplitude)
                else:
                    _turn(a_out, b_out, cy[k], sy[k], phase, amplitude)
                    _add_sine(frame, mask, span, cx_out[k], sx_out[k], a_out, b_out)
