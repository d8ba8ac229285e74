"""An experiment with a published table: predictions at the data's own conditions, nulls, one score."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import responses_to
from insilico.comparison import Comparison, Finding, bootstrap_interval, fit_linear
from insilico.provenance import read_provenance
from insilico.reference_data import ReferenceData, load_reference
from protocols.base import AbstractProtocol, described


@dataclass(frozen=True, kw_only=True)
class AbstractTableProtocol(AbstractProtocol):
    """An experiment with a published table to be compared with."""

    table: ClassVar[str]
    conditions: ClassVar[tuple[str, ...]]
    layout: ClassVar[Mapping[str, Any]]  # rows, columns, x of the figure

    @property
    def reference(self) -> ReferenceData:
        """The published table with its card."""
        return load_reference(self.table)

    @abc.abstractmethod
    def preferences(self, reference: ReferenceData) -> np.ndarray:
        """Return the preferred orientation of the unit behind each point; shape (n_points,)."""

    @abc.abstractmethod
    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the prediction of a named null, (n_points,) or (n_points, n_columns)."""

    @abc.abstractmethod
    def table_findings(self, prediction: np.ndarray, reference: ReferenceData) -> list[Finding]:
        """Return measures of the prediction beside those of the data."""

    def cite(self) -> str:
        """Return the citation of the published table."""
        return self.reference.cite()

    def predict(self, column: xr.Dataset, variable: str = "response", **conditions: np.ndarray) -> np.ndarray:
        """Return the model's value at each point of the table, at the data's own nominal stimulus values.

        `conditions` replace those of the points: the single gratings behind a plaid, the centre without its surround.
        """
        reference = self.reference
        at = {name: conditions.get(name, reference.values[name].values) for name in self.conditions}
        return responses_to(column[variable], at, self.preferences(reference))

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the measures of this experiment on a result of `run`."""
        return self.table_findings(self.predict(self.checked(responses)), self.reference)

    def compare(self, responses: xr.Dataset, *, seed: int = 0) -> Comparison:
        """Compare a result of `run` with the published table.

        Parameters
        ----------
        responses
            Result of `run`, from memory or from disk.
        seed
            Of the bootstrap over panels.

        Returns
        -------
        Comparison
            R² with one gain and one offset, interval, nulls, ceiling, free parameters, findings.
        """
        column, reference = self.checked(responses), self.reference
        data = reference.values.values
        prediction = self.predict(column)
        fit = fit_linear(data, prediction)
        low, high = bootstrap_interval(data, prediction, reference.panel, seed=seed)
        model = read_provenance(responses.attrs)["model"]
        return Comparison(
            protocol=self.name,
            model=described(model),
            reference=reference,
            prediction=prediction,
            fit=fit,
            low=low,
            high=high,
            nulls={n: fit_linear(data, self.null(n, column, reference)).r2 for n in reference.card["nulls"]},
            n_free=int(model.get("n_fitted", 0)) + 2,
            converged=bool(responses["converged"].values.all()),
            residual=float(responses["residual"].max()),
            findings=self.findings(responses),
            assumptions=read_provenance(responses.attrs)["assumptions"],
            plotter=self.plot_comparison,
        )

    def plot(self, responses: xr.Dataset) -> Any:
        """Return the figure of the comparison with the published table."""
        return self.plot_comparison(self.compare(responses))

    def plot_comparison(self, comparison: Comparison) -> Any:
        """Return a figure of data and model, panel by panel, with the scores beside."""
        from insilico import plotting

        return plotting.comparison_panels(comparison, title=self.title, **self.layout)


def paired(points: Sequence[Finding], *, name: str, unit: str) -> Finding:
    """Return the rms difference between the model's and the data's values of several findings."""
    gaps = [f.value - f.data for f in points if f.data is not None]
    return Finding(name=name, value=float(np.sqrt(np.mean(np.square(gaps)))), unit=unit)
