"""What a display can show: how fine, how large, where, how fast; what it cannot is refused, what suffers is warned of.

Legend: f wave vector, cycles/degree; k harmonic of a square wave; N pixels/degree.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable

import numpy as np

from stimuli.apertures import GAUSSIAN_SDS, Window
from stimuli.carriers import MOST_CYCLES, Component
from stimuli.display import Display
from stimuli.validation import TOLERANCE_DEG

HARMONICS = (3, 5, 7, 9)
"""Harmonics of a square wave that are looked after; those above are weaker than a tenth of the fundamental."""


class OffScreenWarning(UserWarning):
    """A stimulus reaches beyond the edge of the screen and is cropped there."""


class AliasingWarning(UserWarning):
    """A harmonic of a square wave is too fine for the pixels and shows up as another, false frequency."""


def refuse_display(component: Component, display: Display) -> None:
    """Raise ValueError if a component is too fine or too large for a display, or none of it lies on the screen."""
    if component.spatial_frequency >= display.nyquist and not display.allow_undersampling:
        raise ValueError(
            f"spatial_frequency is {component.spatial_frequency:g} cycles/deg; a display of {display.ppd:g} pixels/deg "
            f"shows less than {display.nyquist:g}. Raise ppd, lower the frequency, or set allow_undersampling=True."
        )
    window, diameter = component.window, component.window.diameter
    if diameter is not None and diameter > min(display.extent_deg) + TOLERANCE_DEG:
        if window.aperture == "gaussian":
            raise ValueError(
                f"sigma is {diameter / GAUSSIAN_SDS:g} deg: a Gaussian window takes {GAUSSIAN_SDS:g} sigma, "
                f"{diameter:g} deg; {_screen(display)}. Use a larger display or a smaller sigma."
            )
        raise ValueError(
            f"diameter is {diameter:g} deg; {_screen(display)}. "
            "Use a larger display, a smaller diameter, or diameter=None to fill the display."
        )
    if component.contrast and lies_off(window, display.extent_deg):
        raise ValueError(
            f"nothing of {described(window)} lies on the screen; {_screen(display)}, its centre at (0, 0). "
            "Move the stimulus, use a larger display, or leave this condition out."
        )


def refuse_rates(components: Iterable[Component], display: Display, last: float) -> None:
    """Raise ValueError if a temporal frequency is too high for a display, or its phase at a time is not known.

    Parameters
    ----------
    components : iterable of Component
        What is shown.
    display : Display
        Where it is shown.
    last : float
        The time, in s, that lies farthest from the onset.
    """
    fastest = max((abs(c.temporal_frequency) for c in components if c.contrast), default=0.0)
    limit = display.refresh_hz / 2
    if fastest >= limit and not display.allow_undersampling:
        raise ValueError(
            f"temporal_frequency is {fastest:g} Hz; a display of {display.refresh_hz:g} frames/s shows less than "
            f"{limit:g}: beyond it motion looks slower or reversed. Lower the frequency, raise refresh_hz, or set "
            "allow_undersampling=True."
        )
    if fastest * abs(last) > MOST_CYCLES:
        raise ValueError(
            f"at {last:g} s a stimulus of {fastest:g} Hz is {fastest * abs(last):g} cycles from its onset; beyond "
            f"{MOST_CYCLES:g} its phase is lost in rounding. Use earlier times or a lower temporal_frequency."
        )


def warn_of_losses(components: Iterable[Component], display: Display, *, stacklevel: int = 2) -> None:
    """Warn once of what the screen crops, and once of square waves with a harmonic too fine for its pixels.

    Parameters
    ----------
    components : iterable of Component
        What is shown.
    display : Display
        Where it is shown.
    stacklevel : int
        Whose line the warning names: 2 is the caller's.
    """
    shown = [component for component in components if component.contrast]
    windows = {component.window.key: component.window for component in shown}.values()
    cropped = next((window for window in windows if _beyond(window, display.extent_deg) > TOLERANCE_DEG), None)
    if cropped is not None:
        warnings.warn(
            f"{described(cropped)} reaches {_beyond(cropped, display.extent_deg):g} deg beyond the edge of the screen "
            f"and is cropped; {_screen(display)}. Move it, make it smaller, or use a larger display.",
            OffScreenWarning,
            stacklevel=stacklevel + 1,
        )
    if display.allow_undersampling:
        return
    waves = {component.wave_vector: component for component in shown if component.waveform == "square"}
    for component in waves.values():
        alias = first_alias(component, display)
        if alias is not None:
            warnings.warn(
                f"harmonic {alias[0]} of a square wave of {component.spatial_frequency:g} cycles/deg, at "
                f"{alias[0] * component.spatial_frequency:g}, is too fine for {display.ppd:g} pixels/deg and shows up "
                f"at {alias[1]:.3g} cycles/deg. Raise ppd, use waveform='sine', let an even number of pixels make a "
                "cycle (at orientations 0 and 90), or set allow_undersampling=True.",
                AliasingWarning,
                stacklevel=stacklevel + 1,
            )
            return


def first_alias(component: Component, display: Display) -> tuple[int, float] | None:
    """Return the lowest harmonic of a square wave that pixels show as a false frequency, and that frequency.

    Pixels see wave vectors modulo N along x and along y. A harmonic that falls on another one of the same square wave
    makes no false frequency: bars a whole and even number of pixels wide are drawn as they are.

    Parameters
    ----------
    component : Component
        Taken as a square wave.
    display : Display
        Where it is shown.

    Returns
    -------
    tuple of int and float, or None
        Harmonic, one of `HARMONICS`, and where it shows up, cycles/degree.
    """
    wave = np.array(component.wave_vector)
    for harmonic in HARMONICS:
        seen = harmonic * wave - display.ppd * np.round(harmonic * wave / display.ppd)
        along = float(seen @ wave) / component.spatial_frequency**2
        whole = round(along)
        apart = float(np.abs(seen - whole * wave).max())
        if whole % 2 == 0 or apart > 1e-9 * display.ppd:
            return harmonic, float(np.hypot(*seen))
    return None


def lies_off(window: Window, extent: tuple[float, float]) -> bool:
    """Say whether nothing is seen of a window on a rectangle about (0, 0): it lies beyond, or its hole covers it.

    Parameters
    ----------
    window : Window
        A Gaussian counts as 6 standard deviations wide.
    extent : tuple of float
        (height, width) of the rectangle, degrees.

    Returns
    -------
    bool
    """
    hole = window.hole
    if hole is not None and hole.diameter is not None:
        farthest = [abs(p) + side / 2 for p, side in zip(hole.position, extent[::-1], strict=True)]
        if _size(hole, farthest) <= hole.diameter / 2 - hole.edge_width / 2:
            return True
    if window.diameter is None:
        return False
    nearest = [max(abs(p) - side / 2, 0.0) for p, side in zip(window.position, extent[::-1], strict=True)]
    return _size(window, nearest) >= window.diameter / 2 + window.edge_width / 2


def described(window: Window) -> str:
    """Return a window in words, with its size and place."""
    x, y = window.position
    if window.diameter is None:
        return f"a stimulus without an edge at ({x:g}, {y:g}) deg"
    if window.aperture == "gaussian":
        return f"a Gaussian of sigma {window.diameter / GAUSSIAN_SDS:g} deg at ({x:g}, {y:g}) deg"
    ring = "" if window.hole is None or window.hole.diameter is None else f" with a hole of {window.hole.diameter:g}"
    return f"a {window.aperture} of {window.diameter:g} deg{ring} at ({x:g}, {y:g}) deg"


def _size(window: Window, offset: list[float]) -> float:
    """Return how far a point is from a window's centre in the window's own metric."""
    return max(offset) if window.aperture == "square" else math.hypot(*offset)


def _beyond(window: Window, extent: tuple[float, float]) -> float:
    """Return how far a window reaches beyond a rectangle about (0, 0), degrees."""
    if window.diameter is None:
        return 0.0
    reach = window.diameter / 2 + window.edge_width / 2
    return max(abs(p) + reach - side / 2 for p, side in zip(window.position, extent[::-1], strict=True))


def _screen(display: Display) -> str:
    height, width = display.extent_deg
    return f"the display is {width:g} deg wide and {height:g} deg high"
