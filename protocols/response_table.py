"""An experiment whose table holds responses: predictions are look-ups by condition and preference."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import channel_weights, stimulus_rows
from insilico.comparison import Comparison, Finding
from insilico.features import Feature
from insilico.reference_data import ReferenceData
from protocols.table import AbstractTableProtocol, Reader
from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class AbstractResponseTable(AbstractTableProtocol):
    """An experiment whose published table holds responses of units of known preference."""

    conditions: ClassVar[tuple[str, ...]]
    layout: ClassVar[Mapping[str, Any]]  # rows, columns, x of the figure

    @abc.abstractmethod
    def preferences(self, reference: ReferenceData) -> np.ndarray:
        """Return the preferred orientation of the unit behind each point; shape (n_points,)."""

    @abc.abstractmethod
    def table_findings(self, prediction: np.ndarray, reference: ReferenceData) -> list[Finding]:
        """Return measures of the prediction beside those of the data."""

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the measures of this experiment on a result of `run`."""
        return self.table_findings(self.predict(self.checked(responses)), self.reference)

    def predict(self, column: xr.Dataset, variable: str = "response", **conditions: np.ndarray) -> np.ndarray:
        """Return the model's value at each point of the table, at the data's own nominal stimulus values.

        `conditions` replace those of the points: the single gratings behind a plaid, the centre without its surround.
        """
        return self.predicted(column, variable, **conditions)

    def reading(
        self, shown: Mapping[str, np.ndarray], preferences: np.ndarray, feature: Feature, **conditions: np.ndarray
    ) -> Reader:
        """Return the look-up of each point: rows by condition, channels by linear interpolation."""
        reference = self.reference
        at = {name: conditions.get(name, reference.values[name].values) for name in self.conditions}
        rows = stimulus_rows(shown, at)
        wanted, which = np.unique(self.preferences(reference), return_inverse=True)
        weights = channel_weights(preferences, wanted, period=feature.period)

        def read(response: np.ndarray, _drive: np.ndarray | None = None, /) -> np.ndarray:
            return (response @ weights)[rows, which]

        return read

    def plotter(self, column: xr.Dataset) -> Callable[[Comparison], Any]:
        """Return what draws a comparison panel by panel."""
        return self.plot_comparison

    def plot_comparison(self, comparison: Comparison) -> Any:
        """Return a figure of data and model, panel by panel, with the scores beside."""
        from insilico import plotting

        return plotting.comparison_panels(comparison, title=self.title, **self.layout)
