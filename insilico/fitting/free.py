"""Free parameters: a name, where it acts, its bounds, and the scale on which it is searched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from stimuli.doors import door

LOG, LINEAR = "log", "linear"


@door
@dataclass(frozen=True, kw_only=True)
class Free:
    """One free parameter.

    Parameters
    ----------
    name
        Field of the circuit's parameters or of a preparation ("beta", "tuning_width", "center_diameter").
    where
        Beginning of the names of the preparations that it acts on ("cat", "human_kim_wilson1997"), several joined by
        "+" ("macaque+default"); "" for all.
    low, high
        Bounds, low < high; both > 0 on the log scale.
    transform
        "log" or "linear": the scale on which the optimiser moves and starts are drawn.
    """

    name: str
    low: float
    high: float
    where: str = ""
    transform: str = LOG

    def __post_init__(self) -> None:
        if self.transform not in (LOG, LINEAR):
            raise ValueError(f"transform = {self.transform!r} of {self.label}: must be 'log' or 'linear'.")
        if not (np.isfinite(self.low) and np.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"bounds of {self.label} = ({self.low}, {self.high}): must be finite, low < high.")
        if self.transform == LOG and self.low <= 0:
            raise ValueError(f"low = {self.low} of {self.label}: must be > 0 on the log scale.")

    @property
    def label(self) -> str:
        """Name, and where it acts: "beta", "tuning_width@cat"."""
        return f"{self.name}@{self.where}" if self.where else self.name

    def acts_on(self, preparation: str) -> bool:
        """Return whether it acts on the preparation of that name."""
        return any(preparation.startswith(beginning) for beginning in self.where.split("+"))

    def to_unit(self, value: float) -> float:
        """Return the position of a value between the bounds, 0 to 1 on the parameter's scale."""
        low, high, v = (np.log(b) if self.transform == LOG else b for b in (self.low, self.high, value))
        return float((v - low) / (high - low))

    def from_unit(self, position: float) -> float:
        """Return the value at a position between the bounds."""
        if self.transform == LOG:
            return float(np.exp(np.log(self.low) + position * np.log(self.high / self.low)))
        return float(self.low + position * (self.high - self.low))


def superseded(label: str, free: Sequence[Free], names: Collection[str]) -> bool:
    """Return whether none of the values of an earlier label is left once the free parameters are found."""
    name, _, where = label.partition("@")
    mine = [f for f in free if f.name == name]
    if any(not f.where for f in mine):
        return True
    reach = [n for n in names if where and any(n.startswith(beginning) for beginning in where.split("+"))]
    return bool(reach) and all(any(f.acts_on(n) for f in mine) for n in reach)
