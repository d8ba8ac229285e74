"""The table of sets as markdown: scores beside what they must beat, then what hangs on what, then what was not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protocols.set_kinds import TABLES
from protocols.set_table import missed

LEGEND = """R² [95 % interval; number of mirror orbits of panels that it is over]. **Bold: a miss**, not above the
strongest null, not converged, or with a gain that is not above 0. Fitted values: shared by all data sets + of single
data sets (widths) + gain and offset of the tables; values at a bound are fixed there and not counted."""

Row = Mapping[str, Any]


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the tables of all kinds that were asked for."""
    parts = [LEGEND]
    for title, table in (
        ("Scores", _scores),
        ("All fitted values changed by up to 5 %: median, 5th percentile of 50 draws", _perturbed),
        ("Tilt illusion at other sizes and tuning widths", _geometry),
        ("Left out, by fits from generic starts", _left_out),
    ):
        lines = table(rows)
        if lines:
            parts.append("\n".join([f"### {title}", "", *lines]))
    return "\n\n".join(parts) + "\n"


def _scores(rows: Sequence[Row]) -> list[str]:
    shown = [row for row in rows if "scores" in row]
    if not shown:
        return []
    first = shown[0]["scores"]
    lines = _head(["set", "fitted values", *TABLES])
    for row in shown:
        cells = [_score(row["scores"][table]) for table in TABLES]
        lines.append(_line([f"`{row['set']}`", _count(row), *cells]))
    lines.append(_line(["ceiling", "", *(_number(first[table]["ceiling"]) for table in TABLES)]))
    for name, words in (("null", "strongest null"), ("dedicated", "model made for the table")):
        cells = [
            "–" if first[t][name] is None else f"{_number(first[t][name])} ({_words(first[t][f'{name}_name'])})"
            for t in TABLES
        ]
        lines.append(_line([words, "", *cells]))
    return lines


def _score(entry: Mapping[str, Any]) -> str:
    text = f"{_number(entry['value'])} [{_number(entry['low'], 2)}, {_number(entry['high'], 2)}; {entry['n_orbits']}]"
    bad = missed(entry["value"], entry["null"]) or not entry["converged"] or entry.get("failed", False)
    return f"**{text}**" if bad else text


def _perturbed(rows: Sequence[Row]) -> list[str]:
    def cells(row: Row) -> list[str]:
        found = row["perturbed"]
        return [
            ", ".join(_marked(found[t][key], _null(rows, t)) for key in ("median", "low")) if t in found else "–"
            for t in TABLES
        ]

    return _table(rows, "perturbed", TABLES, cells)


def _geometry(rows: Sequence[Row]) -> list[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row.get("geometry", {})))
    null = _null(rows, "otoole_wenderoth1977")
    return _table(rows, "geometry", columns, lambda row: [_marked(row["geometry"].get(c), null) for c in columns])


def _left_out(rows: Sequence[Row]) -> list[str]:
    lines = []
    for kind in ("fifths", "tables", "paper", "human"):
        for row in rows:
            if not row.get(kind):
                continue
            lines.append(_line([f"`{row['set']}`", kind, *(_out(row[kind], kind, t, _null(rows, t)) for t in TABLES)]))
    return [*_head(["set", "left out", *TABLES]), *lines] if lines else []


def _out(found: Mapping[str, Any], kind: str, table: str, null: float | None) -> str:
    if kind == "fifths":
        dealt = [part[table]["r2"] for part in found.values() if table in part]
        if not dealt:
            return "–"
        mean = None if any(r2 is None for r2 in dealt) else sum(dealt) / len(dealt)
        return f"{_marked(mean, null)} ({', '.join(map(_number, dealt))})"
    return _marked(found[table]["r2"], null) if table in found else "–"


def _table(rows: Sequence[Row], kind: str, columns: Sequence[str], cells: Callable[[Row], list[str]]) -> list[str]:
    shown = [row for row in rows if kind in row]
    return [*_head(["set", *columns]), *(_line([f"`{row['set']}`", *cells(row)]) for row in shown)] if shown else []


def _null(rows: Sequence[Row], table: str) -> float | None:
    return next((row["scores"][table]["null"] for row in rows if "scores" in row), None)


def _count(row: Row) -> str:
    text = f"{row['n_shared']} + {row['n_per_data_set']} + {row['n_gain_and_offset']}"
    at_bound = row["fixed_at_bounds"]
    return f"{text} (fixed at a bound: {', '.join(at_bound)})" if at_bound else text


def _marked(score: float | None, null: float | None) -> str:
    return f"**{_number(score)}**" if missed(score, null) else _number(score)


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _words(name: str) -> str:
    return name.removeprefix("dedicated_").replace("_", " ")


def _head(cells: Sequence[str]) -> list[str]:
    return [_line(cells), _line(["---"] * len(cells))]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
