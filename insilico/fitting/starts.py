"""Least squares from many seeded starts, in processes; every finished start is kept, so that a killed fit resumes.

Without derivatives, CMA-ES (Hansen; the package `cma`) is a second opinion on where the optimum lies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy import optimize

from insilico.circuits.contextual_equations import MODEL_VERSION
from insilico.fitting.problem import Problem
from insilico.fitting.target import Target
from insilico.provenance import versions
from insilico.running.files import write_whole
from insilico.running.tasks import run_tasks
from stimuli.doors import door
from stimuli.errors import unknown_name

DIFFERENCE = 2e-3  # step of the finite differences, as a share of the distance between the bounds
LEAST_SQUARES, CMA = "least squares", "cma"
CMA_SPREAD = 0.2  # first standard deviation of CMA-ES, as a share of the distance between the bounds
ALMOST = 1e-6  # starts keep this distance from the bounds


@dataclass(frozen=True, kw_only=True)
class Start:
    """One finished start.

    Parameters
    ----------
    number
        Of the start; its random numbers depend on it and on the seed only.
    values
        Where it ended, in the order of the problem's free parameters.
    cost
        Sum of squared residuals there.
    scores
        R² of each table.
    n_evaluations
        Evaluations of the whole problem.
    unconverged
        Stimuli whose states were no fixed points at the end.
    """

    number: int
    values: tuple[float, ...]
    cost: float
    scores: dict[str, float]
    n_evaluations: int
    unconverged: int

    @property
    def valid(self) -> bool:
        """Whether it ended where cost and scores are defined and every state is a fixed point."""
        return bool(np.isfinite([self.cost, *self.scores.values()]).all()) and not self.unconverged


@door
def run_starts(
    problem: Problem,
    *,
    n_starts: int,
    seed: int = 0,
    around: Sequence[float] | None = None,
    jitter: float = 0.15,
    max_evaluations: int = 400,
    method: str = LEAST_SQUARES,
    processes: int = 1,
    folder: Path | None = None,
    progress: bool = False,
    name: str | None = None,
) -> list[Start]:
    """Run an optimiser from seeded starts.

    Parameters
    ----------
    problem
        What is fitted.
    n_starts
        Number of starts.
    seed
        The same seed gives the same starts and results, for any number of processes.
    around
        Values that the starts scatter about; uniform between the bounds if None. The first start is at `around`.
    jitter
        Standard deviation of that scatter, as a share of the distance between the bounds.
    max_evaluations
        Of the whole problem, in each start.
    method
        "least squares" (trust region, finite differences) or "cma" (CMA-ES: no derivatives, several times the
        evaluations).
    processes
        Number of processes. If one is killed, its start is run again, with a `WorkerDiedWarning`.
    folder
        Where each finished start is kept; one that is there already, of the same problem and seed, is not run again.
    progress
        True draws a progress bar with the expected time.
    name
        What the bar and messages call this fit; "fit to" and the tables if None.

    Returns
    -------
    list of Start
        By number.
    """
    if n_starts < 1:
        raise ValueError(f"n_starts = {n_starts}: must be 1 or more.")
    if method not in (LEAST_SQUARES, CMA):
        raise unknown_name("method", method, (LEAST_SQUARES, CMA))
    if around is not None:
        for parameter, value in zip(problem.free, around, strict=True):
            if not parameter.low <= value <= parameter.high:
                raise ValueError(
                    f"start {value:g} of {parameter.label} lies outside its bounds ({parameter.low:g}, "
                    f"{parameter.high:g}): widen them, or start elsewhere."
                )
    origin = None if around is None else tuple(around)
    ledger = _Ledger(folder, fingerprint(problem, seed, origin, jitter, max_evaluations, method))
    return run_tasks(
        partial(_numbered, problem, (seed, origin, jitter, max_evaluations, method)),
        range(n_starts),
        name=name or f"fit to {' + '.join(dict.fromkeys(target.name for target in problem.targets))}",
        unit="start",
        processes=processes,
        ledger=ledger,
        progress=progress,
        state=lambda starts: f"best={min(start.cost for start in starts):.4f}",
    )


def _numbered(problem: Problem, settings: tuple, number: int) -> Start:
    return run_start(problem, number, *settings)


def run_start(
    problem: Problem,
    number: int,
    seed: int,
    around: tuple[float, ...] | None = None,
    jitter: float = 0.15,
    max_evaluations: int = 400,
    method: str = LEAST_SQUARES,
) -> Start:
    """Run one start; see `run_starts`."""
    if not problem.free:
        end = problem.evaluate(())
        cost = float((end.residuals**2).sum())
        return Start(
            number=number, values=(), cost=cost, scores=end.scores, n_evaluations=1, unconverged=end.unconverged
        )
    rng = np.random.default_rng([seed, number])
    if around is None:
        unit = rng.uniform(0.05, 0.95, len(problem.free))
    else:
        center = np.array([f.to_unit(v) for f, v in zip(problem.free, around, strict=True)])
        unit = center + (number > 0) * jitter * rng.normal(size=center.size)
    unit = np.clip(unit, ALMOST, 1 - ALMOST)
    count = 0
    last: tuple[bytes, np.ndarray] = (b"", np.zeros(0))

    def residuals(position: np.ndarray) -> np.ndarray:
        nonlocal count, last
        if position.tobytes() != last[0]:
            count += 1
            found = problem.evaluate([f.from_unit(u) for f, u in zip(problem.free, position, strict=True)])
            last = position.tobytes(), found.residuals
        return last[1]

    if method == CMA:
        found = _evolved(residuals, unit, seed=int(rng.integers(1, 2**31)), max_evaluations=max_evaluations)
    else:
        found = _descended(residuals, unit, max_evaluations)
    values = tuple(f.from_unit(u) for f, u in zip(problem.free, found, strict=True))
    end = problem.evaluate(values)
    return Start(
        number=number,
        values=values,
        cost=float((end.residuals**2).sum()),
        scores=end.scores,
        n_evaluations=count,
        unconverged=end.unconverged,
    )


def _descended(residuals: Callable[[np.ndarray], np.ndarray], unit: np.ndarray, max_evaluations: int) -> np.ndarray:
    """Return where least squares ends."""
    found = optimize.least_squares(
        residuals,
        unit,
        jac=lambda position: jacobian(residuals, position),
        bounds=(np.zeros(unit.size), np.ones(unit.size)),
        x_scale=0.1,
        ftol=1e-6,
        xtol=1e-6,
        gtol=1e-8,
        max_nfev=max(2, max_evaluations // (unit.size + 1)),
    )
    return np.asarray(found.x)


def _evolved(
    residuals: Callable[[np.ndarray], np.ndarray], unit: np.ndarray, *, seed: int, max_evaluations: int
) -> np.ndarray:
    """Return where CMA-ES ends."""
    import cma  # brings matplotlib's pyplot, which nothing else here loads

    options = {
        "bounds": [0.0, 1.0],
        "seed": seed,
        "maxfevals": max_evaluations,
        "tolfun": 1e-6,
        "verbose": -9,
        "verb_log": 0,
    }
    found, _ = cma.fmin2(
        lambda position: float((residuals(np.asarray(position)) ** 2).sum()), unit, CMA_SPREAD, options
    )
    return np.clip(np.asarray(found), 0.0, 1.0)


def best_of(starts: Sequence[Start]) -> Start:
    """Return the start of the lowest cost; one whose states have not converged only if none has.

    Raises
    ------
    ValueError
        If no start ended at a defined cost.
    """
    defined = [start for start in starts if np.isfinite(start.cost)]
    if not defined:
        costs = ", ".join(f"{start.cost:g}" for start in starts)
        raise ValueError(
            f"none of {len(starts)} starts ended at a defined cost ({costs}): widen the bounds, or free less."
        )
    return min(defined, key=lambda start: (not start.valid, start.cost))


def jacobian(residuals: Callable[[np.ndarray], np.ndarray], position: np.ndarray) -> np.ndarray:
    """Return d residuals / d position by one-sided differences that stay within the bounds, (n_residuals, n_free)."""
    here = residuals(position)
    columns = []
    for i in range(position.size):
        step = DIFFERENCE if position[i] + DIFFERENCE <= 1 else -DIFFERENCE
        moved = position.copy()
        moved[i] += step
        columns.append((residuals(moved) - here) / step)
    return np.stack(columns, axis=1)


def _content(target: Target) -> str:
    """Return a hash of the values that are fitted, and of their conditions; "" where there is no table."""
    if not target.is_table:
        return ""
    coordinates = target.experiment.reference.values.coords
    arrays = [target.values, *(np.asarray(coordinates[name].values) for name in sorted(map(str, coordinates)))]
    return sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def fingerprint(problem: Problem, *rest: object) -> str:
    """Return a hash of all that a start's result depends on."""
    text = repr(
        (
            [(t.experiment, t.weight, t.width_factor, t.kept, _content(t)) for t in problem.targets],
            MODEL_VERSION,
            versions()["insilico-neurophysiology"],
            problem.free,
            problem.parameters,
            sorted((k, sorted(v.items())) for k, v in problem.preparations.items()),
            problem.dtype,
            rest,
        )
    )
    return sha256(text.encode()).hexdigest()[:16]


class _Ledger:
    """Finished starts on disk, one file each, written by rename; nothing where there is no folder."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self._folder, self._key = folder, key
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def read(self, number: int) -> Start | None:
        if self._folder is None or not self._path(number).exists():
            return None
        try:
            content = json.loads(self._path(number).read_text(encoding="utf-8"))
            start = Start(**{**content, "values": tuple(content["values"])})
        except (ValueError, TypeError, KeyError):  # damaged: it is run again
            return None
        return start if np.isfinite([start.cost, *start.values]).all() else None

    def write(self, number: int, start: Start) -> None:
        if self._folder is None:
            return
        write_whole(self._path(number), json.dumps(asdict(start)).encode())

    def _path(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{self._key}-{number:04d}.json"
