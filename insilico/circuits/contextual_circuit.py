"""One circuit for all: the 2018 circuit with its extensions, as one of the laboratory's models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import xarray as xr

from insilico.afferent import afferent_drive, afferent_energy, receptive_field
from insilico.circuit import Drive, Encoder, Mechanism, State
from insilico.circuits import contextual
from insilico.circuits.folded_column import column_state
from insilico.circuits.two_stage import Activity
from insilico.circuits.two_stage_circuit import AbstractTwoStageCircuit
from insilico.circuits.two_stage_equations import Wiring, lesioned, mechanisms_of
from insilico.encode import PopulationCode, as_drive
from stimuli import Display, StimulusSet


class Contextual(AbstractTwoStageCircuit):
    """The 2018 circuit with afferent normalization, output threshold, tuned facilitation and soft rings."""

    name: ClassVar[str] = "contextual"
    summary: ClassVar[str] = "one circuit for all tables: mely2018 with normalised afferents, threshold, soft rings"
    citation: ClassVar[str] = (
        "this project; extends Mély DA, Linsley D, Serre T (2018) Psychol Rev 125:769-784, doi:10.1037/rev0000109, "
        "with the normalization of Busse L, Wade AR, Carandini M (2009) Neuron 64:931-942, "
        "doi:10.1016/j.neuron.2009.11.004"
    )
    parameters_class: ClassVar[type] = contextual.ContextualParameters
    lesions: ClassVar[tuple[str, ...]] = contextual.LESIONS
    default_set: ClassVar[str] = "joint"
    population_code: ClassVar[Mapping[str, Any]] = {"cell_average": True}
    arrays_steady_state: ClassVar[Callable[..., Activity]] = staticmethod(contextual.steady_state)
    arrays_simulate: ClassVar[Callable[..., Activity]] = staticmethod(contextual.simulate)
    mechanisms: ClassVar[tuple[Mechanism, ...]] = mechanisms_of(contextual.ContextualParameters)
    wired: ClassVar[Callable[..., Wiring]] = staticmethod(contextual.wired)

    def encode(self, encoder: Encoder, parameters: Any, stimuli: StimulusSet, display: Display | None) -> Drive:
        """Return the normalised drive; layers are averaged over the area of a cell, and over a receptive field."""
        if isinstance(encoder, PopulationCode):
            layers = replace(encoder, cell_average=True).layers(stimuli)
            contrast = receptive_field(layers["layer_contrast"].data, parameters.rX, encoder.preparation.sheet.boundary)
            tuned = layers["layer_tuning"].data
            values = afferent_drive(contrast, tuned, c50=parameters.c50, n=parameters.n)
            return as_drive(values, encoder.preparation, stimuli)
        energy: xr.DataArray = encoder.encode(stimuli, display)
        return energy.copy(data=afferent_energy(energy.data, encoder, c50=parameters.c50, n=parameters.n))

    def folded(
        self, encoder: Encoder, parameters: Any, stimuli: StimulusSet, *, lesions: Sequence[str]
    ) -> State | None:
        """Return the fixed points at the sheet's centre from folded stimuli, to the residual of the full sheet."""
        if not isinstance(encoder, PopulationCode) or {"untuned_P", "untuned_T"} & set(lesions):
            return None
        return column_state(encoder, lesioned(parameters, lesions), stimuli)


CIRCUIT = Contextual()
