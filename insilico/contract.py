"""The contract of a model, as checks that can be run on any object."""

from __future__ import annotations

import numpy as np
import xarray as xr

from insilico.execute import record
from insilico.model import Model
from insilico.perturb import Perturbation
from stimuli import Display, StimulusSet
from stimuli.doors import door


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
        independence of the batch, an unchanged drive, a model that stays what it was when it is perturbed or
        prepared, `perturbed()` without arguments as identity.
    """
    if len(stimuli) < 2:
        raise ValueError(f"{len(stimuli)} stimulus: two or more are needed to check independence of the batch.")
    if not isinstance(model, Model):
        wanted = ("name", "preparation", "units", "prepared", "encode", "respond", "perturbed", "spec")
        missing = [name for name in wanted if not hasattr(model, name)]
        raise ContractError(f"{type(model).__name__} lacks {', '.join(missing)}.")
    first = record(model, stimuli, display)
    _check_labels(model, first, stimuli)
    _require(first.identical(record(model, stimuli, display)), "two recordings of the same stimuli differ")
    alone = record(model, stimuli, display, batch=1)
    _require(
        np.array_equal(first["response"].values, alone["response"].values),
        "the response to a stimulus depends on the others in its batch",
    )
    drive = model.encode(stimuli, display)
    before = drive.copy(deep=True)
    model.respond(drive)
    _require(drive.identical(before), "respond() changes the drive that it is given")  # type: ignore[arg-type]
    _check_purity(model, first, stimuli, display)
    same = record(model.perturbed(), stimuli, display)
    _require(
        np.array_equal(first["response"].values, same["response"].values),
        "perturbed() without arguments is no identity",
    )


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


def _require(holds: bool, failure: str) -> None:
    if not holds:
        raise ContractError(failure + ".")
