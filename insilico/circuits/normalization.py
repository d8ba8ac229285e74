"""Divisive normalization of a population code.

    R(z) = rmax (Σ_c cⁿ T(z − θ_c) + b c50ⁿ) / (c50ⁿ + c_rmsⁿ)

c, θ_c  contrast and feature value of the layers at the unit's own place;   T  tuning, 1 at its peak
c_rms   root of Σ c², averaged over an untuned Gaussian pool of standard deviation `pool_sigma`, wider than a
        receptive field (one cell);   b  baseline, inside the division

Heeger 1992 (doi 10.1017/S0952523800009640); in this form for superimposed gratings Busse, Wade & Carandini 2009
(doi 10.1016/j.neuron.2009.11.004). From frames, where layers cannot be told apart, the energy channels E(z) stand
for (Σ_c cⁿ T)^(1/n), and their sum of squares, relative to that of one full-contrast grating, for Σ c².
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import xarray as xr
from scipy import ndimage

from insilico.afferent import energy_contrast
from insilico.circuit import AbstractStaticCircuit, Drive, Encoder
from insilico.encode import COLUMN, FEATURE, LAYER, ROW, STIMULUS, PopulationCode
from stimuli import Display, StimulusSet

SMALLEST = 1e-100  # of c50ⁿ, far above where numbers end


@dataclass(frozen=True, kw_only=True)
class NormalizationParameters:
    """Parameters of the normalization model.

    Parameters
    ----------
    rmax
        Response scale; redundant with the gain of a comparison, so it is never fitted.
    c50
        Semi-saturation contrast, in (0, 1].
    n
        Exponent.
    baseline
        Response to no stimulus, in units of rmax.
    pool_sigma
        Standard deviation of the normalization pool in degrees.
    """

    rmax: float = 1.0
    c50: float = 0.08
    n: float = 2.5
    baseline: float = 0.1
    pool_sigma: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            lowest_allowed = field.name == "baseline" and value == 0
            if not (np.isfinite(value) and (value > 0 or lowest_allowed)):
                raise ValueError(f"{field.name} = {value}: must be a positive number (baseline may be 0).")
        if self.c50 > 1:
            raise ValueError(f"c50 = {self.c50}: is a contrast and must lie in (0, 1].")
        if not self.c50**self.n >= SMALLEST:
            raise ValueError(
                f"c50 = {self.c50}, n = {self.n}: c50ⁿ is below {SMALLEST:g} and vanishes beside any contrast; lower n."
            )


class Normalization(AbstractStaticCircuit):
    """Divisive normalization by an untuned pool; closed form, no dynamics."""

    name: ClassVar[str] = "normalization"
    summary: ClassVar[str] = "divisive normalization (Heeger 1992; Busse, Wade & Carandini 2009)"
    citation: ClassVar[str] = (
        "Heeger DJ (1992) Normalization of cell responses in cat striate cortex. Vis Neurosci 9:181-197. "
        "doi:10.1017/S0952523800009640; Busse L, Wade AR, Carandini M (2009) Representation of concurrent stimuli by "
        "population activity in visual cortex. Neuron 64:931-942. doi:10.1016/j.neuron.2009.11.004"
    )
    parameters_class: ClassVar[type] = NormalizationParameters

    def encode(
        self, encoder: Encoder, parameters: NormalizationParameters, stimuli: StimulusSet, display: Display | None
    ) -> xr.Dataset:
        """Return `excitation` Σ_c cⁿ T and `drive` (stimulus, y, x, feature), and `power` Σ c² (stimulus, y, x)."""
        if isinstance(encoder, PopulationCode):
            layers = encoder.layers(stimuli)
            contrast, tuned = layers["layer_contrast"].data, layers["layer_tuning"].data
            excitation = np.einsum("slyx,slf->syxf", contrast**parameters.n, tuned)
            drive = np.einsum("slyx,slf->syxf", contrast, tuned)
            power = (contrast**2).sum(axis=layers["layer_contrast"].dims.index(LAYER))
            coords = dict(layers.coords)
        else:
            energy = encoder.encode(stimuli, display)
            drive = energy.data
            excitation = drive**parameters.n
            power = energy_contrast(drive, encoder) ** 2
            coords = dict(energy.coords)
        sheet = (STIMULUS, ROW, COLUMN)
        variables = {"excitation": ((*sheet, FEATURE), excitation), "drive": ((*sheet, FEATURE), drive)}
        pitch = encoder.preparation.sheet.pitch
        return xr.Dataset({**variables, "power": (sheet, power)}, coords=coords, attrs={"pitch": pitch})

    def respond(
        self, drive: Drive, parameters: NormalizationParameters, *, boundary: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the normalized response and the drive."""
        p = parameters
        mode = {"zero": "constant", "periodic": "wrap"}[boundary]
        sigma = p.pool_sigma / drive.attrs["pitch"]
        pooled = ndimage.gaussian_filter(drive["power"].data, sigma, mode=mode, axes=(1, 2))
        rms = np.sqrt(np.maximum(pooled, 0.0))[..., None]
        constant = p.c50**p.n
        response = p.rmax * (drive["excitation"].data + p.baseline * constant) / (constant + rms**p.n)
        return response, np.asarray(drive["drive"].data)


CIRCUIT = Normalization()
