"""Run cases and count how they end, by area."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from tests.fuzz.cases import cases
from tests.fuzz.command import RefusedError
from tests.fuzz.outcome import outcome

WAYS = ("clear", "unclear", "silent", "valid")
EXAMPLES = 5


class Campaign:
    """Counts by area and outcome, and a few different examples of what should not be."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.examples: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def run(self, n: int, *, seed: int) -> None:
        """Run `n` cases drawn with a seed."""
        with tempfile.TemporaryDirectory() as folder:
            for case in itertools.islice(cases(np.random.default_rng(seed), Path(folder)), n):
                way, said = outcome(case.call, wrong=case.wrong, also_clear=(RefusedError,))
                self.counts[case.area, way] += 1
                if way in ("unclear", "silent"):
                    self.examples[case.area, way].setdefault(said or case.text, case.text)

    def total(self, *ways: str) -> int:
        """Return the number of cases that ended in one of these ways."""
        return sum(count for (_, way), count in self.counts.items() if way in ways)

    def table(self) -> str:
        """Return the counts as a table, with examples."""
        areas = list(dict.fromkeys(area for area, _ in self.counts))
        lines = ["| area | inputs | clear | unclear | silent | valid |", "|---|---|---|---|---|---|"]
        for area in areas:
            row = [self.counts[area, way] for way in WAYS]
            lines.append(f"| {area} | {sum(row)} | {' | '.join(map(str, row))} |")
        row = [self.total(way) for way in WAYS]
        lines.append(f"| all | {sum(row)} | {' | '.join(map(str, row))} |")
        for (area, way), found in sorted(self.examples.items()):
            lines.append(f"\n{area}, {way}: {len(found)} different")
            lines += [f"  {text}  ->  {said}" for said, text in list(found.items())[:EXAMPLES]]
        return "\n".join(lines)
