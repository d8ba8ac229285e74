"""Sets of stimuli as arrays of frames."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from stimuli.base import COLUMN, IMAGES_AT_ONCE, ROW, STIMULUS, TIME, AbstractStimulus, draw
from stimuli.display import Display
from stimuli.doors import door
from stimuli.gratings import Blank
from stimuli.limits import refuse_rates, warn_of_losses
from stimuli.memory import refuse_memory
from stimuli.packed import WindowStack, pack
from stimuli.sweep import StimulusSet
from stimuli.validation import TOLERANCE_CONTRAST, one_of, positive

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

    A frame depends on nothing but its stimulus, the display and its time: not on the batch it is drawn in. A stimulus
    with a `contrast_image` of its own is drawn by that, whatever the backend. `render_parts` draws long movies.

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
        If a name is unknown, times are not finite numbers, a stimulus cannot be shown (see `contrast_image`), it moves
        at half of the display's `refresh_hz` or faster, or the frames do not fit into memory.

    Warns
    -----
    OffScreenWarning, AliasingWarning
        If the screen crops a stimulus; if a harmonic of a square wave is too fine for the pixels.
    """
    one_of("dtype", dtype, DTYPES)
    one_of("backend", backend, BACKENDS)
    shown = _as_set(stimuli)
    moments = np.zeros(1) if times is None else _moments(times)
    if times is not None:
        refuse_rates(chain.from_iterable(s.scene for s in shown), display, float(np.abs(moments).max()))
    shape = (len(shown), moments.size, *display.size_px)
    _refuse_memory(shape, dtype)
    frames = np.empty(shape, dtype)
    draw_all = _draw_reference if backend == "numpy" else _draw_fast
    draw_all(tuple(shown), display, moments, frames)
    drawn = (stimulus.scene for stimulus in shown if not stimulus.draws_itself)
    warn_of_losses(chain.from_iterable(drawn), display, stacklevel=2)
    return _labelled(frames, shown, display, times=None if times is None else moments)


def render_parts(
    stimuli: StimulusSet | AbstractStimulus,
    display: Display,
    times: ArrayLike | None = None,
    *,
    part_mb: float = 256.0,
    dtype: str = "float32",
    backend: str = "numba",
) -> Iterator[xr.DataArray]:
    """Draw stimuli part by part, for movies that would not fit into memory.

    Parameters
    ----------
    stimuli, display, times, dtype, backend
        As in `render`.
    part_mb : float
        Size of a part's frames in MB (1e6 bytes), above 0; a part holds one frame at least.

    Yields
    ------
    xarray.DataArray
        What `render` returns for a stretch of the stimuli and of the times: stimuli in order and, where the movie of
        one is larger than a part, its times in order. The frames are those of `render`, bit by bit.

    Raises
    ------
    TypeError, ValueError
        As in `render`, when a part is drawn.
    """
    shown = _as_set(stimuli)
    moments = None if times is None else _moments(times)
    frame_bytes = np.dtype(one_of("dtype", dtype, DTYPES)).itemsize * display.size_px[0] * display.size_px[1]
    n_frames = max(1, int(positive("part_mb", part_mb, unit="MB") * 1e6 // frame_bytes))
    n_times = 1 if moments is None else moments.size
    for batch in shown.batches(max(1, n_frames // n_times)):
        for start in range(0, n_times, n_frames):
            stretch = None if moments is None else moments[start : start + n_frames]
            yield render(batch, display, stretch, dtype=dtype, backend=backend)


def _as_set(stimuli: StimulusSet | AbstractStimulus) -> StimulusSet:
    if not isinstance(stimuli, (StimulusSet, AbstractStimulus)):
        raise TypeError(f"stimuli is a {type(stimuli).__name__}; a StimulusSet or a stimulus is needed.")
    return StimulusSet.of([stimuli]) if isinstance(stimuli, AbstractStimulus) else stimuli


def _refuse_memory(shape: tuple[int, ...], dtype: str) -> None:
    n_stimuli, n_times, height, width = shape
    images = n_stimuli * n_times * np.dtype(dtype).itemsize + IMAGES_AT_ONCE * 8
    refuse_memory(
        images * height * width,
        f"{n_stimuli} x {n_times} frames of {height} x {width} pixels (stimuli x times)",
        "Draw them part by part with stimuli.render_parts, or use fewer times, stimuli or pixels.",
    )


def _moments(times: ArrayLike) -> NDArray[np.float64]:
    moments = np.asarray(times, np.float64)
    if moments.ndim != 1 or moments.size == 0 or not np.isfinite(moments).all():
        raise ValueError(f"times is {times!r}; a list of finite numbers of seconds is needed, as in [0.0, 0.1].")
    return moments


def _draw_reference(
    stimuli: tuple[AbstractStimulus, ...], display: Display, times: NDArray[np.float64], frames: NDArray[np.floating]
) -> None:
    for stimulus, movie in zip(stimuli, frames, strict=True):
        own = stimulus.draws_itself
        if not own:
            stimulus.refuse_display(display)
        for t, frame in zip(times, movie, strict=True):
            frame[:] = _own_image(stimulus, display, float(t)) if own else draw(stimulus.scene, display, float(t))


def _draw_fast(
    stimuli: tuple[AbstractStimulus, ...], display: Display, times: NDArray[np.float64], frames: NDArray[np.floating]
) -> None:
    from stimuli.kernels.separable import draw_gratings

    own = [i for i, stimulus in enumerate(stimuli) if stimulus.draws_itself]
    components = [Blank() if stimulus.draws_itself else stimulus for stimulus in stimuli]
    x, y = display.grid()
    windows = WindowStack(display)
    chunk = max(1, WINDOW_BYTES // (16 * x.size * y.size))
    for start in range(0, len(stimuli), chunk):
        packed = pack(components[start : start + chunk], display, windows)
        draw_gratings(frames[start : start + chunk], x, y, times, *packed, *windows.arrays(frames.dtype))
    for i in own:
        _draw_reference((stimuli[i],), display, times, frames[i : i + 1])


def _own_image(stimulus: AbstractStimulus, display: Display, t: float) -> NDArray[np.float64]:
    """Return the image that a stimulus draws itself, checked."""
    name = f"{type(stimulus).__name__}.contrast_image"
    image = np.asarray(stimulus.contrast_image(display, t), np.float64)
    if image.shape != display.size_px:
        raise ValueError(f"{name} returned shape {image.shape}; one value per pixel, {display.size_px}, is needed.")
    if not np.abs(image).max() <= 1 + TOLERANCE_CONTRAST:
        raise ValueError(
            f"{name} returned values from {image.min():g} to {image.max():g}; signed contrasts in [-1, 1] are needed."
        )
    return image


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
