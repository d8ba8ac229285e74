"""Orientation and phase in the terms of other programs.

Ours: orientation of the bars in degrees, 0 horizontal, counter-clockwise, y up; phase φ of ``cos(2π f u + φ)`` in
degrees at the centre, ``u = −x sinθ + y cosθ``. Every function returns the other program's own argument names, so that
the result can be passed on with ``**``; contrast is Michelson contrast and frequency cycles/degree everywhere.
"""

from __future__ import annotations

import math
from typing import TypedDict

from stimuli.doors import door
from stimuli.validation import finite


class GratingAngles(TypedDict):
    """Orientation and phase as `stimuli.Grating` takes them, degrees."""

    orientation: float
    phase: float


class PsychopyAngles(TypedDict):
    """Arguments of ``psychopy.visual.GratingStim``: degrees clockwise from vertical bars, and cycles."""

    ori: float
    phase: float


class StimupyAngles(TypedDict):
    """Arguments of ``stimupy.components.waves.sine``: degrees counter-clockwise from vertical bars, and degrees."""

    rotation: float
    phase_shift: float


class ImagenAngles(TypedDict):
    """Arguments of ``imagen.SineGrating``, radians."""

    orientation: float
    phase: float


@door
def to_psychopy(*, orientation: float, phase: float) -> PsychopyAngles:
    """Translate to PsychoPy, which draws ``cos(2π (sf (x cos ori − y sin ori) − phase))``.

    Parameters
    ----------
    orientation, phase : float
        As in `stimuli.Grating`, degrees.

    Returns
    -------
    dict
        ``ori`` in degrees, ``phase`` in cycles.
    """
    return {"ori": 90 - finite("orientation", orientation), "phase": finite("phase", phase) / 360}


@door
def from_psychopy(*, ori: float, phase: float) -> GratingAngles:
    """Translate PsychoPy's ``ori`` (degrees) and ``phase`` (cycles) to ours; the inverse of `to_psychopy`."""
    return {"orientation": 90 - finite("ori", ori), "phase": 360 * finite("phase", phase)}


@door
def to_stimupy(*, orientation: float, phase: float) -> StimupyAngles:
    """Translate to stimupy, which draws ``sin(2π f (x cos r + y sin r) + p)``, y up, about its origin.

    Checked against stimupy 1.2.0, ``components.waves.sine(distance_metric="oblique", origin="center")``. Its centre is
    half a pixel to the lower right of ours, origins "mean" and "corner" stretch the axes by N/(N − 1), and every image
    is stretched to its intensities.

    Parameters
    ----------
    orientation, phase : float
        As in `stimuli.Grating`, degrees.

    Returns
    -------
    dict
        ``rotation`` and ``phase_shift`` in degrees.
    """
    return {"rotation": finite("orientation", orientation) + 90, "phase_shift": finite("phase", phase) + 90}


@door
def from_stimupy(*, rotation: float, phase_shift: float) -> GratingAngles:
    """Translate stimupy's ``rotation`` and ``phase_shift`` (degrees) to ours; the inverse of `to_stimupy`."""
    return {"orientation": finite("rotation", rotation) - 90, "phase": finite("phase_shift", phase_shift) - 90}


@door
def to_imagen(*, orientation: float, phase: float) -> ImagenAngles:
    """Translate to ImaGen, which draws ``sin(2π f (−x sinθ + y cosθ) + phase)``.

    Parameters
    ----------
    orientation, phase : float
        As in `stimuli.Grating`, degrees.

    Returns
    -------
    dict
        ``orientation`` and ``phase`` in radians.
    """
    return {
        "orientation": math.radians(finite("orientation", orientation)),
        "phase": math.radians(finite("phase", phase) + 90),
    }


@door
def from_imagen(*, orientation: float, phase: float) -> GratingAngles:
    """Translate ImaGen's ``orientation`` and ``phase`` (radians) to ours; the inverse of `to_imagen`."""
    return {
        "orientation": math.degrees(finite("orientation", orientation)),
        "phase": math.degrees(finite("phase", phase)) - 90,
    }
