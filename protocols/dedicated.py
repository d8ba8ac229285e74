"""Dedicated models: a few equations made for one table each, fitted to it; what a circuit is measured against.

They say how well the table can be described by the idea of its own paper, with as few numbers. They know nothing of
any other table, so a circuit that meets all of them at once may well stay below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize

from insilico.comparison import DEDICATED as PREFIX
from insilico.comparison import fit_linear
from insilico.reference_data import load_reference

STARTS = 12


@dataclass(frozen=True, kw_only=True)
class DedicatedModel:
    """A model of one table.

    Parameters
    ----------
    name
        Of the idea, in one or two words.
    idea
        What it says.
    bounds
        Parameter name to its (low, high).
    predict
        Function of the table's coordinates, each (n_points,), and the parameters; returns (n_points,).
    """

    name: str
    idea: str
    bounds: Mapping[str, tuple[float, float]]
    predict: Callable[[Mapping[str, np.ndarray], np.ndarray], np.ndarray]

    @property
    def n_free(self) -> int:
        """Number of fitted parameters, gain and offset not counted."""
        return len(self.bounds)


@dataclass(frozen=True, kw_only=True)
class DedicatedFit:
    """The best fit of a dedicated model: R² with one gain and one offset, and its parameters by name."""

    r2: float
    values: Mapping[str, float]


@lru_cache(maxsize=16)
def fit_dedicated(table: str) -> DedicatedFit:
    """Fit the dedicated model of a table: least squares from 12 seeded starts, gain and offset projected out."""
    model, reference = DEDICATED[table], load_reference(table)
    coordinates = {str(name): c.values for name, c in reference.values.coords.items()}
    data = reference.values.values
    low, high = np.array(list(model.bounds.values()), dtype=float).T

    def residuals(values: np.ndarray) -> np.ndarray:
        prediction = model.predict(coordinates, values)
        return fit_linear(data, prediction).apply(prediction) - data

    rng = np.random.default_rng(0)
    found = [
        optimize.least_squares(residuals, start, bounds=(low, high), x_scale=high - low)
        for start in rng.uniform(low + 0.1 * (high - low), high - 0.1 * (high - low), (STARTS, low.size))
    ]
    best = min(found, key=lambda f: f.cost)
    return DedicatedFit(
        r2=fit_linear(data, model.predict(coordinates, best.x)).r2,
        values=dict(zip(model.bounds, map(float, best.x), strict=True)),
    )


def dedicated_nulls(table: str) -> dict[str, float]:
    """Return R² of the dedicated model of a table under its name and number of parameters; empty where there is none.

    Named "dedicated_…_N_free", N without gain and offset.
    """
    if table not in DEDICATED:
        return {}
    model = DEDICATED[table]
    return {f"{PREFIX}{model.name}_{model.n_free}_free": fit_dedicated(table).r2}


def _tuning(difference: np.ndarray, width: float) -> np.ndarray:
    """Return the von Mises tuning at a difference of orientation in degrees, 1 at the peak; width in radians of 2θ."""
    return np.exp((np.cos(2 * np.deg2rad(difference)) - 1) / width**2)


def _normalization(shown: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return Σ cⁿ T(θ) / (c50ⁿ + c_rmsⁿ): Busse, Wade & Carandini 2009."""
    width, n, c50 = values
    c1, c2, preferred = (shown[k] for k in ("contrast_1", "contrast_2", "preferred_orientation"))
    rms = np.sqrt(c1**2 + c2**2)
    return (c1**n * _tuning(preferred, width) + c2**n * _tuning(preferred - 90, width)) / (c50**n + rms**n)


def _input_gain(shown: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return Σ g(surround − component) T(θ), g one minus a tuned suppression: Trott & Born 2015.

    Components of the same orientation are one grating; otherwise each has the weight of a component in a plaid.
    """
    width, suppression, suppression_width, weight = values
    second, surround = shown["component_2_orientation"], shown["surround_orientation"]
    preferred, around = shown["preferred_orientation"], ~np.isnan(surround)

    def gain(component: np.ndarray | float) -> np.ndarray:
        difference = np.where(around, surround - component, 0)
        return np.where(around, 1 - suppression * _tuning(difference, suppression_width), 1)

    first = gain(0.0) * _tuning(preferred, width)
    return np.where(second == 0, first, weight * (first + gain(second) * _tuning(preferred - second, width)))


def _tuned_gain(shown: Mapping[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return T(centre) times a gain that falls by an untuned and a tuned part, centre against surround."""
    width, untuned, tuned, tuned_width = values
    center, surround = shown["center_orientation"], shown["surround_orientation"]
    around = ~np.isnan(surround)
    difference = np.where(around, surround - center, 0)
    return _tuning(center, width) * np.where(around, 1 - untuned - tuned * _tuning(difference, tuned_width), 1)


WIDTH = (0.1, 3.0)
DEDICATED: dict[str, DedicatedModel] = {
    "busse2009": DedicatedModel(
        name="normalization",
        idea="divisive normalization by the overall contrast",
        bounds={"width": (0.1, 2.0), "n": (0.5, 5.0), "c50": (0.01, 0.6)},
        predict=_normalization,
    ),
    "trott_born2015_plaid": DedicatedModel(
        name="input_gain",
        idea="a gain of each component, lowered by a surround of like orientation",
        bounds={"width": WIDTH, "suppression": (0.0, 1.0), "suppression_width": WIDTH, "plaid_weight": (0.1, 1.5)},
        predict=_input_gain,
    ),
    "trott_born2015_matrix": DedicatedModel(
        name="tuned_gain",
        idea="a gain of the centre, lowered by any surround and more by one of like orientation",
        bounds={"width": WIDTH, "untuned": (0.0, 1.0), "tuned": (0.0, 1.0), "tuned_width": WIDTH},
        predict=_tuned_gain,
    ),
}
