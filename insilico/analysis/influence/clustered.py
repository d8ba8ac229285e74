"""Least squares whose standard errors allow for dependence within clusters, fast enough for thousands of fits.

    y_i = α_c(i) + z_i γ_s(i) + x_i β + u_i   cells c and columns z within strata s are absorbed
                                              (Frisch, Waugh & Lovell)
    effect_j = Σ_i w_ij y_i              w_j: rows of (x̃ᵀx̃)⁻¹x̃ᵀ, or a contrast of cell means
    V(effect_j) = (n−1)/(n−k) · G/(G−1) · Σ_g (Σ_{i in g} w_ij u_i)²      (Liang & Zeger 1986; CR1)
    two ways:  V_1 + V_2 − V_12          (Cameron, Gelbach & Miller 2011)

n  rows; k  parameters, absorbed ones included; G  clusters; x̃  x less its fit within cell and stratum.
The weights depend on the design alone, so a design is factorised once and serves any number of y.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

DEGENERATE = 1e-12  # share of a column's square that must survive the removal of all others
UNDEFINED = 1e-13  # standard error, relative to Σ|w y|, below which it is rounding


class Cells:
    """Groups of rows whose means are taken out of every variable, and further columns within larger strata.

    Parameters
    ----------
    numbers
        Cell of each row, integers ≥ 0, shape (n,).
    columns
        Variables z that are regressed out after the means, with coefficients of their own in each stratum, shape
        (n, p); they may depend on each other. None takes out means alone.
    strata
        Stratum of each row, integers ≥ 0, shape (n,); all rows of a cell lie in one. None takes the cells themselves:
        with one column, a line in each cell.
    """

    def __init__(
        self, numbers: np.ndarray, columns: np.ndarray | None = None, strata: np.ndarray | None = None
    ) -> None:
        self.numbers = numbers
        self.counts = np.bincount(numbers)
        self.strata = numbers if strata is None else strata
        self.basis = np.empty((0, len(numbers)))
        self.n_parameters = int(np.count_nonzero(self.counts))
        if columns is not None:
            self.basis, kept = self._orthonormal(columns)
            self.n_parameters += kept

    def without(self, y: np.ndarray) -> np.ndarray:
        """Return y (n,) less its fit within each cell and stratum."""
        rest = self._centred(y)
        fits = [z * np.bincount(self.strata, weights=z * rest)[self.strata] for z in self.basis]
        return np.asarray(rest - sum(fits)) if fits else rest

    def _centred(self, y: np.ndarray) -> np.ndarray:
        means = np.bincount(self.numbers, weights=y) / np.maximum(self.counts, 1)
        return np.asarray(y - means[self.numbers])

    def _orthonormal(self, columns: np.ndarray) -> tuple[np.ndarray, int]:
        """Return columns that are orthonormal within each stratum, 0 where nothing is left, (p, n); how many are."""
        size = np.array([np.sqrt(np.bincount(self.strata, weights=z**2)) for z in columns.T])
        unit = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)[:, self.strata]
        scaled = np.array([self._centred(z) for z in columns.T]) * unit
        products = [[np.bincount(self.strata, weights=a * b) for b in scaled] for a in scaled]
        power, axes = np.linalg.eigh(np.moveaxis(np.array(products), 2, 0))
        there = power > DEGENERATE
        axes = axes * np.divide(1.0, np.sqrt(np.abs(power)), out=np.zeros_like(power), where=there)[:, None, :]
        turned = [sum(scaled[i] * axes[self.strata, i, j] for i in range(len(scaled))) for j in range(len(scaled))]
        return np.array(turned), int(there.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearStatistics:
    """Named linear statistics of y, with what is needed for the residuals of their regression.

    Parameters
    ----------
    names
        Of the statistics, length q.
    weights
        Shape (q, n); a row of NaN where the design does not determine the statistic.
    cells
        What is absorbed.
    basis
        Orthonormal columns that are regressed out after the cells, shape (n, p).
    n_parameters
        k of the legend.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    cells: Cells
    basis: np.ndarray
    n_parameters: int

    def effects(self, y: np.ndarray) -> np.ndarray:
        """Return the statistics of y (n,), shape (q,)."""
        return np.asarray(self.weights @ y)

    def scores(self, y: np.ndarray) -> np.ndarray:
        """Return w_ij u_i, shape (q, n); the sums over clusters make the variances."""
        residual = self.cells.without(y)
        residual = residual - self.basis @ (self.basis.T @ residual)
        return self.weights * residual

    def correction(self) -> float:
        """Return (n−1)/(n−k); NaN where nothing is left to estimate a variance from."""
        n = self.weights.shape[1]
        return (n - 1) / (n - self.n_parameters) if n > self.n_parameters else float("nan")

    def rounding(self, y: np.ndarray) -> np.ndarray:
        """Return the standard error below which there is nothing but rounding, shape (q,)."""
        return UNDEFINED * (np.abs(self.weights) @ np.abs(y))


def cell_contrasts(cells: np.ndarray, contrasts: Mapping[str, Mapping[int, float]]) -> LinearStatistics:
    """Return contrasts of the cells' means.

    Parameters
    ----------
    cells
        Cell of each row, integers ≥ 0, shape (n,).
    contrasts
        Name of the statistic: weight of each cell's mean, such as {"near - mid": {0: 1, 1: -1}}. A contrast with a
        cell that has no rows is not determined.
    """
    counts = np.bincount(cells, minlength=1 + max(cell for parts in contrasts.values() for cell in parts))
    weights = np.empty((len(contrasts), len(cells)))
    for row, parts in zip(weights, contrasts.values(), strict=True):
        of_cell = np.zeros(len(counts))
        for cell, weight in parts.items():
            of_cell[cell] = weight / counts[cell] if counts[cell] else np.nan
        row[:] = of_cell[cells] if np.isfinite(of_cell).all() else np.nan
    return LinearStatistics(
        names=tuple(contrasts),
        weights=weights,
        cells=Cells(cells),
        basis=np.empty((len(cells), 0)),
        n_parameters=int(np.count_nonzero(counts)),
    )


def slopes(
    cells: Cells,
    columns: Mapping[str, np.ndarray],
    nuisance: np.ndarray,
    differences: Mapping[str, tuple[str, str]],
) -> LinearStatistics:
    """Return regression slopes within cells, and differences of them.

    Parameters
    ----------
    cells
        What is absorbed.
    columns
        Name of the slope: its regressor, shape (n,). A regressor that does not vary within any cell, or only as the
        nuisance does, has no slope: NaN; nor do several that depend on
        each other.
    nuisance
        Further regressors, shape (n, p); p may be 0, and they may depend on each other.
    differences
        Name of the statistic: (slope, slope that is taken from it).
    """
    names = list(columns)
    further = _independent(np.column_stack([cells.without(x) for x in nuisance.T]) if nuisance.size else nuisance)
    raw = np.column_stack(list(columns.values()))
    centred = np.column_stack([cells.without(x) for x in raw.T])
    left = centred - further @ (further.T @ centred)
    varies = (left**2).sum(axis=0) > DEGENERATE * (raw**2).sum(axis=0)
    unit = left[:, varies] / np.sqrt((left[:, varies] ** 2).sum(axis=0))
    if varies.any() and np.linalg.eigvalsh(unit.T @ unit).min() <= DEGENERATE:
        varies[:] = False
    basis, triangle = np.linalg.qr(np.column_stack([centred[:, varies], further]))
    solved = np.linalg.solve(triangle, basis.T)[: int(varies.sum())]
    of_column = dict(zip(np.flatnonzero(varies), solved, strict=True))
    weights = {name: of_column.get(j, np.full(len(raw), np.nan)) for j, name in enumerate(names)}
    weights |= {name: weights[plus] - weights[minus] for name, (plus, minus) in differences.items()}
    return LinearStatistics(
        names=tuple(weights),
        weights=np.array(list(weights.values())),
        cells=cells,
        basis=basis,
        n_parameters=cells.n_parameters + basis.shape[1],
    )


def _independent(columns: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the columns (n, p)."""
    if not columns.shape[1]:
        return columns
    scaled = columns / np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-300)
    basis, triangle, _ = linalg.qr(scaled, mode="economic", pivoting=True)
    return np.asarray(basis[:, np.abs(np.diag(triangle)) > np.sqrt(DEGENERATE)])


def clustered_variance(scores: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return G/(G−1) Σ_g (Σ_{i in g} score_i)², shape (q,), before the factor (n−1)/(n−k).

    Parameters
    ----------
    scores
        Shape (q, n).
    clusters
        Number of the cluster of each row, 0 to G−1, each with at least one row; shape (n,).
    """
    n_clusters = int(clusters.max()) + 1
    sums = np.array([np.bincount(clusters, weights=row, minlength=n_clusters) for row in scores])
    return n_clusters / (n_clusters - 1) * (sums**2).sum(axis=1)


def unclustered_variance(scores: np.ndarray) -> np.ndarray:
    """Return n/(n−1) Σ_i score_i², shape (q,): every row is taken as independent."""
    n = scores.shape[1]
    return n / (n - 1) * np.einsum("qi,qi->q", scores, scores)
