"""Published values with their card: where they come from, how well they are known, what is not known."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import xarray as xr

from stimuli.doors import door
from stimuli.errors import unknown_name

POINT, SERIES = "point", "series"
TABLES = (
    "busse2009",
    "trott_born2015_plaid",
    "trott_born2015_matrix",
    "trott_born2015_decoded",
    "otoole_wenderoth1977",
    "kim_wilson1997",
    "marshak_sekuler1979",
    "klauke_wachtler2015",
    "westheimer_levi1987",
)


@door
@dataclass(frozen=True, kw_only=True)
class ReferenceData:
    """One published table.

    Parameters
    ----------
    name
        Name of the table.
    values
        Published values, dimension `point`; the conditions of each point are coordinates with units. Where the
        table has several series, the mean of those that have the point: these are the points that are scored.
    card
        Citation, DOI, figure, panel, axes, unit, how obtained, digitisation error, ceiling, nulls, panels,
        assumptions, and what is not known.
    series
        The single series (observers, kinds of stimulus) of the table, dims (series, point), or None.
    """

    name: str
    values: xr.DataArray
    card: Mapping[str, Any]
    series: xr.DataArray | None = None

    @property
    def ceiling(self) -> float | None:
        """Highest R² that a circuit with the symmetries of the stimuli can reach, or None where not known."""
        return self.card.get("ceiling")

    @property
    def panel(self) -> np.ndarray:
        """Number of the panel that each point belongs to; int, shape (point,)."""
        columns = np.stack([self.values[name].values for name in self.card["panels"]], axis=1)
        unique: dict[tuple[str, ...], int] = {}
        return np.array([unique.setdefault(tuple(map(repr, row.tolist())), len(unique)) for row in columns])

    @property
    def orbit(self) -> np.ndarray:
        """Number of the mirror orbit that each point belongs to, (point,): its panel and the panel's mirror image.

        What the card states under `mirror` turns the conditions of a panel into those of its image ("-name": the
        negative, over the circle of orientations or directions). A circuit answers both alike, so they are no
        independent samples. Without a statement every panel is an orbit.
        """
        names, mirror = self.card["panels"], self.card.get("mirror", {})
        orbits: dict[frozenset[tuple[float, ...]], int] = {}
        found = []
        for i in range(self.values.size):
            at = {name: float(self.values[name].values[i]) for name in names}
            image = [_signed(at, mirror.get(name, name)) for name in names]
            both = frozenset(tuple(map(_on_circle, names, values)) for values in ([at[name] for name in names], image))
            found.append(orbits.setdefault(both, len(orbits)))
        return np.array(found)

    def cite(self) -> str:
        """Return the citation with DOI, figure and panel."""
        card = self.card
        place = f"Fig. {card['figure']}{card['panel']}" if card["figure"] else "Figure not named by the digitiser"
        return f"{card['citation']} doi:{card['doi']}. {place}, {card['how_obtained']}."

    def __repr__(self) -> str:
        card = self.card
        lines = [
            f"{self.name}: {card['title']}",
            f"  {self.cite()}",
            f"  {self.values.size} points; {card['axes']}",
            f"  digitisation error {card['digitisation_error']} {card['unit']} ({card['digitisation_error_basis']})",
        ]
        if self.series is not None:
            lines.append(f"  each the mean of {self.series.sizes[SERIES]} series: {', '.join(self.card['series'])}")
        if self.ceiling is not None:
            lines.append(f"  ceiling R² {self.ceiling}: {card['ceiling_basis']}")
        lines += [f"  not known: {'; '.join(card['not_known'])}"]
        return "\n".join(lines)


def _signed(values: Mapping[str, float], name: str) -> float:
    return -values[name[1:]] if name.startswith("-") else values[name]


def _on_circle(name: str, value: float) -> float:
    """Return a value that equals those of the same stimulus: angles within one turn, infinity for none."""
    if np.isnan(value):
        return np.inf
    turn = 180.0 if name.endswith("orientation") else 360.0 if name.endswith(("direction", "hue")) else None
    return value if turn is None else value % turn


def list_references() -> tuple[str, ...]:
    """Return the names of all tables."""
    return TABLES


@door
def load_reference(name: str) -> ReferenceData:
    """Return a published table with its card.

    Raises
    ------
    UnknownNameError
        For an unknown table; says which there are.
    """
    if name not in TABLES:
        raise unknown_name("table", name, TABLES)
    folder = resources.files("insilico.reference")
    card = tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    with folder.joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        table = np.genfromtxt(file, delimiter=",", names=True, dtype=float)
    coords = {key: (POINT, table[key], {"units": unit}) for key, unit in card["coordinates"].items()}
    attrs = {"units": card["unit"], "long_name": card["measure"]}
    if "series" not in card:
        single = xr.DataArray(table[(table.dtype.names or ())[-1]], coords, [POINT], name, attrs)
        return ReferenceData(name=name, card=card, values=single)
    columns = np.stack([table[key] for key in card["series"]])
    labels = {SERIES: (SERIES, list(card["series"]), {"units": "1"}), **coords}
    return ReferenceData(
        name=name,
        card=card,
        values=xr.DataArray(np.nanmean(columns, axis=0), coords, [POINT], name, attrs),
        series=xr.DataArray(columns, labels, [SERIES, POINT], name, attrs),
    )
