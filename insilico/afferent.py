"""Afferents of a population code: linear, or divisively normalised across orientations (Busse's form).

    X = (1 + c50ⁿ) Σ_c cⁿ T / (c50ⁿ + c_rmsⁿ),   c_rms² = Σ c²

c  contrast of the layers at a place     T  their tuning     c50, n  semi-saturation contrast and exponent
X is 1 for one full-contrast layer at its preferred value; c50 = infinity is the linear sum Σ_c c T.
"""

from __future__ import annotations

import math

import numpy as np

from insilico.energy import EnergyModel
from insilico.pools import box_matrix


def afferent_drive(contrast: np.ndarray, tuned: np.ndarray, *, c50: float, n: float) -> np.ndarray:
    """Return X from layers.

    Parameters
    ----------
    contrast
        (stimulus, layer, …), in [0, 1].
    tuned
        Tuning of each layer, (stimulus, layer, channel).
    c50, n
        Semi-saturation contrast (infinite: linear) and exponent.

    Returns
    -------
    numpy.ndarray
        (stimulus, …, channel).
    """
    flat = contrast.reshape(*contrast.shape[:2], math.prod(contrast.shape[2:]))
    if math.isinf(c50):
        summed = np.einsum("slc,slf->scf", flat, tuned)
    else:
        rms = np.sqrt((flat**2).sum(axis=1))
        gain = (1 + c50**n) / (c50**n + rms**n)
        summed = np.einsum("slc,slf->scf", flat**n, tuned) * gain[..., None]
    return summed.reshape(contrast.shape[0], *contrast.shape[2:], tuned.shape[-1])


def receptive_field(contrast: np.ndarray, half_width: float, boundary: str = "zero") -> np.ndarray:
    """Average contrast over a square about each cell, the receptive field of an afferent.

    Parameters
    ----------
    contrast
        (…, y, x), in [0, 1].
    half_width
        In cells, >= 0; side 2 half_width + 1, the outermost cells by their fraction. 0 returns the contrast as it is.
    boundary
        "zero" (no contrast beyond the sheet) or "periodic".

    Returns
    -------
    numpy.ndarray
        (…, y, x).
    """
    if not half_width:
        return contrast
    rows, columns = (box_matrix(n, float(half_width), boundary, "float64") for n in contrast.shape[-2:])
    return np.asarray(rows @ contrast @ columns / (2 * half_width + 1) ** 2)


def energy_contrast(energy: np.ndarray, encoder: EnergyModel) -> np.ndarray:
    """Return the rms contrast that energy channels (…, channel) stand for: that of one grating is its contrast.

    Channels that share a preference count once, so that the pool prefers no orientation.
    """
    preferences = encoder.preparation.preferences
    once = np.unique(np.round(preferences % 180, 9), return_index=True)[1]
    one_grating = encoder.tuning(float(preferences[0]))
    return np.sqrt((energy[..., once] ** 2).sum(axis=-1) / (one_grating[once] ** 2).sum())


def afferent_energy(energy: np.ndarray, encoder: EnergyModel, *, c50: float, n: float) -> np.ndarray:
    """Return X from energy channels, which stand for (Σ_c cⁿ T)^(1/n): frames do not tell layers apart."""
    if math.isinf(c50):
        return energy
    rms = energy_contrast(energy, encoder)[..., None]
    return (1 + c50**n) * energy**n / (c50**n + rms**n)
