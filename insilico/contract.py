"""The contract of a model, as checks that can be run on any object."""

from __future__ import annotations

import numpy as np
import xarray as xr

from insilico.execute import record
from insilico.model import Model, missing_of_model
from insilico.perturb import Perturbation
from stimuli import Display, StimulusSet
from stimuli.doors import door

SAME = 1e-9  # difference, relative to the largest response, that rounding may make


class ContractError(AssertionError):
    """A model breaks what protocols rely on."""


@door
def check_model(model: Model, stimuli: StimulusSet, display: Display | None = None) -> None:
    """Check that an object can be recorded like every other model.

    Parameters
    ----------
    model
        The object.
    stimuli
        Two stimuli or more that it can be shown.
    display
        Display for models that see frames.

    Raises
    ------
    ContractError
        Says which of these fails: methods and attributes, dims and coordinates, the same result on every call,
        independence of the batch, to 1e-9 of the largest response (matrix products round by their size), an
        unchanged drive, a model that stays what it was when it is perturbed or prepared, `perturbed()` without
        arguments as identity.
    """
    if len(stimuli) < 2:
        raise ValueError(f"{len(stimuli)} stimulus: two or more are needed to check independence of the batch.")
    missing = missing_of_model(model)
    if missing:
        raise ContractError(f"{type(model).__name__} lacks {', '.join(missing)}.")
    first = record(model, stimuli, display)
    _check_labels(model, first, stimuli)
    _require(first.identical(record(model, stimuli, display)), "two recordings of the same stimuli differ")
    alone = record(model, stimuli, display, batch=1)
    _require_same(first, alone, "the response to a stimulus depends on the others in its batch")
    drive = model.encode(stimuli, display)
    before = drive.copy(deep=True)
    model.respond(drive)
    _require(drive.identical(before), "respond() changes the drive that it is given")  # type: ignore[arg-type]
    _check_purity(model, first, stimuli, display)
    same = record(model.perturbed(), stimuli, display)
    _require_same(first, same, "perturbed() without arguments is no identity")


def _check_purity(model: Model, first: xr.Dataset, stimuli: StimulusSet, display: Display | None) -> None:
    """Perturb and prepare the model, and record the original again."""
    population = str(first["population"].values[0])
    silent = record(model.perturbed(Perturbation(units=population, mode="silence")), stimuli, display)
    _require(not silent["response"].values.any(), f"perturbed() does not silence the population {population!r}")
    model.prepared(model.preparation.replaced(n_channels=model.preparation.n_channels + 2))
    again = record(model, stimuli, display)
    _require(first.identical(again), "perturbed() or prepared() changes the model that it is called on")
    _require(set(model.spec()) >= {"name", "preparation"}, "spec() lacks 'name' or 'preparation'")


def _check_labels(model: Model, data: xr.Dataset, stimuli: StimulusSet) -> None:
    response = data["response"]
    _require(response.dims == ("stimulus", "unit"), f"response has dims {response.dims}, not ('stimulus', 'unit')")
    _require(bool(np.isfinite(response.values).all()), "response is not finite")
    for name in stimuli.parameters.coords:
        _require(name in data.coords, f"the stimulus parameter {name!r} is lost")
    ids = set(model.units["unit"].values.tolist())
    _require(set(data["unit"].values.tolist()) <= ids, "response has units that model.units does not list")
    for name in ("population", "row", "column", f"preferred_{model.preparation.feature}"):
        _require(name in data.coords and data[name].dims == ("unit",), f"the unit coordinate {name!r} is missing")
    _require("drive" in data and data["drive"].dims == ("stimulus", "unit"), "'drive' (stimulus, unit) is missing")
    for name in ("residual", "converged", "n_steps"):
        _require(name in data and data[name].dims == ("stimulus",), f"{name!r} per stimulus is missing")
    for name, variable in data.variables.items():
        _require(bool(variable.attrs.get("units")), f"{name!r} has no units")


def _require_same(first: xr.Dataset, second: xr.Dataset, failure: str) -> None:
    """Require the same responses, but for the rounding of sums whose order depends on the size of the batch."""
    a, b = first["response"].values, second["response"].values
    largest = float(np.abs(a).max(initial=0.0))
    difference = float(np.abs(a - b).max(initial=0.0)) if a.shape == b.shape else np.inf
    _require(difference <= SAME * largest, f"{failure} (by {difference:.2g}, the largest response is {largest:.2g})")


def _require(holds: bool, failure: str) -> None:
    if not holds:
        raise ContractError(failure + ".")
