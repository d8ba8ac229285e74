"""A uniform periodic sheet, near its uniform state: one small matrix per spatial frequency.

What a unit hears depends on the distance only, so that the linearized circuit is block-circulant. At each spatial
frequency f it is a matrix over (population, channel),

    M(f) δ(f) = gain · u(f),        M(f) = decay − gain Σ_c weight_c · symbol_c(f) · across_c

and all pairs follow from one batch of small inverses and one inverse Fourier transform. The symbols are real and even,
so that a quarter of the frequencies is enough, an eighth on a square sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import scipy.fft

from insilico.equations import Linearization, Populations


class Blocks:
    """The linearized circuit on a uniform periodic sheet, frequency by frequency.

    Parameters
    ----------
    linearization
        The circuit at one place, shape (1, 1, feature).
    sheet
        Rows and columns of the sheet that the place stands for.
    """

    def __init__(self, linearization: Linearization, sheet: tuple[int, int]) -> None:
        self._linear, self._sheet = linearization, sheet
        self._k = linearization.shape[2]
        height, width = (n // 2 + 1 for n in sheet)
        rows, columns = (index.ravel() for index in np.indices((height, width)))
        if height == width:
            rows, columns = (index[columns <= rows] for index in (rows, columns))
        self._rows, self._columns = rows, columns
        number = np.zeros((height, width), dtype=int)
        number[rows, columns] = np.arange(rows.size)
        if height == width:
            number[columns, rows] = np.arange(rows.size)
        folded = np.minimum(np.arange(sheet[0]), sheet[0] - np.arange(sheet[0]))
        self._number = number[folded]

    @property
    def n_populations(self) -> int:
        """Number of populations."""
        return len(self._linear.decay)

    @cached_property
    def gain(self) -> np.ndarray:
        """Gain of each (population, channel)."""
        return self._flat(self._linear.gain)

    @cached_property
    def matrices(self) -> np.ndarray:
        """M of each frequency that is no mirror image of another, (frequency, unit, unit)."""
        n = self.n_populations * self._k
        heard = np.zeros((self._rows.size, n, n))
        for c in self._linear.connections:
            weight = np.broadcast_to(c.weight, (1, 1, self._k)).ravel()
            across = np.eye(self._k) if c.across is None else c.across.T
            symbol = np.ones(1) if c.space is None else c.space.symbol(self._sheet)[self._rows, self._columns]
            block = np.s_[
                :, c.target * self._k : (c.target + 1) * self._k, c.source * self._k : (c.source + 1) * self._k
            ]
            heard[block] += symbol[:, None, None] * (weight[:, None] * across)
        return np.diag(self._flat(self._linear.decay)) - self.gain[:, None] * heard

    @cached_property
    def inverses(self) -> np.ndarray:
        """Inverse of M of each frequency."""
        return np.linalg.inv(self.matrices)

    @cached_property
    def largest_eigenvalue(self) -> float:
        """Largest real part of the eigenvalues of the linearized dynamics, in 1 / unit of time."""
        times = np.repeat(self._linear.time_constants, self._k)
        open_ = self.gain != 0
        shut = -(self._flat(self._linear.decay) / times)[~open_]
        jacobian = -self.matrices[:, open_][:, :, open_] / times[open_, None]
        found = np.linalg.eigvals(jacobian).real
        return float(max(found.max(initial=-np.inf), shut.max(initial=-np.inf)))

    def kernel(self, sources: Sequence[int], channel: int) -> np.ndarray:
        """Return the change of all units per unit of drive at row 0, column 0; (population, y, x, feature).

        Parameters
        ----------
        sources
            Populations that are driven together.
        channel
            Channel that is driven.
        """
        units = [p * self._k + channel for p in sources]
        spectrum = (self.inverses[:, :, units] * self.gain[units]).sum(axis=-1)[self._number]
        kernel = scipy.fft.irfft2(spectrum, s=self._sheet, axes=(0, 1))
        return np.moveaxis(kernel.reshape(*self._sheet, self.n_populations, self._k), 2, 0)

    def solved(self, right: Sequence[np.ndarray]) -> Populations:
        """Return δ with M δ = right, for arrays (y, x, feature), one per population."""
        spectrum = scipy.fft.rfft2(np.concatenate(list(right), axis=-1), axes=(0, 1))
        parts = spectrum.view(float).reshape(*spectrum.shape, 2)
        found = np.matmul(self._gathered, parts).view(complex)[..., 0]
        solution = scipy.fft.irfft2(found, s=self._sheet, axes=(0, 1))
        return tuple(np.split(solution, self.n_populations, axis=-1))

    @cached_property
    def _gathered(self) -> np.ndarray:
        return self.inverses[self._number]

    def _flat(self, populations: Populations) -> np.ndarray:
        return np.concatenate([np.broadcast_to(p, (1, 1, self._k)).ravel() for p in populations])
