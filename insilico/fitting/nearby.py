"""What scores do when all fitted values are a little off: a set that falls at once was not found, but tuned."""

from __future__ import annotations

import numpy as np

from insilico.fitting.problem import Problem


def values_now(problem: Problem) -> tuple[float, ...]:
    """Return the values that the free parameters of a problem have before it is fitted.

    Raises
    ------
    ValueError
        If the preparations that a parameter acts on differ in it: then it has no one value.
    """
    found = []
    for parameter in problem.free:
        values = set()
        for target in problem.targets:
            if target.label is None and parameter.acts_on(target.experiment.preparation.name):
                circuit, preparation = problem.settings(target, None)
                values.add(float(getattr(circuit if hasattr(circuit, parameter.name) else preparation, parameter.name)))
        if len(values) != 1:
            raise ValueError(f"{parameter.label} has the values {sorted(values)}: say where it acts, one value each.")
        found.append(values.pop())
    return tuple(found)


def changed_scores(
    problem: Problem, *, share: float = 0.05, n_draws: int = 50, seed: int = 0
) -> dict[str, tuple[float, ...]]:
    """Return R² of each table with all free parameters changed at random, each by a factor of 1 ± `share` at most.

    Parameters
    ----------
    problem
        Its free parameters, from the values that they have now.
    share
        Largest relative change; each factor is drawn uniformly from [1 − share, 1 + share].
    n_draws, seed
        Number of draws, and their seed.

    Returns
    -------
    dict
        Target name to its scores, (n_draws,); minus infinity where states have not converged.
    """
    if not 0 < share < 1:
        raise ValueError(f"share = {share}: must be > 0 and < 1.")
    if n_draws < 1:
        raise ValueError(f"n_draws = {n_draws}: must be 1 or more.")
    now = np.array(values_now(problem))
    rng = np.random.default_rng(seed)
    draws = [problem.evaluate(tuple(now * (1 + rng.uniform(-share, share, now.size)))) for _ in range(n_draws)]
    return {
        name: tuple(-np.inf if draw.unconverged else draw.scores[name] for draw in draws) for name in draws[0].scores
    }
