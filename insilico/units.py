"""The units of a circuit, and the columns of a response that belong to them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from insilico.circuit import State
from insilico.preparation import Preparation
from insilico.recording import Recording
from stimuli.errors import unknown_name

UNIT, STIMULUS, TIME = "unit", "stimulus", "time"


def unit_table(preparation: Preparation, populations: tuple[str, ...]) -> xr.Dataset:
    """Return all units of a circuit.

    Returns
    -------
    xarray.Dataset
        Dimension `unit`, whose values are the ids that perturbations take: the position in the flattened
        (population, y, x, feature) array. Coordinates: population, row, column, channel, x and y in degrees, with the
        attribute `period` on a periodic sheet, and the preferred feature.
    """
    shape = (len(populations), *preparation.sheet.shape, preparation.n_channels)
    return _units(np.arange(int(np.prod(shape))), shape, preparation, populations)


def recorded(state: State, recording: Recording, preparation: Preparation, populations: tuple[str, ...]) -> xr.Dataset:
    """Return the recorded units of a state.

    Returns
    -------
    xarray.Dataset
        `response` and `drive`, dims (stimulus[, time], unit); `residual`, `converged` (never where a response is not
        finite), `n_steps`, dim stimulus.
    """
    ids = unit_ids_of(recording, preparation, populations)
    shape = (len(populations), *preparation.sheet.shape, preparation.n_channels)
    population, row, column, channel = np.unravel_index(ids, shape)
    over_time = recording.window is not None
    lead = (STIMULUS, TIME) if over_time else (STIMULUS,)
    parts = [
        state.populations[name][..., row[population == p], column[population == p], channel[population == p]]
        for p, name in enumerate(populations)
        if np.any(population == p)
    ]
    response = np.concatenate(parts, axis=-1)
    rest = tuple(range(1, response.ndim))
    finite = np.isfinite(response.max(axis=rest)) & np.isfinite(response.min(axis=rest))
    drive = state.drive[:, row, column, channel]
    units = {"units": "1"}
    data = xr.Dataset(
        {
            "response": ((*lead, UNIT), response, units | {"long_name": "response"}),
            "drive": ((STIMULUS, UNIT), drive, units | {"long_name": "afferent drive"}),
            "residual": (
                STIMULUS,
                state.residual,
                {"units": "1", "long_name": "largest rate of change, per unit time"},
            ),
            "converged": (STIMULUS, state.converged & finite, units),
            "n_steps": (STIMULUS, state.n_steps, units),
        },
        coords=_units(ids, shape, preparation, populations).coords,
    )
    if over_time:
        data = data.assign_coords(
            time=(TIME, recording.times, {"units": "circuit time units", "long_name": "time (tau = 6)"})
        )
    return data


def unit_ids_of(recording: Recording, preparation: Preparation, populations: tuple[str, ...]) -> np.ndarray:
    """Return the ids of the recorded units, population by population."""
    rows, columns = recording.positions(preparation.sheet)
    shape = (len(populations), *preparation.sheet.shape, preparation.n_channels)
    ids = []
    for name in recording.populations:
        if name not in populations:
            raise unknown_name("population", name, populations)
        channel = np.arange(preparation.n_channels)[None, :]
        ids.append(
            np.ravel_multi_index((populations.index(name), rows[:, None], columns[:, None], channel), shape).ravel()
        )
    return np.sort(np.concatenate(ids))


def _units(ids: np.ndarray, shape: tuple[int, ...], preparation: Preparation, names: tuple[str, ...]) -> xr.Dataset:
    population, row, column, channel = np.unravel_index(ids, shape)
    sheet, plain = preparation.sheet, {"units": "1"}
    round_ = sheet.boundary == "periodic"
    along_y, along_x = ({"units": "deg", **({"period": float(size)} if round_ else {})} for size in sheet.extent)
    return xr.Dataset(
        coords={
            UNIT: (UNIT, ids, plain | {"long_name": "unit id"}),
            "population": (UNIT, np.asarray(names)[population], plain),
            "row": (UNIT, row, plain),
            "column": (UNIT, column, plain),
            "channel": (UNIT, channel, plain),
            "unit_x": (UNIT, sheet.x[column], along_x),
            "unit_y": (UNIT, sheet.y[row], along_y),
            f"preferred_{preparation.feature}": (
                UNIT,
                preparation.preferences[channel],
                {"units": preparation.axis.unit},
            ),
        }
    )
