"""What a fit found: values with standard errors, scores, what the data leave undetermined, how far the starts agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from insilico.fitting.problem import Evaluation, Problem
from insilico.fitting.starts import Start, best_of, jacobian, run_starts
from insilico.model import SheetModel
from insilico.zoo import circuit_named
from stimuli.doors import door

CIRCUIT = "contextual"  # the circuit that a problem solves
AGREE = 0.05  # a start within this share of the best cost has found the same optimum
UNKNOWN = 1e-3  # share of a parameter in a direction that the data say nothing about, from which its error is infinite
NAMED = 0.3  # components of a soft direction that are named


@door
def fit(
    problem: Problem,
    *,
    starts: int = 10,
    seed: int = 0,
    around: Sequence[float] | None = None,
    processes: int = 1,
    folder: Path | None = None,
    progress: bool = False,
) -> FitResult:
    """Fit a problem from several seeded starts.

    Parameters
    ----------
    problem
        Targets and free parameters; `protocols.fit_problem` makes one from names.
    starts
        Number of starts, 1 or more; take 10, as about one of three finds the best optimum.
    seed, around, processes, folder, progress
        See `insilico.fitting.run_starts`. The result depends on the seed, not on the number of processes.

    Returns
    -------
    FitResult
        Prints its values, errors, soft directions and scores; `plot()` draws the starts.
    """
    found = run_starts(
        problem, n_starts=starts, seed=seed, around=around, processes=processes, folder=folder, progress=progress
    )
    return FitResult(problem, tuple(found))


@door
@dataclass(frozen=True)
class FitResult:
    """The best of several starts, and what is known about it.

    Parameters
    ----------
    problem
        What was fitted.
    starts
        All finished starts.
    """

    problem: Problem
    starts: tuple[Start, ...]

    def __post_init__(self) -> None:
        if not self.starts:
            raise ValueError("no starts: run at least one.")

    @cached_property
    def best(self) -> Start:
        """The start of the lowest cost; one whose states have not converged is taken only if none has."""
        return best_of(self.starts)

    @property
    def values(self) -> dict[str, float]:
        """Best value of each free parameter, by label."""
        return {f.label: v for f, v in zip(self.problem.free, self.best.values, strict=True)}

    @cached_property
    def evaluation(self) -> Evaluation:
        """Residuals and scores at the best values."""
        return self.problem.evaluate(self.best.values)

    @cached_property
    def gauss_newton(self) -> np.ndarray:
        """JᵀJ at the best values, per unit of each parameter's own scale (natural logarithm, or the parameter)."""
        unit = np.array([f.to_unit(v) for f, v in zip(self.problem.free, self.best.values, strict=True)])

        def residuals(position: np.ndarray) -> np.ndarray:
            values = [f.from_unit(u) for f, u in zip(self.problem.free, position, strict=True)]
            return self.problem.evaluate(values).residuals

        J = jacobian(residuals, unit) / self._spans
        return J.T @ J

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard error of each parameter on its own scale, by label.

        Infinite where the data say nothing, nan for a parameter at its bound, which is fixed there.
        From the Gauss-Newton covariance with the residual variance of the fit: as good as the linearisation, and as
        the assumption that misses are independent.
        """
        found = dict.fromkeys((f.label for f in self.problem.free), float("nan"))
        labels, variance, eigenvalues, vectors = self._within
        if not labels:
            return found
        floor = eigenvalues.max() * 1e-10
        known = eigenvalues > floor
        spread = (vectors[:, known] ** 2 / eigenvalues[known]).sum(axis=1)
        spread[(vectors[:, ~known] ** 2 > UNKNOWN).any(axis=1)] = np.inf
        return found | {label: float(np.sqrt(variance * s)) for label, s in zip(labels, spread, strict=True)}

    def soft_directions(self, n: int = 3) -> list[tuple[float, dict[str, float]]]:
        """Return the n least determined directions: standard deviation along each, and its named components."""
        labels, variance, eigenvalues, vectors = self._within
        found = []
        for i in range(min(n, len(eigenvalues))):
            along = float(np.sqrt(variance / max(eigenvalues[i], 1e-300)))
            weights = {label: float(w) for label, w in zip(labels, vectors[:, i], strict=True)}
            found.append((along, {k: w for k, w in weights.items() if abs(w) >= NAMED}))
        return found

    @property
    def agreement(self) -> tuple[int, int]:
        """Number of starts that found the best optimum, and number of starts.

        A start whose cost or scores are undefined, or whose states are no fixed points, has found none.
        """
        near = [s for s in self.starts if s.valid and s.cost <= self.best.cost * (1 + AGREE)]
        return len(near), len(self.starts)

    def at_bounds(self) -> list[str]:
        """Return the labels of parameters that ended at a bound: fixed there, and not counted as fitted."""
        return [
            f.label
            for f, v in zip(self.problem.free, self.best.values, strict=True)
            if not 0.005 < f.to_unit(v) < 0.995
        ]

    @property
    def fitted(self) -> tuple[str, ...]:
        """Labels of all values that were fitted, here and before; what has ended at a bound is not counted."""
        return self.problem.counted(self.at_bounds())

    def parameter_set(self) -> dict[str, Any]:
        """Return what a shipped parameter set holds: fitted, values, and the fields of each preparation."""
        shared, own = self.problem.applied(self.best.values)
        circuit = self.problem.parameters
        default = type(circuit)()
        values = {name: value for name, value in vars(circuit).items() if value != getattr(default, name)} | shared
        geometry = {t.experiment.preparation.name: t.geometry for t in self.problem.targets if t.label is None}
        preparations = {name: {**geometry.get(name, {}), **changes} for name, changes in own.items()}
        return {"fitted": list(self.fitted), "values": values, "preparations": preparations}

    def to_model(self) -> SheetModel:
        """Return the circuit with the fitted values, ready for every experiment; the fit has solved the same."""
        found = self.parameter_set()
        return SheetModel(
            circuit=circuit_named(CIRCUIT),
            parameters=type(self.problem.parameters)(**found["values"]),
            parameter_set="fitted here",
            n_fitted=len(found["fitted"]),
            fitted=tuple(found["fitted"]),
            overrides=found["preparations"],
        )

    @property
    def _within(self) -> tuple[list[str], float, np.ndarray, np.ndarray]:
        """Labels of the parameters within their bounds, residual variance, eigenvalues and vectors of their JᵀJ."""
        ends = set(self.at_bounds())
        inside = [i for i, f in enumerate(self.problem.free) if f.label not in ends]
        labels = [self.problem.free[i].label for i in inside]
        variance = float((self.evaluation.residuals**2).sum()) / max(self.evaluation.residuals.size - len(inside), 1)
        if not inside:
            return labels, variance, np.zeros(0), np.zeros((0, 0))
        eigenvalues, vectors = np.linalg.eigh(self.gauss_newton[np.ix_(inside, inside)])
        return labels, variance, eigenvalues, vectors

    def summary(self) -> str:
        """Return the result as text: scores, values with standard errors, soft directions, agreement of the starts."""
        errors, ends = self.standard_errors, set(self.at_bounds())
        fitted = self.fitted
        now = len(self.problem.free) - len(ends)
        lines = [
            f"{count_text(fitted)}: {now} here, {len(fitted) - now} before; {self.evaluation.residuals.size} residuals"
        ]
        lines += [f"  {name}_r2  {value:.3f}" for name, value in self.evaluation.scores.items()]
        lines.append(f"{'parameter':34s} {'value':>10s}   s.e. (of the logarithm on a log scale)")
        for f, value in zip(self.problem.free, self.best.values, strict=True):
            note = "at its bound, fixed: not counted" if f.label in ends else f"{errors[f.label]:.2g} {f.transform}"
            lines.append(f"  {f.label:32s} {value:10.4g}   {note}")
        lines.append("least determined directions (standard deviation along them)")
        for along, parts in self.soft_directions():
            lines.append(f"  {along:.2g}: " + ", ".join(f"{w:+.2f} {k}" for k, w in parts.items()))
        near, n = self.agreement
        costs = sorted(s.cost for s in self.starts)
        lines.append(f"{near} of {n} starts end within {AGREE:.0%} of the best cost ({costs[0]:.4g} … {costs[-1]:.4g})")
        if self.best.unconverged:
            lines.append(f"NOT CONVERGED: {self.best.unconverged} stimuli at the best values")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def plot(self) -> Any:
        """Return a figure: cost of the starts, and each parameter's value in the starts that agree."""
        from insilico import plotting

        return plotting.fit_starts(self)

    @property
    def _spans(self) -> np.ndarray:
        return np.array([_span(f) for f in self.problem.free])


def count_text(labels: Sequence[str]) -> str:
    """Return the number of fitted values as it is said everywhere: shared ones, and those of single data sets."""
    own = sum("@" in label for label in labels)
    return f"{len(labels)} values fitted ({len(labels) - own} shared, {own} per data set)"


def _span(parameter: Any) -> float:
    if parameter.transform == "log":
        return float(np.log(parameter.high / parameter.low))
    return float(parameter.high - parameter.low)
