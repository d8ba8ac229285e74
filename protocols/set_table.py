"""`insilico fit --table`: one table of parameter sets, from files; only what no file holds is computed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from insilico.circuits.contextual_equations import MODEL_VERSION
from insilico.provenance import DISTRIBUTION, versions
from insilico.reference_data import load_reference
from insilico.running.files import write_whole
from insilico.running.tasks import run_tasks
from insilico.zoo import parameter_set
from protocols.set_kinds import KINDS, QUICK, TABLES, Effort
from protocols.summary import as_json
from stimuli.errors import unknown_name

FINGERPRINT = "fingerprint"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One result that the table needs: a kind of question to one set."""

    model: str
    name: str
    kind: str

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{re.sub('[^A-Za-z0-9_.-]', '_', self.name)}-{self.kind}.json"

    def fingerprint(self, starts: int) -> str:
        """Return a hash of all that the result depends on: versions, the set, the published values, the effort."""
        chosen = parameter_set(self.model, self.name)
        own = {name: dict(sorted(changes.items())) for name, changes in sorted(chosen.preparations.items())}
        content = (
            self.kind,
            MODEL_VERSION,
            versions()[DISTRIBUTION],
            sorted(chosen.values.items()),
            own,
            chosen.fitted,
            None if self.kind in QUICK else (chosen.card.get("command"), starts),
            [sha256(load_reference(table).values.values.tobytes()).hexdigest() for table in TABLES],
        )
        return sha256(repr(content).encode()).hexdigest()[:16]


class Results:
    """Finished cells in a folder, one file each, written whole; what was computed from something else is not taken."""

    def __init__(self, folder: Path, cells: Sequence[Cell], starts: int) -> None:
        self._folder, self._cells, self._starts = folder, cells, starts
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, number: int) -> dict[str, Any] | None:
        """Return what was found, None where no valid file holds it."""
        cell = self._cells[number]
        try:
            content = json.loads((self._folder / cell.file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(content, dict) or content.get(FINGERPRINT) != cell.fingerprint(self._starts):
            return None
        return content.get("found")

    def write(self, number: int, result: dict[str, Any]) -> None:
        """Keep what was found."""
        cell = self._cells[number]
        content = {FINGERPRINT: cell.fingerprint(self._starts), "set": cell.name, "kind": cell.kind, "found": result}
        write_whole(self._folder / cell.file, as_json(content).encode())


def found_for(
    model: str, names: Sequence[str], kinds: Sequence[str], *, folder: Path, effort: Effort
) -> dict[str, dict[str, Any]]:
    """Return set name to kind to result: from the files in a folder, computed and kept there where they are missing.

    Parameters
    ----------
    model
        Of the sets.
    names
        Shipped sets, or paths of `parameters.toml`.
    kinds
        Of `KINDS`; those that no set can be asked (a leave-out of a set that was not fitted) are left empty.
    folder
        Of the files.
    effort
        Starts of the leave-outs, and processes.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown_name("kind", kind, KINDS)
    sets = {name: parameter_set(model, name) for name in names}
    wanted = [
        Cell(model=model, name=name, kind=kind)
        for kind in kinds
        for name in names
        if kind in QUICK or sets[name].card.get("command")
    ]
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for quick in (True, False):
        cells = [cell for cell in wanted if (cell.kind in QUICK) == quick]
        own = Effort(starts=effort.starts) if quick else effort  # a fit shares its starts among the processes itself
        results = run_tasks(
            partial(_computed, own),
            cells,
            name="table of sets" if quick else "leave-outs of sets",
            unit="result",
            processes=effort.processes if quick else 1,
            ledger=Results(folder, cells, effort.starts),
            progress=True,
        )
        for cell, result in zip(cells, results, strict=True):
            found[cell.name][cell.kind] = result
    return found


def _computed(effort: Effort, cell: Cell) -> dict[str, Any]:
    return json.loads(as_json(KINDS[cell.kind](cell.model, cell.name, effort)))  # as it is read again


def rows_of(model: str, found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each set: how many values were fitted, and everything that was found."""
    rows = []
    for name, results in found.items():
        chosen = parameter_set(model, name)
        scores = results.get("scores", {})
        projected = sum(entry["gain_and_offset"] for entry in scores.values())
        rows.append(
            {
                "set": name,
                "n_shared": chosen.n_shared,
                "n_per_data_set": chosen.n_per_data_set,
                "n_gain_and_offset": projected if scores else None,
                "fitted": list(chosen.fitted),
                "fixed_at_bounds": list(chosen.card.get("fixed_at_bounds", ())),
                "fitted_to": list(chosen.card.get("fitted_to", ())),
                **results,
            }
        )
    return rows


def missed(score: float | None, beside: float | None) -> bool:
    """Return whether a score is a miss: undefined, or not above what it stands beside (0 where nothing does)."""
    limit = 0.0 if beside is None else beside
    return score is None or not math.isfinite(score) or score <= limit


def write_table(rows: Sequence[Mapping[str, Any]], *, command: str, out: Path) -> str:
    """Write sets.md, sets.json and sets.png into a folder, each whole, and return the text."""
    from insilico import set_plotting
    from protocols.report import png
    from protocols.set_text import as_markdown

    text = as_markdown(rows)
    content = {"sets": list(rows), "provenance": {"command": command, "versions": versions()}}
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "sets.json", as_json(content).encode())
    write_whole(out / "sets.png", png(set_plotting.sets(rows)))
    write_whole(out / "sets.md", text.encode())
    return text
