"""Experiments that drive units themselves: what they take, refuse and write down."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from insilico.experiment import Acts
from insilico.model import Model, SheetModel
from insilico.preparation import Preparation
from insilico.provenance import provenance
from insilico.recording import Recording
from protocols.base import AbstractProtocol, described


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
            Not taken: driving units is what this experiment does. Perturb the model, `model.perturbed(…)`.
        recording, batch, progress
            Not used: the experiment says itself who is read.
        seed
            Added to that of the protocol, and written into the provenance.

        Returns
        -------
        xarray.Dataset
            As `measured` of the protocol says; with `residual` and `converged` (stimulus).
        """
        if perturbations is not None:
            raise ValueError("perturbations: this experiment drives units itself. Use model.perturbed(…) instead.")
        if not isinstance(model, SheetModel):
            raise TypeError(f"{type(model).__name__}: influence needs a circuit of the zoo, which gives its equations.")
        subject = model.prepared(self.sheet(model))
        return self.signed(self.measured(subject, seed=seed), subject, seed=seed)

    def signed(self, data: xr.Dataset, model: SheetModel, *, seed: int) -> xr.Dataset:
        """Return a result of `measured` with title and provenance."""
        written = provenance(
            model=model.spec(), protocol=self.spec(), assumptions=self.assumptions(model.preparation), seed=seed
        )
        return data.assign_attrs(title=f"{self.title}: {described(model.spec())}", provenance=written)
