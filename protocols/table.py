"""An experiment with a published table: predictions at the data's own conditions, nulls, one score."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import xarray as xr

from insilico.analysis.lookup import preference_of
from insilico.comparison import GAIN_AND_OFFSET, Comparison, Finding, Scale, bootstrap_interval
from insilico.features import FEATURES, Feature
from insilico.preparation import Preparation
from insilico.provenance import read_provenance
from insilico.reference_data import ReferenceData, load_reference
from protocols.base import STIMULUS, UNIT, AbstractProtocol, subject_of
from protocols.dedicated import dedicated_nulls
from stimuli import StimulusSet
from stimuli.doors import door


class Reader(Protocol):
    """What maps the recorded output column to the prediction at each point of a table, all look-ups done."""

    def __call__(self, response: np.ndarray, drive: np.ndarray, /) -> np.ndarray:
        """Return (n_points,) from response and drive, both (n_stimuli, n_channels)."""


@door
@dataclass(frozen=True, kw_only=True)
class AbstractTableProtocol(AbstractProtocol):
    """An experiment with a published table to be compared with."""

    table: ClassVar[str]
    scale: ClassVar[Scale] = GAIN_AND_OFFSET

    @property
    def reference(self) -> ReferenceData:
        """The published table with its card."""
        return load_reference(self.table)

    @abc.abstractmethod
    def reading(self, shown: Mapping[str, np.ndarray], preferences: np.ndarray, feature: Feature) -> Reader:
        """Return the reader of this table.

        Parameters
        ----------
        shown
            Stimulus parameter to its values, each of shape (n_stimuli,).
        preferences
            Of the channels of the recorded column, shape (n_channels,).
        feature
            That the channels are tuned to.
        """

    @abc.abstractmethod
    def null(self, name: str, column: xr.Dataset, reference: ReferenceData) -> np.ndarray:
        """Return the prediction of a named null, (n_points,) or (n_points, n_columns)."""

    @abc.abstractmethod
    def plotter(self, column: xr.Dataset) -> Callable[[Comparison], Any]:
        """Return what draws a comparison; it may show more of the recorded column than the table's points."""

    def cite(self) -> str:
        """Return the citation of the published table."""
        return self.reference.cite()

    def reader(self, stimuli: StimulusSet, preparation: Preparation) -> Reader:
        """Return what maps arrays to the prediction, for callers that evaluate a model many times.

        Parameters
        ----------
        stimuli
            What is shown, all points of the table among it.
        preparation
            That of the model.

        Returns
        -------
        Reader
            Function of response and drive of the recorded output column, both (n_stimuli, n_channels) in the order
            of the stimuli; its result is that of `predict` on a labelled recording, shape (n_points,).
        """
        shown = {str(name): c.values for name, c in stimuli.parameters.coords.items()}
        return self.reading(shown, preparation.preferences, preparation.axis)

    def predict(self, column: xr.Dataset, variable: str = "response") -> np.ndarray:
        """Return the model's value at each point of the table, at the data's own nominal stimulus values."""
        return self.predicted(column, variable)

    def predicted(self, column: xr.Dataset, variable: str, **conditions: np.ndarray) -> np.ndarray:
        """Return what the reader makes of a labelled column; `conditions` are passed on to `reading`."""
        read: Callable[..., Reader] = self.reading
        arrays = [column[name].transpose(STIMULUS, UNIT).values for name in (variable, "drive")]
        return read(*labels_of(column), **conditions)(*arrays)

    def compare(self, responses: xr.Dataset, *, seed: int = 0) -> Comparison:
        """Compare a result of `run` with the published table.

        Parameters
        ----------
        responses
            Result of `run`, from memory or from disk.
        seed
            Of the bootstrap over mirror orbits.

        Returns
        -------
        Comparison
            R² on the protocol's scale, interval, nulls, ceiling, free parameters, findings.
        """
        column, reference = self.checked(responses), self.reference
        data = reference.values.values
        prediction = self.predict(column)
        fit = self.scale.fit

        def r2(data: np.ndarray, prediction: np.ndarray) -> float:
            return fit(data, prediction).r2

        low, high = bootstrap_interval(data, prediction, reference.orbit, seed=seed, statistic=r2)
        model = read_provenance(responses.attrs)["model"]
        return Comparison(
            protocol=self.name,
            model=subject_of(responses),
            reference=reference,
            prediction=prediction,
            fit=fit(data, prediction),
            low=low,
            high=high,
            nulls={
                **{name: r2(data, self.null(name, column, reference)) for name in reference.card["nulls"]},
                **dedicated_nulls(self.table),
            },
            n_free=int(model.get("n_fitted", 0)) + self.scale.n_free,
            converged=bool(responses["converged"].values.all()),
            residual=float(responses["residual"].max()),
            findings=self.findings(responses),
            assumptions=read_provenance(responses.attrs)["assumptions"],
            scale=self.scale,
            plotter=self.plotter(column),
        )

    def plot(self, responses: xr.Dataset) -> Any:
        """Return the figure of the comparison with the published table."""
        return self.compare(responses).plot()


def labels_of(column: xr.Dataset) -> tuple[dict[str, np.ndarray], np.ndarray, Feature]:
    """Return the stimulus parameters, the channels' preferences and their feature of a labelled column."""
    shown = {str(name): c.values for name, c in column.coords.items() if c.dims == (STIMULUS,)}
    name = preference_of(column)
    return shown, column[name].values, FEATURES[name.removeprefix("preferred_")]


def paired(points: Sequence[Finding], *, name: str, unit: str, note: str) -> Finding:
    """Return the rms difference between the model's and the data's values of several findings."""
    gaps = [float(f.value) - f.data for f in points if f.data is not None]
    return Finding(name=name, value=float(np.sqrt(np.mean(np.square(gaps)))), unit=unit, note=note)
