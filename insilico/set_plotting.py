"""Figure of the table of parameter sets: each set's scores, and what they become when its values are a little off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context

from insilico.figures import Figure
from insilico.plotting import BLACK, BLUE, FONT, GRAY, ORANGE

LOWEST = -0.2  # R² at which lower scores are drawn


def sets(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a panel for each table: score with its interval, strongest null, ceiling, and the 5th percentile of ± 5 %.

    Parameters
    ----------
    rows
        Of `protocols.set_table.rows_of`: each has the name of its `set`, and `scores` or `perturbed` by table.
    """
    tables = list(dict.fromkeys(t for row in rows for kind in ("scores", "perturbed") for t in row.get(kind, {})))
    with rc_context(FONT):
        figure = Figure(figsize=(max(2.4 * len(tables), 2.4) + 1.2, 0.32 * len(rows) + 1.6), layout="constrained")
        axes = figure.subplots(1, max(len(tables), 1), sharey=True, squeeze=False)[0]
        for ax, table in zip(axes, tables, strict=False):
            for i, row in enumerate(rows):
                _score(ax, i, row.get("scores", {}).get(table))
                _changed(ax, i, row.get("perturbed", {}).get(table))
            ax.set_title(table)
            ax.set_xlabel("R²")
            ax.set_xlim(LOWEST - 0.05, 1.05)
        axes[0].set_yticks(range(len(rows)), [row["set"] for row in rows])
        axes[0].set_ylim(len(rows) - 0.5, -0.5)
        figure.suptitle(
            "circle: score, 95 % interval over mirror orbits (open: not converged)    bar: strongest null    "
            f"dotted: ceiling\ntriangle: 5th percentile with all values ± 5 %    below {LOWEST:g}: drawn there",
            fontsize=7,
        )
    return figure


def _score(ax: Any, at: int, entry: Mapping[str, Any] | None) -> None:
    if entry is None or entry["value"] is None:
        return
    value = float(entry["value"])
    low, high = (value if entry[k] is None else float(entry[k]) for k in ("low", "high"))
    shown = max(value, LOWEST)
    error = [[max(shown - max(low, LOWEST), 0)], [max(high - shown, 0)]]
    face = BLUE if entry["converged"] else "white"
    ax.errorbar(shown, at, xerr=error, fmt="o", color=BLUE, mfc=face, capsize=2, markersize=5)
    if entry["null"] is not None:
        ax.plot(max(entry["null"], LOWEST), at, marker="|", color=BLACK, markersize=9, linestyle="none")
    if entry["ceiling"] is not None:
        ax.axvline(entry["ceiling"], color=GRAY, linewidth=0.8, linestyle=":")


def _changed(ax: Any, at: int, entry: Mapping[str, Any] | None) -> None:
    if entry is None or entry["low"] is None:
        return
    ax.plot(np.clip(entry["low"], LOWEST, None), at + 0.2, marker="^", color=ORANGE, markersize=5, linestyle="none")
