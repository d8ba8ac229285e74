"""Equations of the linear circuit: parameters, pools, wiring, stability.

    tau dr/dt = −r + X + W r,        W = w_E N_E ⊗ F_E − w_I N_I ⊗ F_I

X  afferent drive     r  rate of the one population, not rectified: it may be negative
N  mean over other cells, weighted by exp(−d²/2 sigma²) − exp(−d²/2 core²), d the distance in cells: a Gaussian that
   leaves out its core, which for core_E = 0 is the unit's own cell
F  mean over channels, weighted by a circular Gaussian of standard deviation omega_E or omega_I (fraction of the range)

E  near excitation     I  wider inhibition. All activities have the axes (stimulus, y, x, feature).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from insilico.gaussian_pools import NEGLIGIBLE, GaussianSurround, circular_gaussian
from insilico.pools import axis_symbol, circulant

LESIONS = ("E", "I", "untuned_E", "untuned_I")
ALLOWED = {  # kind of parameter: what it may be, and whether 0 is out
    "tau": ("finite and > 0", True),
    "w": ("finite and >= 0 (its sign is in the equation)", False),
    "sigma": ("finite and > 0, in cells", True),
    "core": ("finite and >= 0, in cells; 0 leaves out the own cell only", False),
    "omega": ("> 0, a fraction of the feature range; inf is untuned", True),
}


@dataclass(frozen=True, kw_only=True)
class LinearParameters:
    """Parameters of the circuit; the defaults are those of the set `near_far`.

    Parameters
    ----------
    tau
        Time constant, in the circuit's unit of time; > 0.
    w_E, w_I
        Total weights of the near excitation and of the wider inhibition that a unit hears; >= 0.
    sigma_E, sigma_I
        Their standard deviations over space, in cells; > 0.
    core_E, core_I
        Standard deviations of the cores that they leave out, in cells; 0 leaves out the own cell only, < sigma.
    omega_E, omega_I
        Their standard deviations over features, as fractions of the whole feature range; > 0, inf is untuned. Channels
        count as evenly spaced round a circle.
    """

    tau: float = 6.0
    w_E: float = 0.3
    w_I: float = 0.6
    sigma_E: float = 4.0
    sigma_I: float = 8.0
    core_E: float = 0.0
    core_I: float = 3.0
    omega_E: float = 0.02
    omega_I: float = 0.2

    def __post_init__(self) -> None:
        for field in fields(self):
            value, kind = getattr(self, field.name), field.name.partition("_")[0]
            allowed, positive = ALLOWED[kind]
            if not ((value > 0 or (value == 0 and not positive)) and (math.isfinite(value) or kind == "omega")):
                raise ValueError(f"{field.name} = {value}: must be {allowed}.")
        for name in ("E", "I"):
            core, whole = getattr(self, f"core_{name}"), getattr(self, f"sigma_{name}")
            if not core < whole:
                raise ValueError(
                    f"core_{name} = {core}, sigma_{name} = {whole}: the core must be the narrower; lower core_{name}."
                )


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The connections W, once lesions, boundary and number of channels are known.

    Parameters
    ----------
    tau
        Time constant.
    pools
        Excitation and inhibition: signed weight, pool over space, pool over features (feature, feature).
    boundary
        "zero" or "periodic".
    """

    tau: float
    pools: tuple[tuple[float, GaussianSurround, np.ndarray], ...]
    boundary: str

    def heard(self, r: np.ndarray) -> np.ndarray:
        """Return W r for rates (y, x, feature)."""
        total = np.zeros_like(r)
        for weight, space, across in self.pools:
            total += weight * (space.pooled(r, self.boundary) @ across)
        return total

    def symbol(self, shape: tuple[int, int]) -> np.ndarray:
        """Return the eigenvalues of W on a periodic sheet of (y, x) cells; real (y, x, feature)."""
        return sum(
            weight * space.symbol(shape)[..., None] * axis_symbol(across) for weight, space, across in self.pools
        )


def wired(
    parameters: LinearParameters, shape: tuple[int, int, int], *, lesions: Collection[str], boundary: str
) -> Wiring:
    """Return the connections among (y, x, feature) units, without the mechanisms named in `lesions`.

    Raises
    ------
    ValueError
        Where the circuit is unstable: an eigenvalue of W − 1 is 0 or more.
    """
    p, wiring = parameters, _wiring(parameters, shape[2], tuple(sorted(lesions)), boundary)
    largest = _largest_eigenvalue(p, shape, tuple(sorted(lesions)), boundary)
    if largest >= 0:
        raise ValueError(
            f"w_E = {p.w_E}, w_I = {p.w_I}: the largest eigenvalue of W − 1 is {largest:.4g} on a sheet of {shape[0]} "
            f"x {shape[1]} cells with {shape[2]} channels; it must be < 0, or the rates grow without bound. Lower "
            "w_E, or make the excitation narrower."
        )
    return wiring


@lru_cache(maxsize=64)
def _wiring(parameters: LinearParameters, n_features: int, lesions: tuple[str, ...], boundary: str) -> Wiring:
    p, pools = parameters, []
    for name, sign in (("E", 1), ("I", -1)):
        weight = 0.0 if name in lesions else sign * getattr(p, f"w_{name}")
        omega = math.inf if f"untuned_{name}" in lesions else getattr(p, f"omega_{name}")
        across = circulant(circular_gaussian(n_features, omega))
        space = GaussianSurround(width=getattr(p, f"sigma_{name}"), core=getattr(p, f"core_{name}"))
        pools.append((weight, space, across))
    return Wiring(tau=p.tau, pools=tuple(pools), boundary=boundary)


@lru_cache(maxsize=64)
def _largest_eigenvalue(
    parameters: LinearParameters, shape: tuple[int, int, int], lesions: tuple[str, ...], boundary: str
) -> float:
    """Return the largest eigenvalue of W − 1, or a bound on it below 0.

    W of a sheet with nothing beyond it is a part of W of a larger periodic one, so that its largest eigenvalue is no
    larger (Cauchy); only where this bound does not settle the question is the sheet's own spectrum searched.
    """
    p, wiring = parameters, _wiring(parameters, shape[2], lesions, boundary)
    if boundary == "periodic":
        return float(wiring.symbol(shape[:2]).max()) - 1
    margin = math.ceil(NEGLIGIBLE * max(p.sigma_E, p.sigma_I))
    bound = float(wiring.symbol((shape[0] + margin, shape[1] + margin)).max()) - 1
    return bound if bound < 0 else _searched(wiring, shape)


def _searched(wiring: Wiring, shape: tuple[int, int, int]) -> float:
    """Return the largest eigenvalue of W − 1 on a sheet with borders: W is symmetric, and splits over features."""
    height, width, n_features = shape
    if height * width == 1:
        return -1.0  # nobody is heard
    found = []
    for mode in range(n_features // 2 + 1):
        weights = [(w * axis_symbol(across)[mode], space) for w, space, across in wiring.pools]

        def heard(flat: np.ndarray, weights: list = weights) -> np.ndarray:
            r = flat.reshape(height, width, 1)
            return sum(w * space.pooled(r, "zero") for w, space in weights).ravel()

        operator = LinearOperator((height * width,) * 2, matvec=heard, dtype=np.float64)
        start = np.random.default_rng(mode).standard_normal(height * width)
        found.append(eigsh(operator, k=1, which="LA", v0=start, return_eigenvectors=False)[0])
    return float(max(found)) - 1
