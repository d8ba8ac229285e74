"""Descriptive functions of the field, fitted by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import optimize

from insilico.analysis.finite import of_finite
from stimuli.doors import door

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class VonMisesFit:
    """baseline + amplitude · exp(κ (cos 2(θ − preferred) − 1)); orientations in degrees.

    Parameters
    ----------
    preferred
        Degrees in [0, 180).
    kappa, amplitude, baseline
        Concentration; response above baseline at the peak; response far from it.
    half_width
        Half width at half height above baseline, degrees; NaN where the curve never falls to half.
    r2
        1 − SSE/SST.
    """

    preferred: float
    kappa: float
    amplitude: float
    baseline: float
    half_width: float
    r2: float


@dataclass(frozen=True, kw_only=True)
class NakaRushtonFit:
    """rmax cⁿ / (c50ⁿ + cⁿ) + baseline.

    Parameters
    ----------
    rmax, c50, n, baseline
        The four parameters. c50 is NaN where half of the saturation lies outside the contrasts shown, and rmax where
        it lies beyond the largest: many pairs of the two draw the same curve there.
    r2
        1 − SSE/SST.
    undetermined
        Why c50 is NaN, in words; "" where it was determined.
    """

    rmax: float
    c50: float
    n: float
    baseline: float
    r2: float
    undetermined: str = ""


@door
@of_finite
def fit_von_mises(curve: xr.DataArray, along: str = "orientation") -> VonMisesFit:
    """Fit an orientation tuning curve, dims (`along`,), with at least five points."""
    theta, response = _points(curve, along, at_least=5)
    span = float(np.ptp(response)) or 1.0

    def predicted(p: np.ndarray) -> np.ndarray:
        return p[3] + p[2] * np.exp(p[1] * (np.cos(2 * np.deg2rad(theta - p[0])) - 1))

    start = np.array([theta[np.argmax(response)], 2.0, span, response.min()])
    bounds = ([-np.inf, 1e-3, 0, -np.inf], [np.inf, 500, np.inf, np.inf])
    p = optimize.least_squares(lambda q: predicted(q) - response, start, bounds=bounds, x_scale=[10, 1, span, span]).x
    half = 1 - np.log(2) / p[1]
    width = float(np.rad2deg(np.arccos(half)) / 2) if half >= -1 else float("nan")
    return VonMisesFit(
        preferred=float(p[0] % 180 % 180),  # −1e-17 % 180 is 180
        kappa=float(p[1]),
        amplitude=float(p[2]),
        baseline=float(p[3]),
        half_width=width,
        r2=_r2(response, predicted(p)),
    )


@door
@of_finite
def fit_naka_rushton(curve: xr.DataArray, along: str = "contrast") -> NakaRushtonFit:
    """Fit a contrast response, dims (`along`,), with at least five points; see `NakaRushtonFit.undetermined`."""
    c, response = _points(curve, along, at_least=5)
    span, largest = float(np.ptp(response)), float(c.max())
    if not (c.min() >= 0 and largest > 0):
        raise ValueError(f"{along} = {c.tolist()}: must be 0 or more, and not all of them 0.")
    if not span:
        flat = "the response is the same at every contrast"
        return NakaRushtonFit(
            rmax=_NAN, c50=_NAN, n=_NAN, baseline=float(response[0]), r2=_NAN, undetermined=f"not determined: {flat}"
        )

    def predicted(p: np.ndarray) -> np.ndarray:
        return p[3] + p[0] * c ** p[2] / (p[1] ** p[2] + c ** p[2])

    bounds = ([0, 1e-3 * largest, 0.1, -np.inf], [np.inf, 100 * largest, 10, np.inf])
    start = np.array([span, 0.3 * largest, 2.0, response.min()])
    scale = [span, 0.1 * largest, 1, span]
    p = optimize.least_squares(lambda q: predicted(q) - response, start, bounds=bounds, x_scale=scale).x
    rmax, c50, n, baseline = map(float, p)
    why = _outside(c50, c)
    return NakaRushtonFit(
        rmax=_NAN if c50 > largest else rmax,
        c50=_NAN if why else c50,
        n=n,
        baseline=baseline,
        r2=_r2(response, predicted(p)),
        undetermined=why,
    )


def _outside(c50: float, shown: np.ndarray) -> str:
    """Return in words that a c50 lies outside the contrasts shown; "" where it does not."""
    smallest, largest = float(shown[shown > 0].min()), float(shown.max())
    if c50 > largest:
        return f"not determined: above {largest:g}, the largest contrast shown"
    return f"not determined: below {smallest:g}, the smallest contrast shown" if c50 < smallest else ""


def _points(curve: xr.DataArray, along: str, *, at_least: int) -> tuple[np.ndarray, np.ndarray]:
    if curve.dims != (along,):
        raise ValueError(f"curve has dims {curve.dims}: must be ({along!r},); select the other dimensions first.")
    if curve.sizes[along] < at_least:
        raise ValueError(f"curve has {curve.sizes[along]} points: {at_least} or more are needed.")
    points, response = curve[along].values.astype(float), curve.values.astype(float)
    if not (np.isfinite(points).all() and np.isfinite(response).all()):
        raise ValueError(
            f"the curve holds NaN or infinite values at {along} = {points[~np.isfinite(response + points)].tolist()}: "
            "drop them first, curve.dropna(…)."
        )
    return points, response


def _r2(data: np.ndarray, prediction: np.ndarray) -> float:
    total = float(((data - data.mean()) ** 2).sum())
    return 1 - float(((data - prediction) ** 2).sum()) / total if total > 0 else float("nan")
