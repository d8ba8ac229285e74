"""A circuit as an experimental subject: it is shown stimuli, recorded, and perturbed; it never changes."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
import xarray as xr

from insilico.circuit import AbstractCircuit, Drive, Encoder
from insilico.contributions import refuse_unknown_mechanisms, with_contributions
from insilico.encode import PopulationCode
from insilico.energy import EnergyModel
from insilico.equations import Equations
from insilico.light import Light, as_perturbations
from insilico.perturb import Lesion, Perturbation, refuse_conflicts
from insilico.preparation import SHIPPED, Preparation, PreparationNameWarning
from insilico.recording import Recording
from insilico.targets import Targets
from insilico.units import recorded, unit_table
from stimuli import Display, StimulusSet
from stimuli.doors import door
from stimuli.errors import unknown_name

ENCODERS = {"population": PopulationCode, "energy": EnergyModel}
EVERY = "*"  # overrides under this name hold for every preparation


@runtime_checkable
class Model(Protocol):
    """What a protocol asks of a subject; see `insilico.check_model` for the contract as executable checks."""

    @property
    def name(self) -> str:
        """Name of the circuit."""

    @property
    def preparation(self) -> Preparation:
        """Sheet, channels and geometry."""

    @property
    def units(self) -> xr.Dataset:
        """All units with their coordinates."""

    def prepared(self, preparation: Preparation) -> Model:
        """Return a model with the sheet and channels of an experiment."""

    def encode(self, stimuli: StimulusSet, display: Display | None = None) -> Drive:
        """Return the drive of the stimuli."""

    def respond(self, drive: Drive, *, recording: Recording = ...) -> xr.Dataset:
        """Return the response of the recorded units."""

    def perturbed(self, *perturbations: Lesion | Perturbation | Light) -> Model:
        """Return a model under perturbations."""

    def spec(self) -> dict[str, Any]:
        """Return all that defines the model, as plain data."""


OF_MODEL = ("name", "preparation", "units", "prepared", "encode", "respond", "perturbed", "spec")


def missing_of_model(subject: object) -> list[str]:
    """Return which methods and attributes of a `Model` an object lacks; a class has none of its instances'."""
    return list(OF_MODEL) if isinstance(subject, type) else [name for name in OF_MODEL if not hasattr(subject, name)]


def refuse_no_model(subject: object) -> None:
    """Raise TypeError where an object cannot be recorded; says what a model is and the shortest way to one."""
    missing = missing_of_model(subject)
    if missing:
        raise TypeError(
            f"{getattr(subject, '__name__', type(subject).__name__)} is no model: it lacks {', '.join(missing)}. Take "
            "one of the zoo, insilico.load_model('mely2018'), or give an object these methods and attributes, as "
            "insilico.Model lists them, and prove it with insilico.check_model(model, stimuli)."
        )


@door
@dataclass(frozen=True, kw_only=True)
class SheetModel:
    """A circuit on a cortical sheet behind an encoder.

    Parameters
    ----------
    circuit
        Equations.
    parameters
        Frozen parameters of the circuit.
    parameter_set
        Name of the set that they started from.
    changes
        What the user has changed in that set, for display.
    n_fitted
        Number of parameters of that set that were fitted to data.
    fitted
        Labels of these, NAME or NAME@PREPARATIONS, where the set says which.
    preparation
        Sheet, channels, geometry.
    overrides
        Preparation name to the fields, or the circuit's parameters, that the parameter set changes for it, and the
        fields that the user changes in all ("*").
    encoder
        "population" reads exact layers, "energy" sees frames.
    encoder_settings
        Fields of the encoder that differ from its defaults.
    lesions, perturbations
        What is removed, what is driven.
    """

    circuit: AbstractCircuit
    parameters: Any
    parameter_set: str = "default"
    changes: Mapping[str, Any] = field(default_factory=dict)
    n_fitted: int = 0
    fitted: tuple[str, ...] = ()
    preparation: Preparation = Preparation()
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    encoder: str = "population"
    encoder_settings: Mapping[str, Any] = field(default_factory=dict)
    lesions: tuple[str, ...] = ()
    perturbations: tuple[Perturbation | Light, ...] = ()

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise unknown_name("encoder", self.encoder, ENCODERS)
        for lesion in self.lesions:
            if lesion not in self.circuit.lesions:
                if not self.circuit.lesions:
                    raise ValueError(f"no lesion {lesion!r}: {self.name} has no mechanism to remove.")
                raise unknown_name(f"lesion of {self.name}", lesion, self.circuit.lesions)

    @property
    def name(self) -> str:
        """The circuit's name."""
        return self.circuit.name

    @property
    def units(self) -> xr.Dataset:
        """All units: dimension unit, with population, position and preferred feature."""
        return unit_table(self.preparation, self.circuit.populations)

    def prepared(self, preparation: Preparation) -> SheetModel:
        """Return this model on another preparation, with what its parameter set changes for one of that name.

        Warns
        -----
        PreparationNameWarning
            Where the set changes preparations, knows none of this name, and the user has not said the same fields.
        """
        own = self._parameter_names
        self._warn_of_name(preparation.name)
        changes = {**self.overrides.get(preparation.name, {}), **self.overrides.get(EVERY, {})}
        changed = preparation.replaced(**{k: v for k, v in changes.items() if k not in own})
        by_id = [p for p in self.perturbations if isinstance(p, Perturbation) and isinstance(p.units, tuple)]
        if by_id and _shape(changed) != _shape(self.preparation):
            raise ValueError(
                f"units were perturbed by their ids on {_shape(self.preparation)} rows, columns, channels; "
                f"{preparation.name} has {_shape(changed)}, where the same ids are other units. Prepare first, then "
                "perturb: model.prepared(experiment.preparation).perturbed(…), with ids from unit_ids of that shape."
            )
        return replace(self, preparation=changed)

    def _warn_of_name(self, name: str) -> None:
        known = {key: changes for key, changes in self.overrides.items() if key != EVERY}
        said = {*self.overrides.get(EVERY, {}), *self.changes}
        left = sorted({of for changes in known.values() for of in changes} - said)
        if not left or name in known or name in SHIPPED:
            return
        warnings.warn(
            f"the parameter set {self.parameter_set!r} changes {', '.join(left)} in {', '.join(known)}; the "
            f"preparation {name!r} is none of them and keeps its own. Give it one of these names to have their values, "
            "or say yours: load_model(…, **{'preparation.tuning_width': …}).",
            PreparationNameWarning,
            stacklevel=3,
        )

    @property
    def effective_parameters(self) -> Any:
        """The circuit's parameters on this preparation: the shared ones, and those that the set changes for it."""
        own = self._parameter_names - set(self.changes)  # what the user has changed holds everywhere
        changes = self.overrides.get(self.preparation.name, {})
        return replace(self.parameters, **{k: v for k, v in changes.items() if k in own})

    @property
    def _parameter_names(self) -> set[str]:
        return {f.name for f in dataclasses.fields(self.parameters)}

    def perturbed(self, *perturbations: Lesion | Perturbation | Light) -> SheetModel:
        """Return this model with mechanisms removed, units perturbed or lit, on top of what it already has."""
        lesions = [p.name for p in perturbations if isinstance(p, Lesion)]
        others = [p for p in perturbations if isinstance(p, Perturbation | Light)]
        if len(lesions) + len(others) != len(perturbations):
            bad = next(p for p in perturbations if not isinstance(p, Lesion | Perturbation | Light))
            raise TypeError(f"{bad!r}: must be an insilico.Lesion, insilico.Perturbation or insilico.Light.")
        for perturbation in others:
            if isinstance(perturbation, Perturbation) and not isinstance(perturbation.units, Targets):
                self._refuse_conflicts((perturbation,))
        return replace(
            self,
            lesions=tuple(dict.fromkeys((*self.lesions, *lesions))),
            perturbations=(*self.perturbations, *others),
        )

    def _refuse_conflicts(self, perturbations: Sequence[Perturbation]) -> None:
        refuse_conflicts(
            perturbations,
            _shape(self.preparation),
            populations=self.circuit.populations,
            lowest=self.circuit.lowest,
        )

    def checked_perturbations(self) -> tuple[Perturbation, ...]:
        """Return `effective_perturbations`; raises ValueError where they cannot be done together."""
        found = self.effective_perturbations
        self._refuse_conflicts(found)
        return found

    @property
    def effective_perturbations(self) -> tuple[Perturbation, ...]:
        """What is perturbed on this preparation: targets looked up, lights turned into drives."""
        if all(isinstance(p, Perturbation) and not isinstance(p.units, Targets) for p in self.perturbations):
            return tuple(p for p in self.perturbations if isinstance(p, Perturbation))
        units = self.units
        found = []
        for p in self.perturbations:
            if isinstance(p, Perturbation):
                found.append(replace(p, units=p.units.ids(units)) if isinstance(p.units, Targets) else p)
        return (*found, *as_perturbations([p for p in self.perturbations if isinstance(p, Light)], units))

    def encode(self, stimuli: StimulusSet, display: Display | None = None) -> Drive:
        """Return the drive of the stimuli; see the encoder for dims and range."""
        return self.circuit.encode(self._encoder(), self.effective_parameters, stimuli, display)

    def respond(self, drive: Drive, *, recording: Recording = Recording()) -> xr.Dataset:
        """Return the response of the recorded units.

        Parameters
        ----------
        drive
            What `encode` returned.
        recording
            Cells, populations and, over time, window and cadence; whether to keep the mechanisms apart.

        Returns
        -------
        xarray.Dataset
            `response`, `drive` (stimulus[, time], unit) and the state of convergence of each stimulus.
        """
        _check_drive(drive, self.preparation)
        if recording.mechanisms:
            refuse_unknown_mechanisms(self.circuit)
        drive = drive.transpose("stimulus", "y", "x", ...)
        common: dict[str, Any] = {
            "boundary": self.preparation.sheet.boundary,
            "lesions": self.lesions,
            "perturbations": self.effective_perturbations,
        }
        times = recording.times
        if times is not None:
            _refuse_outside(self.perturbations, float(times[-1]))
        if times is None:
            state = self.circuit.steady_state(drive, self.effective_parameters, **common)
        else:
            state = self.circuit.time_course(drive, self.effective_parameters, times=times, **common)
        data = recorded(state, recording, self.preparation, self.circuit.populations)
        if recording.mechanisms:
            terms = partial(
                self.circuit.contributions,
                parameters=self.effective_parameters,
                boundary=common["boundary"],
                lesions=self.lesions,
            )
            data = with_contributions(data, state, terms, self.circuit.mechanisms)
        return data.assign_coords({name: c for name, c in drive.coords.items() if c.dims == ("stimulus",)})

    def folded(self, stimuli: StimulusSet, recording: Recording = Recording()) -> xr.Dataset | None:
        """Return what `respond` would, without the sheet: symmetric stimuli, the centre's output, steady states.

        None where anything else is asked for, or where folding does not apply; see `AbstractCircuit.folded`.
        """
        plain = replace(recording, cadence=Recording().cadence) == Recording()
        if not plain or self.perturbations:
            return None
        state = self.circuit.folded(self._encoder(), self.effective_parameters, stimuli, lesions=self.lesions)
        if state is None:
            return None
        return recorded(state, recording, self.preparation, self.circuit.populations)

    def equations(self, drive: Drive) -> tuple[Equations, ...]:
        """Return the circuit's equations under each stimulus of a drive, with the model's lesions and perturbations."""
        _check_drive(drive, self.preparation)
        return self.circuit.equations(
            drive.transpose("stimulus", "y", "x", ...),
            self.effective_parameters,
            boundary=self.preparation.sheet.boundary,
            lesions=self.lesions,
            perturbations=self.effective_perturbations,
        )

    def spec(self) -> dict[str, Any]:
        """Return all that defines the model, as plain data."""
        return {
            "name": self.name,
            "parameter_set": self.parameter_set,
            "changes": dict(self.changes),
            "parameters": dataclasses.asdict(self.effective_parameters),
            "n_fitted": self.n_fitted,
            "fitted": list(self.fitted),
            "encoder": self.encoder,
            "encoder_settings": {
                name: value for name, value in dataclasses.asdict(self._encoder()).items() if name != "preparation"
            },
            "lesions": list(self.lesions),
            "perturbations": [described_perturbation(p) for p in self.perturbations],
            "preparation": dataclasses.asdict(self.preparation),
        }

    def _encoder(self) -> Encoder:
        encoder: type[Any] = ENCODERS[self.encoder]
        known = {f.name for f in dataclasses.fields(encoder)} - {"preparation"}
        for name in self.encoder_settings:
            if name not in known:
                raise unknown_name(f"setting of the {self.encoder} encoder", name, known)
        fixed = self.circuit.population_code if self.encoder == "population" else {}
        for name, value in fixed.items():
            if self.encoder_settings.get(name, value) is not value:
                raise ValueError(
                    f"encoder.{name} = {self.encoder_settings[name]!r}: is {value} in {self.name}, whose circuit "
                    "sets it: leave it out."
                )
        return encoder(preparation=self.preparation, **{**self.encoder_settings, **fixed})


def described_perturbation(perturbation: Lesion | Perturbation | Light) -> dict[str, Any]:
    """Return a perturbation as plain data, with its kind: "lesion", the mode of a perturbation, or "light"."""
    if isinstance(perturbation, Lesion):
        return {"mode": "lesion", "name": perturbation.name}
    mode = perturbation.mode if isinstance(perturbation, Perturbation) else "light"
    return {"mode": mode, **dataclasses.asdict(perturbation)}


def _refuse_outside(perturbations: Sequence[Perturbation | Light], end: float) -> None:
    """Raise ValueError where a perturbation ends before the run, or begins after all has been recorded."""
    for p in perturbations:
        if p.window[1] <= 0:
            raise ValueError(f"window = {p.window} ends before the run begins, at 0: choose a later window.")
        if p.window[0] >= end:
            raise ValueError(f"window = {p.window} begins when the recording has ended, at {end:g}: record longer.")


def _shape(preparation: Preparation) -> tuple[int, int, int]:
    return (*preparation.sheet.shape, preparation.n_channels)


def _check_drive(drive: Drive, preparation: Preparation) -> None:
    """Raise ValueError where a drive does not belong to the preparation: dims, positions, preferences."""
    wanted = {"y": preparation.sheet.y, "x": preparation.sheet.x}
    if not isinstance(drive, xr.DataArray | xr.Dataset):
        raise TypeError(f"drive is a {type(drive).__name__}: must be what encode() returned.")
    missing = {"stimulus", "feature", *wanted} - set(drive.sizes)
    if missing:
        raise ValueError(f"the drive lacks the dimension {sorted(missing)[0]!r}: must be what encode() returned.")
    wanted["feature"] = np.arange(preparation.n_channels)
    wanted[f"preferred_{preparation.feature}"] = preparation.preferences
    for name, values in wanted.items():
        found = drive[name].values if name in drive.coords else np.zeros(0)
        if found.shape != values.shape or not np.allclose(found, values):
            raise ValueError(
                f"the drive's {name!r} is not that of the preparation {preparation.name!r} ({values.size} values): "
                "encode the stimuli with this model."
            )
