"""The models by name, and their shipped parameter sets."""

from __future__ import annotations

import importlib
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from insilico.circuit import AbstractCircuit
from insilico.model import EVERY, SheetModel
from insilico.parameter_set import TOML, ParameterSet, set_in_file, sets_of
from insilico.preparation import Preparation, Sheet
from stimuli.doors import door
from stimuli.errors import unknown_name

CIRCUITS = {  # one line of registration for a new circuit
    "feedforward": "insilico.circuits.feedforward",
    "normalization": "insilico.circuits.normalization",
    "linear": "insilico.circuits.linear_circuit",
    "mely2018": "insilico.circuits.mely2018_circuit",
    "contextual": "insilico.circuits.contextual_circuit",
}
PREPARATION_PREFIX, ENCODER_PREFIX = "preparation.", "encoder."


def list_models() -> tuple[str, ...]:
    """Return the names of all models."""
    return tuple(CIRCUITS)


def circuit_named(name: str) -> AbstractCircuit:
    """Return the circuit of that name; raises UnknownNameError with the nearest name."""
    if name not in CIRCUITS:
        raise unknown_name("model", name, CIRCUITS)
    return importlib.import_module(CIRCUITS[name]).CIRCUIT


@door
def parameter_sets(name: str) -> dict[str, ParameterSet]:
    """Return the shipped parameter sets of a model, by name."""
    circuit_named(name)
    text = resources.files("insilico.reference").joinpath("parameters", f"{name}.toml").read_text(encoding="utf-8")
    return sets_of(text, circuit=name, source=f"the shipped sets of {name}")


@door
def parameter_set(name: str, parameters: str | Path | None = None) -> ParameterSet:
    """Return one parameter set of a model: a shipped one by name, the circuit's own choice, or that of a file.

    Parameters
    ----------
    name
        Of the model.
    parameters
        Name of a shipped set, or the path of a `parameters.toml` that `insilico fit` has written.

    Raises
    ------
    UnknownNameError
        For an unknown model or set.
    ValueError, OSError
        Where a file holds no parameter set of this model, or cannot be read.
    """
    circuit = circuit_named(name)
    if parameters is None:
        parameters = circuit.default_set
    if isinstance(parameters, Path) or str(parameters).endswith(TOML):
        return set_in_file(Path(parameters), circuit=name, known={f.name for f in fields(circuit.parameters_class)})
    sets = parameter_sets(name)
    if parameters not in sets:
        if Path(parameters).is_dir():
            raise ValueError(f"parameters = {parameters!r} is a folder: name the {TOML} file in it.")
        raise unknown_name(f"parameter set of {name}", parameters, sets)
    return sets[parameters]


@door
def load_model(
    name: str, parameters: str | Path | None = None, *, encoder: str = "population", **changes: Any
) -> SheetModel:
    """Return a model.

    Parameters
    ----------
    name
        One of `list_models()`.
    parameters
        Name of a shipped parameter set, see `parameter_sets(name)`, or the path of a `parameters.toml` that a fit has
        written; the circuit's own choice if None ("default", and "joint" for `contextual`).
    encoder
        "population" reads the exact layers of a stimulus; "energy" sees frames through Gabor energy.
    **changes
        Parameters of the circuit (`alpha=2`); with the prefix "preparation.", fields of the sheet and its channels
        (`**{"preparation.tuning_width": 1.2}`), which then hold for every experiment; with the prefix "encoder.",
        settings of the encoder (`**{"encoder.spatial_frequencies": (4.0,)}`).

    Raises
    ------
    UnknownNameError
        For an unknown model, set, encoder or parameter; says what is known.

    Examples
    --------
    >>> import insilico
    >>> insilico.load_model("mely2018", mu=0).parameters.mu
    0.0
    """
    circuit = circuit_named(name)
    chosen = parameter_set(name, parameters)
    of_preparation = {
        key.removeprefix(PREPARATION_PREFIX): value
        for key, value in changes.items()
        if key.startswith(PREPARATION_PREFIX)
    }
    of_encoder = {
        key.removeprefix(ENCODER_PREFIX): value for key, value in changes.items() if key.startswith(ENCODER_PREFIX)
    }
    if encoder == "energy" and "tuning_width" in of_preparation:
        raise ValueError(
            "preparation.tuning_width is that of the population code; the energy encoder has filters of its own: set "
            "encoder.orientation_bandwidth."
        )
    prefixed = (PREPARATION_PREFIX, ENCODER_PREFIX)
    of_circuit = {key: value for key, value in changes.items() if not key.startswith(prefixed)}
    known = {f.name: f for f in fields(circuit.parameters_class)}
    for key in of_circuit:
        if key not in known:
            raise unknown_name(f"parameter of {name}", key, (*known, *_preparation_names()))
    values = {key: _as_declared(known[key], value) for key, value in {**chosen.values, **of_circuit}.items()}
    return SheetModel(
        circuit=circuit,
        parameters=circuit.parameters_class(**values),
        parameter_set=chosen.name,
        changes=changes,
        n_fitted=chosen.n_fitted,
        fitted=chosen.fitted,
        overrides={**chosen.preparations, EVERY: of_preparation},
        encoder=encoder,
        encoder_settings=of_encoder,
    ).prepared(Preparation())


def _preparation_names() -> list[str]:
    names = {f.name for f in fields(Preparation)} | {f.name for f in fields(Sheet)}
    return [PREPARATION_PREFIX + name for name in sorted(names - {"name", "sheet"})]


def _as_declared(declared: Any, value: Any) -> Any:
    """Return a whole number as the float that is declared; raises TypeError for what is no number."""
    if declared.type in ("bool", bool):
        if not isinstance(value, bool):
            raise TypeError(f"{declared.name} = {value!r}: must be True or False.")
        return value
    if declared.type not in ("float", "int"):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{declared.name} = {value!r}: must be a number.")
    if declared.type == "float":
        return float(value)
    if not np.isfinite(value) or value != int(value):
        raise ValueError(f"{declared.name} = {value!r}: must be a whole number.")
    return int(value)
