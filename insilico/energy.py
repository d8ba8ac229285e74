"""From pixels to the drive of a circuit: quadrature Gabor energy, pooled onto the circuit's sheet.

A Gabor pair in quadrature is one Gaussian in the frequency plane, one-sided along its preferred orientation:

    G(f) = exp(−½ ((f·u − f0) / σ_u)² − ½ (f·v / σ_v)²),   u across the bars, v along them

The modulus of the filtered frame is the square root of the energy; a grating of contrast c at the preferred
orientation and frequency gives 2 |c/2| = c (Adelson & Bergen 1985, doi 10.1364/JOSAA.2.000284).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import fft

from insilico.encode import as_drive, refuse_off_sheet, warn_of_motion
from insilico.preparation import Preparation
from stimuli import Display, StimulusSet, render
from stimuli.base import IMAGES_AT_ONCE
from stimuli.doors import door
from stimuli.memory import refuse_memory

HALF_HEIGHT = np.sqrt(2 * np.log(2))  # half width at half height of a Gaussian, in standard deviations
REACH = 4.0  # standard deviations of the widest filter that the frame is padded by


@door
@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """Square root of quadrature Gabor energy over orientations and scales, from frames.

    Parameters
    ----------
    preparation
        Sheet and channels; its feature must be orientation. Its tuning width is not used: the filters have
        their own.
    spatial_frequencies
        Preferred frequencies of the scales in cycles/deg; energies of the scales add.
    frequency_bandwidth
        Full width at half height in octaves.
    orientation_bandwidth
        Full width at half height in degrees, between 0 and 90.
    """

    preparation: Preparation
    spatial_frequencies: tuple[float, ...] = (2.0,)
    frequency_bandwidth: float = 1.4
    orientation_bandwidth: float = 40.0

    def __post_init__(self) -> None:
        if self.preparation.feature != "orientation":
            raise ValueError(
                f"feature {self.preparation.feature!r}: the energy encoder has one feature axis, orientation. "
                "Use the population code for this experiment."
            )
        frequencies = np.asarray(self.spatial_frequencies, dtype=float)
        if frequencies.size == 0 or not np.all(np.isfinite(frequencies) & (frequencies > 0)):
            raise ValueError(f"spatial_frequencies = {self.spatial_frequencies}: must be positive, in cycles/deg.")
        if not 0 < self.orientation_bandwidth < 90:
            raise ValueError(f"orientation_bandwidth = {self.orientation_bandwidth}: must lie between 0 and 90 deg.")
        if not 0 < self.frequency_bandwidth < 6:
            raise ValueError(f"frequency_bandwidth = {self.frequency_bandwidth}: must lie between 0 and 6 octaves.")

    def tuning(self, value: float, spatial_frequency: float | None = None) -> np.ndarray:
        """Return the response of each channel to an unbounded grating of full contrast; shape (n_channels,).

        Parameters
        ----------
        value
            Orientation in degrees.
        spatial_frequency
            In cycles/deg; the middle scale's where it is None.
        """
        f = self._reference_frequency if spatial_frequency is None else spatial_frequency
        theta = np.deg2rad(value)
        fx, fy = np.array(-f * np.sin(theta)), np.array(f * np.cos(theta))
        return np.array([self._root_energy(fx, fy, preference) for preference in self.preparation.preferences])

    def encode(self, stimuli: StimulusSet, display: Display | None = None) -> xr.DataArray:
        """Return the drive, dims (stimulus, y, x, feature), float64, 1 at full contrast and preferred value.

        Parameters
        ----------
        stimuli
            Static stimuli: they are shown at time 0.
        display
            Display that they are drawn on; it must cover the sheet.

        Raises
        ------
        ValueError
            If there is no display or it is too small, it cannot show a stimulus, or none of one reaches the sheet.

        Warns
        -----
        StaticEncoderWarning
            If a stimulus moves.
        """
        if display is None:
            raise ValueError("display = None: the energy encoder sees frames. Say on which Display they are drawn.")
        self._check_display(display)
        sheet = self.preparation.sheet
        pad = int(
            np.ceil(REACH * display.ppd / (2 * np.pi * min(self._widths(f)[0] for f in self.spatial_frequencies)))
        )
        reach = 2 * pad / display.ppd
        for stimulus in stimuli:
            refuse_off_sheet(stimulus, (sheet.extent[0] + reach, sheet.extent[1] + reach))
        warn_of_motion(stimuli, "the energy encoder")
        size = [fft.next_fast_len(n + pad) for n in display.size_px]
        unique, channel = np.unique(np.round(self.preparation.preferences % 180, 9), return_inverse=True)
        refuse_memory(
            8 * size[0] * size[1] * (unique.size * len(self.spatial_frequencies) + IMAGES_AT_ONCE),
            f"filters of {size[0]} x {size[1]} pixels",
            "Use a display of fewer pixels.",
        )
        fy, fx = np.meshgrid(*(np.fft.fftfreq(n, 1 / display.ppd) for n in size), indexing="ij")
        fy = -fy  # rows run down, y runs up
        pools = [overlap(sheet.shape[i], sheet.pitch, display, i) for i in (0, 1)]
        filters = [[self._transfer(fx, fy, z, f) for f in self.spatial_frequencies] for z in unique]
        height, width = display.size_px
        drive = np.empty((len(stimuli), *sheet.shape, unique.size))
        for i in range(len(stimuli)):
            frame = render(stimuli[i], display, dtype="float64", backend="numpy").values[0]
            spectrum = fft.fft2(frame, size)
            for j, scales in enumerate(filters):
                energy = sum(np.abs(fft.ifft2(spectrum * gain)[:height, :width]) ** 2 for gain in scales)
                drive[i, :, :, j] = pools[0] @ np.sqrt(energy) @ pools[1].T / self._norm
        return as_drive(drive[..., channel], self.preparation, stimuli)

    @property
    def _reference_frequency(self) -> float:
        return self.spatial_frequencies[len(self.spatial_frequencies) // 2]

    @property
    def _norm(self) -> float:
        """Root energy of an unbounded full-contrast grating at the preferred orientation and the middle scale."""
        return self._energy(np.array(0.0), np.array(self._reference_frequency), 0.0) ** 0.5

    def _root_energy(self, fx: np.ndarray, fy: np.ndarray, preference: float) -> float:
        return self._energy(fx, fy, preference) ** 0.5 / self._norm

    def _energy(self, fx: np.ndarray, fy: np.ndarray, preference: float) -> float:
        """Energy of an unbounded full-contrast grating, averaged over its phases: amplitude 1/2 at ±f."""
        gains = [self._transfer(s * fx, s * fy, preference, f) for s in (1, -1) for f in self.spatial_frequencies]
        return float(sum(gain**2 for gain in gains)) / 4

    def _widths(self, frequency: float) -> tuple[float, float]:
        """Standard deviations across and along the bars in the frequency plane, cycles/deg."""
        ratio = 2**self.frequency_bandwidth
        across = frequency * (ratio - 1) / (ratio + 1) / HALF_HEIGHT
        along = frequency * np.sin(np.deg2rad(self.orientation_bandwidth / 2)) / HALF_HEIGHT
        return across, along

    def _transfer(self, fx: np.ndarray, fy: np.ndarray, preference: float, frequency: float) -> np.ndarray:
        theta = np.deg2rad(preference)
        across, along = self._widths(frequency)
        u = -fx * np.sin(theta) + fy * np.cos(theta)
        v = fx * np.cos(theta) + fy * np.sin(theta)
        return np.exp(-0.5 * ((u - frequency) / across) ** 2 - 0.5 * (v / along) ** 2)

    def _check_display(self, display: Display) -> None:
        extent = [n / display.ppd for n in display.size_px]
        sheet = self.preparation.sheet.extent
        if any(have < need - 1e-9 for have, need in zip(extent, sheet, strict=True)):
            raise ValueError(
                f"the display shows {extent[0]:g} x {extent[1]:g} deg, the sheet covers {sheet[0]:g} x {sheet[1]:g} "
                "deg: enlarge size_px, lower ppd, or take a smaller sheet."
            )
        highest = max(self.spatial_frequencies)
        if highest >= display.ppd / 2:
            raise ValueError(
                f"spatial frequency {highest:g} cycles/deg of a filter is not below the display's Nyquist limit "
                f"{display.ppd / 2:g} cycles/deg: raise ppd."
            )


def overlap(n_cells: int, pitch: float, display: Display, axis: int) -> np.ndarray:
    """Return the share of each pixel in each cell along one axis; shape (n_cells, n_pixels), rows sum to 1."""
    n = display.size_px[axis]
    pixel_edges = (np.arange(n + 1) - n / 2) / display.ppd
    cell_edges = (np.arange(n_cells + 1) - n_cells / 2) * pitch
    low = np.maximum(cell_edges[:-1, None], pixel_edges[None, :-1])
    high = np.minimum(cell_edges[1:, None], pixel_edges[None, 1:])
    shared = np.maximum(high - low, 0.0)
    return shared / shared.sum(axis=1, keepdims=True)
