"""The null of every comparison: the encoder's drive, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from insilico.circuit import AbstractStaticCircuit, Drive


@dataclass(frozen=True, kw_only=True)
class FeedforwardParameters:
    """A feed-forward population has no parameters of its own."""


class Feedforward(AbstractStaticCircuit):
    """output = drive."""

    name: ClassVar[str] = "feedforward"
    summary: ClassVar[str] = "the encoder's drive alone: the null of every comparison"
    citation: ClassVar[str] = "none: a null model"
    parameters_class: ClassVar[type] = FeedforwardParameters

    def respond(
        self, drive: Drive, parameters: FeedforwardParameters, *, boundary: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the drive, twice."""
        values = np.asarray(drive.data)
        return values, values


CIRCUIT = Feedforward()
