"""What a fit aims at: an experiment with a published table, or one with residuals of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from insilico.comparison import Scale
from insilico.folded_circuit import FoldedActivity
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from stimuli import StimulusSet
from stimuli.doors import door


class TableProtocol(Protocol):
    """What a problem asks of an experiment with a published table."""

    name: str

    @property
    def preparation(self) -> Preparation | None: ...

    @property
    def reference(self) -> ReferenceData: ...

    def stimuli(self, preparation: Preparation) -> StimulusSet: ...

    def reader(
        self, stimuli: StimulusSet, preparation: Preparation
    ) -> Callable[[np.ndarray, np.ndarray], np.ndarray]: ...

    @property
    def scale(self) -> Scale: ...


class SoftTarget(Protocol):
    """A target without a table: an experiment, and residuals of measures of its responses."""

    name: str

    @property
    def preparation(self) -> Preparation | None: ...

    def stimuli(self, preparation: Preparation) -> StimulusSet: ...

    def residuals(self, stimuli: StimulusSet, preparation: Preparation, activity: FoldedActivity) -> np.ndarray: ...


@door
@dataclass(frozen=True, kw_only=True)
class Target:
    """One experiment of a fit.

    Parameters
    ----------
    experiment
        A table protocol, or an experiment with residuals of its own.
    weight
        Of its sum of squares.
    width_factor
        Tuning width of this target over that of its preparation; > 0. Scores nearby show what hangs on the width.
    label
        Name of its score; the experiment's if None.
    data
        Values that take the place of the table's own, (n_points,), finite: simulated or shuffled; None for the table's.
    geometry
        Fields in which the experiment's preparation differs from the published one: a fitted model takes them along,
        so that the published experiment is run on it as it was fitted.
    kept
        Points of the table that are fitted, (n_points,) bool; all if None. The others are left out.
    """

    experiment: Any
    weight: float = 1.0
    kept: tuple[bool, ...] | None = None
    width_factor: float = 1.0
    label: str | None = None
    data: tuple[float, ...] | None = None
    geometry: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("weight", "width_factor"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} = {value} of {self.experiment.name}: must be finite and > 0.")
        for name in ("kept", "data"):
            if getattr(self, name) is not None:
                self._check_points(name)
        if self.kept is not None and not any(self.kept):
            raise ValueError(f"the leave-out empties {self.experiment.name}: keep some of its points, or drop it.")

    def _check_points(self, name: str) -> None:
        """Raise where `kept` or `data` is not one finite value for each point of the table."""
        if not self.is_table:
            raise ValueError(f"{name} of {self.experiment.name}: it has no table; leave {name} out.")
        given, n = np.asarray(getattr(self, name)), self.experiment.reference.values.size
        if given.shape != (n,):
            raise ValueError(
                f"{name} of {self.experiment.name} has shape {given.shape}: must be ({n},), one per point."
            )
        if name == "data" and not np.isfinite(given.astype(float)).all():
            bad = int(np.flatnonzero(~np.isfinite(given.astype(float)))[0])
            raise ValueError(
                f"data[{bad}] of {self.experiment.name} = {given[bad]}: must be finite; leave points out by `kept`."
            )

    @property
    def name(self) -> str:
        """Name of its score."""
        return self.label or str(self.experiment.name)

    @property
    def values(self) -> np.ndarray:
        """What is fitted, (n_points,): `data`, or the values of the table."""
        return np.asarray(self.experiment.reference.values.values if self.data is None else self.data, dtype=float)

    @property
    def is_table(self) -> bool:
        """Whether it has a published table."""
        return hasattr(self.experiment, "reader")
