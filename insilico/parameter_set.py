"""Parameter sets and the files that they are kept in: those that are shipped, and those that a fit has written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from insilico.preparation import Preparation, Sheet
from stimuli.errors import unknown_name

TOML = ".toml"
SHARED, PER_DATA_SET = "shared", "per_data_set"


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
    fitted
        Labels of these: "nu" is shared by all data sets, "tuning_width@cat" belongs to one; empty where it is not
        said which.
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
    fitted: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    preparations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fitted_with_lesion: str | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_shared(self) -> int:
        """Number of fitted values that all data sets share; all of them where the set does not say which they are."""
        return self.n_fitted - self.n_per_data_set

    @property
    def n_per_data_set(self) -> int:
        """Number of fitted values that belong to single data sets."""
        return sum("@" in label for label in self.fitted)


def sets_of(text: str, *, circuit: str, source: str) -> dict[str, ParameterSet]:
    """Return the parameter sets of a TOML text, by name.

    Raises
    ------
    ValueError
        Where it is no TOML, or an entry is no parameter set of the circuit.
    """
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{source} cannot be read as TOML: {error}.") from error
    return {name: _set_of(name, entry, circuit, source) for name, entry in entries.items()}


def set_in_file(path: Path, *, circuit: str, known: set[str]) -> ParameterSet:
    """Return the one parameter set of a file, named by its path.

    Parameters
    ----------
    path
        Of a `parameters.toml`.
    circuit
        That it must belong to.
    known
        Names of that circuit's parameters.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"parameters = {str(path)!r} cannot be read ({error}): name a file that insilico fit wrote."
        ) from error
    sets = sets_of(text, circuit=circuit, source=str(path))
    if len(sets) != 1:
        raise ValueError(f"{path} holds {len(sets)} parameter sets ({', '.join(sets)}): keep one in the file.")
    [found] = sets.values()
    of_preparation = {f.name for f in (*fields(Preparation), *fields(Sheet))}
    for name in found.values:
        if name not in known:
            raise unknown_name(f"parameter of {circuit} (in {path})", name, known)
    for changes in found.preparations.values():
        for name in changes:
            if name not in known | of_preparation:
                raise unknown_name(f"field of a preparation (in {path})", name, known | of_preparation)
    return ParameterSet(**{f.name: getattr(found, f.name) for f in fields(found)} | {"name": str(path)})


def _set_of(name: str, entry: Any, circuit: str, source: str) -> ParameterSet:
    known = {f.name for f in fields(ParameterSet)} - {"name", "card"}
    if not isinstance(entry, dict) or "description" not in entry or not {"n_fitted", "fitted"} & set(entry):
        raise ValueError(f"[{name}] of {source} is no parameter set: it needs description, and fitted or n_fitted.")
    own = entry.get("circuit", circuit)
    if own != circuit:
        raise ValueError(f"[{name}] of {source} is a parameter set of {own}, not of {circuit}.")
    content = {key: value for key, value in entry.items() if key in known}
    if "fitted" in content:
        labels = content["fitted"]
        if not isinstance(labels, dict) or set(labels) - {SHARED, PER_DATA_SET}:
            raise ValueError(f"fitted of [{name}] of {source}: must be {{ {SHARED} = [...], {PER_DATA_SET} = [...] }}.")
        content["fitted"] = (*labels.get(SHARED, ()), *labels.get(PER_DATA_SET, ()))
        n = content.setdefault("n_fitted", len(content["fitted"]))
        if n != len(content["fitted"]):
            raise ValueError(f"[{name}] of {source}: n_fitted = {n}, but {len(content['fitted'])} labels are fitted.")
    card = {key: value for key, value in entry.items() if key not in known and key != "circuit"}
    return ParameterSet(name=name, card=card, **content)
