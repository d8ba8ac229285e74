"""Any sheet near a state: matrix-free GMRES, and the rightmost eigenvalue by Arnoldi's method.

A steady deviation solves  decay δ = right + gain Σ_c weight_c pool_c(δ).  Going through the populations in order, all
but the carried ones (heard by themselves or by an earlier one) follow from the rest, and GMRES works on these alone:

    (1 − S) δ = S₀,       S one round through the populations without a right-hand side, S₀ one from δ = 0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs, gmres

from insilico.equations import Linearization, Populations

RESTART = 30
EIGENVALUE_TOLERANCE = 1e-4  # relative
Inverse = Callable[[Sequence[np.ndarray]], Populations]


def solved(
    linear: Linearization,
    right: Sequence[np.ndarray],
    *,
    tol: float,
    max_rounds: int = 10,
    strict: bool = False,
) -> Populations:
    """Return δ with decay δ − gain Σ_c weight_c pool_c(δ) = right, one array (y, x, feature) per population.

    Parameters
    ----------
    linear
        The circuit near a state.
    right
        Right-hand side, one array per population.
    tol
        Size of the remainder relative to that of the right-hand side.
    max_rounds
        Number of restarts of GMRES, of 30 iterations each, after which it gives up.
    strict
        Whether to raise ValueError then, rather than to return what was reached.
    """
    carried, shape = linear.carried, linear.shape
    nothing = [np.zeros(shape) for _ in linear.decay]
    first = _round(linear, nothing, right)
    if not carried:
        return first

    def remainder(flat: np.ndarray) -> np.ndarray:
        given = _spread(flat, carried, nothing)
        return flat - _packed(_round(linear, given, None), carried)

    wanted = _packed(first, carried)
    operator = LinearOperator((wanted.size,) * 2, matvec=remainder, dtype=np.float64)
    found, unfinished = gmres(operator, wanted, rtol=tol, atol=0.0, restart=RESTART, maxiter=max_rounds)
    if unfinished and strict:
        left = float(np.linalg.norm(wanted - remainder(found)) / np.linalg.norm(wanted))
        raise ValueError(
            f"GMRES stops after {max_rounds * RESTART} iterations with a remainder of {left:.2g} (tol = {tol:g}): "
            "raise tol, or use a uniform periodic sheet, where nothing is iterated."
        )
    return _round(linear, _spread(found, carried, nothing), right)


def solved_with(
    linear: Linearization, right: Sequence[np.ndarray], inverse: Inverse, *, tol: float, max_rounds: int = 2
) -> Populations:
    """Return the same as `solved`, by GMRES on all populations after the inverse of a similar circuit."""
    every = tuple(range(len(right)))
    nothing = [np.zeros(linear.shape) for _ in every]

    def returned(flat: np.ndarray) -> np.ndarray:
        return _packed(linear.returned(inverse(_spread(flat, every, nothing))), every)

    wanted = _packed(right, every)
    operator = LinearOperator((wanted.size,) * 2, matvec=returned, dtype=np.float64)
    found, _ = gmres(operator, wanted, rtol=tol, atol=0.0, restart=RESTART, maxiter=max_rounds)
    return inverse(_spread(found, every, nothing))


def largest_eigenvalue(linear: Linearization, *, tol: float = EIGENVALUE_TOLERANCE) -> float:
    """Return the largest real part of the eigenvalues of the linearized dynamics, in 1 / unit of time.

    NaN where Arnoldi's method does not find it to within `tol` of itself.
    """
    open_ = np.stack([np.broadcast_to(g, linear.shape) for g in linear.gain]) != 0
    decay = np.stack([np.broadcast_to(d, linear.shape) for d in linear.decay])
    with np.errstate(divide="ignore"):
        alone = -decay / np.array(linear.time_constants)[:, None, None, None]
    if not linear.connections:
        return float(alone.max())
    shut = float(alone[~open_].max(initial=-np.inf))
    if open_.sum() < 3:
        return shut if not open_.any() else max(shut, float(np.linalg.eigvals(_dense(linear, open_)).real.max()))

    def rate(flat: np.ndarray) -> np.ndarray:
        deviation = np.zeros(open_.shape)
        deviation[open_] = flat
        return np.stack(linear.rates(list(deviation)))[open_]

    operator = LinearOperator((int(open_.sum()),) * 2, matvec=rate, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(int(open_.sum()))
    try:
        found = eigs(operator, k=1, which="LR", v0=start, tol=tol, return_eigenvectors=False)
    except ArpackNoConvergence:
        return float("nan")
    return max(shut, float(found.real.max()))


def _dense(linear: Linearization, open_: np.ndarray) -> np.ndarray:
    columns = []
    for unit in np.argwhere(open_):
        deviation = np.zeros(open_.shape)
        deviation[tuple(unit)] = 1
        columns.append(np.stack(linear.rates(list(deviation)))[open_])
    return np.stack(columns, axis=1)


def _round(linear: Linearization, given: Sequence[np.ndarray], right: Sequence[np.ndarray] | None) -> Populations:
    """Go through the populations once, each hearing what the earlier ones have become."""
    deviation = list(given)
    for p, (decay, gain) in enumerate(zip(linear.decay, linear.gain, strict=True)):
        heard = gain * linear.heard(deviation, p)
        deviation[p] = (heard if right is None else right[p] + heard) / decay
    return tuple(deviation)


def _packed(populations: Sequence[np.ndarray], carried: Sequence[int]) -> np.ndarray:
    return np.concatenate([np.ravel(populations[p]) for p in carried])


def _spread(flat: np.ndarray, carried: Sequence[int], others: Sequence[np.ndarray]) -> list[np.ndarray]:
    populations = list(others)
    for p, part in zip(carried, np.split(flat, len(carried)), strict=True):
        populations[p] = part.reshape(others[p].shape)
    return populations
