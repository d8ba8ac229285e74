"""How the response to a mixture is made of the responses to its parts."""

from __future__ import annotations

import numpy as np

from stimuli.doors import door


@door
def weighted_sum(mixture: np.ndarray, part_1: np.ndarray, part_2: np.ndarray) -> tuple[float, float]:
    """Return the least-squares weights of a mixture in terms of its parts: mixture ≈ w1 part_1 + w2 part_2.

    Parameters
    ----------
    mixture, part_1, part_2
        Population responses over the same units, shape (n,).

    Returns
    -------
    (w1, w2)
        NaN, NaN where the parts do not tell the weights apart.
    """
    design = np.stack([part_1, part_2], axis=1)
    if np.linalg.matrix_rank(design) < 2:
        return float("nan"), float("nan")
    weights = np.linalg.lstsq(design, mixture, rcond=None)[0]
    return float(weights[0]), float(weights[1])
