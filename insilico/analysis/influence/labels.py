"""The labels of results of influence mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from insilico.analysis.influence.sites import Readout
from insilico.influence.fixed_point import FixedPoint
from insilico.model import SheetModel
from insilico.provenance import provenance
from insilico.units import UNIT
from stimuli import StimulusSet

STIMULUS, TARGET = "stimulus", "target"
Variable = tuple[tuple[str, ...], np.ndarray, str]


def labelled(
    variables: Mapping[str, Variable],
    *,
    model: SheetModel,
    stimuli: StimulusSet,
    targets: Sequence[int],
    readout: Readout,
    points: Sequence[FixedPoint],
    title: str,
    record: Mapping[str, Any],
) -> xr.Dataset:
    """Return a result with its labels.

    Parameters
    ----------
    variables
        Name to dims, values and long name; all dimensionless.
    model, stimuli, targets, readout
        What was asked for.
    points
        Fixed point of each stimulus.
    title
        Of the result.
    record
        What else the provenance is to say.
    """
    units = model.units
    of_targets = units.sel({UNIT: np.atleast_1d(targets)}).rename({UNIT: TARGET})
    names = {str(n): f"{TARGET}_{str(n).removeprefix('unit_')}" for n in of_targets.coords if n != TARGET}
    coords: dict[str, Any] = {
        **{str(name): c for name, c in stimuli.parameters.coords.items()},
        **{str(name): c for name, c in units.sel({UNIT: readout.ids}).coords.items()},
        **{str(name): c for name, c in of_targets.rename(names).coords.items()},
    }
    measured = {
        name: (dims, values, {"units": "1", "long_name": text}) for name, (dims, values, text) in variables.items()
    }
    rate = {"units": "1", "long_name": "largest rate of change at the fixed point, per unit time"}
    eigenvalue = {"units": "1", "long_name": "largest real part of the linearized dynamics, per unit time"}
    residual = np.array([point.residual for point in points])
    converged = np.array([point.converged for point in points])
    largest = np.array([point.largest_eigenvalue for point in points])
    return xr.Dataset(
        {
            **measured,
            "residual": (STIMULUS, residual, rate),
            "converged": (STIMULUS, converged, {"units": "1"}),
            "largest_eigenvalue": (STIMULUS, largest, eigenvalue),
        },
        coords=coords,
        attrs={
            "title": f"{title} of {model.name}",
            "residual": float(residual.max()),
            "converged": int(converged.all()),
            "largest_eigenvalue": float(largest.max()),
            "provenance": provenance(model=model.spec(), stimuli=stimuli.spec(), **record),
        },
    )
