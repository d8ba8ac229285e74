"""The only thing that may be fitted where a circuit meets data it has never seen: the width of its encoder's tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from insilico.model import SheetModel
from protocols.table import AbstractTableProtocol

WIDTH = "tuning_width"


def scores_by_width(experiment: AbstractTableProtocol, model: SheetModel, widths: Sequence[float]) -> xr.Dataset:
    """Return how a model meets a table at several widths of its encoder's tuning, with everything else held.

    Parameters
    ----------
    experiment
        With a table and a preparation of its own.
    model
        Its circuit's parameters stay as they are.
    widths
        As `Preparation.tuning_width`: radians of the full turn, or the feature's unit where it is bounded; > 0.

    Returns
    -------
    xarray.Dataset
        `r2` and `correlation` (tuning_width,), and `prediction` (tuning_width, point), NaN where a response has not
        converged. Taking the best of them is a fit of one parameter, and to be reported as such.
    """
    if experiment.preparation is None:
        raise ValueError(f"{experiment.name} has no preparation of its own: give it one.")
    here = model.prepared(experiment.preparation)
    data = experiment.reference.values
    rows = []
    for width in widths:
        other = replace(here, preparation=here.preparation.replaced(tuning_width=width))
        responses = replace(experiment, preparation=None).run(other)
        prediction = experiment.predict(experiment.checked(responses))
        rows.append(prediction if bool(responses["converged"].all()) else np.full(data.size, np.nan))
    found = np.array(rows)
    axis = (WIDTH, np.asarray(widths, dtype=float), {"units": experiment.preparation.axis.unit})
    return xr.Dataset(
        {
            "prediction": ((WIDTH, "point"), found, dict(data.attrs)),
            "r2": (WIDTH, [experiment.scale.fit(data.values, p).r2 for p in found], {"units": "1"}),
            "correlation": (WIDTH, [_correlation(data.values, p) for p in found], {"units": "1"}),
        },
        coords={WIDTH: axis, **{str(name): c for name, c in data.coords.items()}},
    )


def _correlation(data: np.ndarray, prediction: np.ndarray) -> float:
    if not np.isfinite(prediction).all() or np.ptp(prediction) == 0:
        return float("nan")
    return float(np.corrcoef(data, prediction)[0, 1])
