"""Measures of one column for the facts of primary visual cortex: arrays in, numbers out; NaN where undefined."""

from __future__ import annotations

import numpy as np
from scipy.signal import find_peaks

UNTUNED = 90.0  # half width, degrees, of a curve that never falls to half
PROMINENCE = 0.01  # of the largest response, above which a local maximum counts as a peak


def ratio(of: float, over: float) -> float:
    """Return a quotient, NaN where the denominator is 0."""
    return of / over if over else float("nan")


def half_width(population: np.ndarray) -> float:
    """Return the half width at half height, degrees, of responses at preferences -90, -89, … 90 from the stimulus.

    The mean of both sides; 90 on a side that never falls to half.
    """
    middle = population.size // 2
    if not population[middle] > 0:
        return float("nan")
    return 0.5 * sum(_falls_to_half(side) for side in (population[middle:], population[middle::-1]))


def first_reached(contrasts: np.ndarray, response: np.ndarray, *, share: float) -> float:
    """Return the contrast, interpolated, at which the response first reaches a share of its maximum.

    `contrasts` ascending; NaN where nothing responds.
    """
    level = share * response.max()
    if not level > 0:
        return float("nan")
    i = int(np.argmax(response >= level))
    if i == 0:
        return float(contrasts[0])
    part = (level - response[i - 1]) / (response[i] - response[i - 1])
    return float(contrasts[i - 1] + part * (contrasts[i] - contrasts[i - 1]))


def supersaturation(response: np.ndarray) -> float:
    """Return the share by which the response at the highest contrast lies below the largest one."""
    return ratio(float(response.max() - response[-1]), float(response.max()))


def at_contrast(contrasts: np.ndarray, values: np.ndarray, contrast: float) -> float:
    """Return a measure at a contrast, both interpolated as logarithms; NaN outside the contrasts shown."""
    if not (np.isfinite(values).all() and contrasts[0] <= contrast <= contrasts[-1]):
        return float("nan")
    return float(np.exp(np.interp(np.log(contrast), np.log(contrasts), np.log(values))))


def plaid_weights(plaid: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the weights of two components of which a plaid's population response is the least-squares sum."""
    weights = np.linalg.lstsq(np.stack([first, second], axis=1), plaid, rcond=1e-9)[0]
    return float(weights[0]), float(weights[1])


def peaks(population: np.ndarray) -> float:
    """Return the number of peaks of a population over one period of preferences, (n,)."""
    top = float(population.max())
    if not top > 0:
        return float("nan")
    start = int(np.argmin(population))
    around = np.append(np.roll(population, -start), population[start])
    return float(find_peaks(around, prominence=PROMINENCE * top)[0].size)


def tuning_of_suppression(iso: float, cross: float) -> float:
    """Return the share by which a cross-oriented surround suppresses less than an iso-oriented one.

    NaN where the iso-oriented one does not suppress.
    """
    return 1 - cross / iso if iso > 0 else float("nan")


def _falls_to_half(side: np.ndarray) -> float:
    below = np.flatnonzero(side < side[0] / 2)
    if below.size == 0:
        return UNTUNED
    i = int(below[0])
    return float(i - 1 + (side[i - 1] - side[0] / 2) / (side[i - 1] - side[i]))
