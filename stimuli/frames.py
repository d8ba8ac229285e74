"""Sets of stimuli as arrays of frames."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from stimuli.base import COLUMN, ROW, STIMULUS, TIME, AbstractStimulus
from stimuli.display import Display
from stimuli.doors import door
from stimuli.packed import WindowStack, pack
from stimuli.sweep import StimulusSet
from stimuli.validation import one_of

BACKENDS = ("numba", "numpy")
DTYPES = ("float32", "float64")

WINDOW_BYTES = 2**28
"""Bound on the float64 windows of one chunk when every component of it has a window of its own."""


@door
def render(
    stimuli: StimulusSet | AbstractStimulus,
    display: Display,
    times: ArrayLike | None = None,
    *,
    dtype: str = "float32",
    backend: str = "numba",
) -> xr.DataArray:
    """Draw stimuli on a display.

    A frame depends on nothing but its stimulus, the display and its time: not on the batch it is drawn in.

    Parameters
    ----------
    stimuli : StimulusSet or AbstractStimulus
        What is shown; one stimulus is a set of one.
    display : Display
        Where it is shown.
    times : array_like, optional
        Times in s since the onset, one-dimensional. None draws the moment of the onset, without a time dimension.
    dtype : {"float32", "float64"}
        Type of the frames.
    backend : {"numba", "numpy"}
        The fast kernel, or the reference `AbstractStimulus.contrast_image`. They agree to 1e-6 (float32) and 1e-12.

    Returns
    -------
    xarray.DataArray
        Signed contrast in [-1, 1], dims (stimulus[, time], y, x), row 0 at the top, with the parameters of the set
        and with x, y in degrees and time in s.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, times are not finite numbers, or a stimulus cannot be shown (see `contrast_image`).
    """
    one_of("dtype", dtype, DTYPES)
    one_of("backend", backend, BACKENDS)
    if not isinstance(stimuli, (StimulusSet, AbstractStimulus)):
        raise TypeError(f"stimuli is a {type(stimuli).__name__}; a StimulusSet or a stimulus is needed.")
    shown = StimulusSet.of([stimuli]) if isinstance(stimuli, AbstractStimulus) else stimuli
    moments = np.zeros(1) if times is None else _moments(times)
    frames = np.empty((len(shown), moments.size, *display.size_px), dtype)
    draw = _draw_reference if backend == "numpy" else _draw_fast
    draw(tuple(shown), display, moments, frames)
    return _labelled(frames, shown, display, times=None if times is None else moments)


def _moments(times: ArrayLike) -> NDArray[np.float64]:
    moments = np.asarray(times, np.float64)
    if moments.ndim != 1 or moments.size == 0 or not np.isfinite(moments).all():
        raise ValueError(f"times is {times!r}; a list of finite numbers of seconds is needed, as in [0.0, 0.1].")
    return moments


def _draw_reference(
    stimuli: tuple[AbstractStimulus, ...], display: Display, times: NDArray[np.float64], frames: NDArray[np.floating]
) -> None:
    for stimulus, movie in zip(stimuli, frames, strict=True):
        for t, frame in zip(times, movie, strict=True):
            frame[:] = stimulus.contrast_image(display, float(t))


def _draw_fast(
    stimuli: tuple[AbstractStimulus, ...], display: Display, times: NDArray[np.float64], frames: NDArray[np.floating]
) -> None:
    from stimuli.kernels.separable import draw_gratings

    x, y = display.grid()
    windows = WindowStack(display)
    chunk = max(1, WINDOW_BYTES // (16 * x.size * y.size))
    for start in range(0, len(stimuli), chunk):
        packed = pack(stimuli[start : start + chunk], display, windows)
        draw_gratings(frames[start : start + chunk], x, y, times, *packed, *windows.arrays(frames.dtype))


def _labelled(
    frames: NDArray[np.floating], stimuli: StimulusSet, display: Display, times: NDArray[np.float64] | None
) -> xr.DataArray:
    x, y = display.grid()
    coords = dict(stimuli.parameters.coords.variables)
    coords[ROW] = xr.Variable(ROW, y, {"units": "deg", "long_name": "vertical position, up"})
    coords[COLUMN] = xr.Variable(COLUMN, x, {"units": "deg", "long_name": "horizontal position, right"})
    if times is not None:
        coords[TIME] = xr.Variable(TIME, times, {"units": "s", "long_name": "time since onset"})
    return xr.DataArray(
        frames[:, 0] if times is None else frames,
        dims=(STIMULUS, ROW, COLUMN) if times is None else (STIMULUS, TIME, ROW, COLUMN),
        coords=coords,
        attrs={"units": "1", "long_name": "signed contrast"},
    )
