"""Sizes of the change of a population's response to the stimulus that the stimulated neuron prefers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insilico.analysis.influence.design import InfluenceDesign
from insilico.analysis.influence.pairs import PairTable

PUBLISHED_GAIN = -0.02  # Chettih & Harvey 2019, abstract


@dataclass(frozen=True, kw_only=True)
class PopulationGain:
    """Sizes that go with test e; they scale with the drive and with 1 / the number of neurons in a field.

    Parameters
    ----------
    gain
        Change of the population's response to the target's preferred stimulus / that response, mean over targets;
        the target itself is left out of both.
    gain_per_drive
        The same per r, the change of the target / its largest response.
    net_return
        Summed change of all others / change of the target.
    drive_for_published
        The r that would give −2 %, were the influence linear in it; NaN where the gain is not negative.
    """

    gain: float
    gain_per_drive: float
    net_return: float
    drive_for_published: float


def population_gain(design: InfluenceDesign) -> PopulationGain:
    """Return the sizes of test e."""
    table = design.table
    drive = _of_targets(table, "drive")
    change = drive * _of_targets(table, "target_maximum")
    if (change <= 0).any():
        raise ValueError(
            f"the target's own change is {change.min():g} events: must be above 0; drive is r, the change of the "
            "target's response / its largest response."
        )
    gains = design.gains(table["influence_at_preferred"])
    others = np.bincount(table.target, weights=table["residual_sd"] * table["influence_at_preferred"])
    per_drive = float((gains / drive).mean())
    return PopulationGain(
        gain=float(gains.mean()),
        gain_per_drive=per_drive,
        net_return=float((others / change).mean()),
        drive_for_published=PUBLISHED_GAIN / per_drive if per_drive < 0 else float("nan"),
    )


def _of_targets(table: PairTable, name: str) -> np.ndarray:
    values = table[name]
    result = np.zeros(table.n_targets)
    result[table.target] = values
    if (result[table.target] != values).any():
        wrong = int(table.target[result[table.target] != values][0])
        raise ValueError(f"{name} differs between the pairs of target number {wrong}: it is one value per target.")
    return result
