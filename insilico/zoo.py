"""The models by name, and their shipped parameter sets."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from typing import Any

import numpy as np

from insilico.circuit import AbstractCircuit
from insilico.model import EVERY, SheetModel
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


@dataclass(frozen=True, kw_only=True)
class ParameterSet:
    """A shipped set of parameters with its card.

    Parameters
    ----------
    name
        Name within the circuit.
    description
        What it is and where it comes from.
    n_fitted
        Number of parameters that were fitted to data.
    values
        Parameters that differ from the circuit's defaults.
    preparations
        Preparation name to the fields that the set changes in it.
    fitted_with_lesion
        Lesion under which the set was fitted, if any.
    card
        Everything else that the file says about the set (fitted_to, command, scores, …).
    """

    name: str
    description: str
    n_fitted: int
    values: Mapping[str, float] = field(default_factory=dict)
    preparations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fitted_with_lesion: str | None = None
    card: Mapping[str, Any] = field(default_factory=dict)


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
    known = {f.name for f in fields(ParameterSet)} - {"name", "card"}
    sets = {}
    for key, entry in tomllib.loads(text).items():
        card = {k: v for k, v in entry.items() if k not in known}
        sets[key] = ParameterSet(name=key, card=card, **{k: v for k, v in entry.items() if k in known})
    return sets


@door
def load_model(name: str, parameters: str | None = None, *, encoder: str = "population", **changes: Any) -> SheetModel:
    """Return a model.

    Parameters
    ----------
    name
        One of `list_models()`.
    parameters
        Name of a shipped parameter set, see `parameter_sets(name)`; the circuit's own choice if None ("default", and
        "joint" for `contextual`).
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
    sets = parameter_sets(name)
    parameters = circuit.default_set if parameters is None else parameters
    if parameters not in sets:
        raise unknown_name(f"parameter set of {name}", parameters, sets)
    chosen = sets[parameters]
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
        parameter_set=parameters,
        changes=changes,
        n_fitted=chosen.n_fitted,
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
