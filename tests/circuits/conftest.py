"""Two published stimuli as drives (stimulus, y, x, feature), written out by hand: no encoder is involved."""

import numpy as np
import pytest


def _tuning(n_channels: int, value: float, kappa: float) -> np.ndarray:
    preferred = np.linspace(0, 1, n_channels)  # end points duplicated, as published
    return np.exp(kappa * (np.cos(2 * np.pi * (preferred - value)) - 1))


@pytest.fixture(scope="session")
def plaid() -> np.ndarray:
    """Busse et al. 2009: 50 % + 50 %, 9 x 9 cells, 37 channels, kappa 1."""
    drive = np.zeros((1, 51, 51, 37))
    drive[0, 21:30, 21:30] = 0.5 * _tuning(37, 0.25, 1) + 0.5 * _tuning(37, 0.75, 1)
    return drive


@pytest.fixture(scope="session")
def tilt() -> np.ndarray:
    """O'Toole & Wenderoth 1977: centre 8 x 8 cells, surround to 32 x 32 at 10 deg, 25 channels, kappa 6.25."""
    drive = np.zeros((1, 51, 51, 25))
    drive[0, 9:41, 9:41] = _tuning(25, 0.5 + 10 / 180, 6.25)
    drive[0, 21:29, 21:29] = _tuning(25, 0.5, 6.25)
    return drive


@pytest.fixture(scope="session")
def patch() -> np.ndarray:
    """A small random patch on an otherwise empty, small, non-square sheet; two stimuli."""
    drive = np.zeros((2, 15, 18, 6))
    drive[:, 5:10, 4:11] = np.random.default_rng(7).uniform(size=(2, 5, 7, 6))
    return drive
