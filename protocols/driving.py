"""Experiments that drive units themselves: what they take, refuse and write down."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from insilico.experiment import Acts, along_perturbation, described_acts, subjects_under
from insilico.model import Model, SheetModel
from insilico.preparation import Preparation
from insilico.provenance import provenance
from insilico.recording import Recording
from insilico.wording import described
from protocols.base import AbstractProtocol
from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class AbstractDrivingProtocol(AbstractProtocol):
    """An experiment that drives units of a circuit of the zoo and measures what the others do."""

    @abc.abstractmethod
    def measured(self, model: SheetModel, *, seed: int) -> xr.Dataset:
        """Return the result on a prepared model, without title and provenance; `run` says what is in it."""

    def sheet(self, model: SheetModel) -> Preparation:
        """Return the sheet of the experiment: the one that was asked for, or the model's own."""
        return model.preparation if self.preparation is None else self.preparation

    def run(
        self,
        model: Model,
        *,
        perturbations: Mapping[str, Acts] | None = None,
        recording: Recording = Recording(),
        batch: int | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> xr.Dataset:
        """Drive units and measure the others.

        Parameters
        ----------
        model
            A circuit of the zoo, with its lesions.
        perturbations
            As for every experiment: the same units are driven in the intact circuit, under a sham, and in the
            perturbed one. Where the experiment needs a uniform sheet, lesions and whole populations can be perturbed.
        recording, batch, progress
            Not used: the experiment says itself who is read.
        seed
            Added to that of the protocol, and written into the provenance.

        Returns
        -------
        xarray.Dataset
            As `measured` of the protocol says; with `residual` and `converged` (stimulus).
        """
        if not isinstance(model, SheetModel):
            raise TypeError(f"{type(model).__name__}: influence needs a circuit of the zoo, which gives its equations.")
        subject = model.prepared(self.sheet(model))
        if perturbations is None:
            return self.signed(self.measured(subject, seed=seed), subject, seed=seed)
        parts = {}
        for name, perturbed in subjects_under(perturbations, subject).items():
            assert isinstance(perturbed, SheetModel)
            parts[name] = self.measured(perturbed, seed=seed)
        return self.signed(along_perturbation(parts), subject, seed=seed, perturbations=described_acts(perturbations))

    def signed(self, data: xr.Dataset, model: SheetModel, *, seed: int, **further: Any) -> xr.Dataset:
        """Return a result of `measured` with title and provenance."""
        written = provenance(
            model=model.spec(),
            protocol=self.spec(),
            assumptions=self.assumptions(model.preparation),
            seed=seed,
            **further,
        )
        return data.assign_attrs(title=f"{self.title}: {described(json.loads(written)['model'])}", provenance=written)
