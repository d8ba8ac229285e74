"""What a circuit of primary visual cortex is expected to show, fact by fact: range, source, how well it is known."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

STATUS = {
    "V": "read in public text",
    "D": "computed from digitised points",
    "M": "from memory",
    "P": "this project's expectation",
    "": "reported only",
}


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The range in which a measure should lie.

    Parameters
    ----------
    fact
        Name of the measure.
    low, high
        Ends of the range, both within it; None where nothing is expected and the measure is only reported.
    unit
        Of the measure.
    study
        Key of the study in the card, and its citation: see `citation`.
    citation
        What to cite.
    status
        How well it is known, in words.
    note
        What was measured.
    """

    fact: str
    low: float | None
    high: float | None
    unit: str
    study: str
    citation: str
    status: str
    note: str

    @property
    def source(self) -> str:
        """Study, how well it is known, and what it says, in one line; empty for what is only reported."""
        return f"{self.study} ({self.status}): {self.note}" if self.study else self.note


@lru_cache(maxsize=1)
def v1_expectations() -> Mapping[str, Expectation]:
    """Return the expectations on primary visual cortex by fact, in the order of the table."""
    card = v1_card()
    text = resources.files("insilico.reference").joinpath("v1_facts.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {
        row["fact"]: Expectation(
            fact=row["fact"],
            low=float(row["low"]) if row["low"] else None,
            high=float(row["high"]) if row["high"] else None,
            unit=row["unit"],
            study=row["study"],
            citation=card["studies"][row["study"]] if row["study"] else "",
            status=STATUS[row["status"]],
            note=row["note"],
        )
        for row in rows
    }


@lru_cache(maxsize=1)
def v1_card() -> dict[str, Any]:
    """Return the card of the table: title, meaning of its columns, studies with their citations, what is not known."""
    return tomllib.loads(resources.files("insilico.reference").joinpath("v1_facts.toml").read_text(encoding="utf-8"))
