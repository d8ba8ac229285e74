"""Influence of many targets around one fixed point: each by itself, or moved round a uniform sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from insilico.equations import Populations
from insilico.influence import krylov
from insilico.influence.fixed_point import FixedPoint
from insilico.influence.stimulation import Outcome, Site, changed, driven

Shift = tuple[int, int]  # by how many rows and columns a state is to be moved


def small_signals(point: FixedPoint, sites: Sequence[Site], tol: float) -> Iterator[tuple[Populations, Shift]]:
    """Yield the change of all units per unit of drive to each target."""
    kernels: dict[tuple[tuple[int, ...], int], Populations] = {}
    for site in sites:
        if point.blocks is None:
            yield krylov.solved(point.linear, site.right(point.linear), tol=tol, strict=True), (0, 0)
            continue
        key = site.driven, site.channel
        if key not in kernels:
            kernels[key] = tuple(point.blocks.kernel(*key))
        yield kernels[key], (site.row, site.column)


def stimulated(
    point: FixedPoint, sites: Sequence[Site], wanted: Sequence[float], *, by_change: bool, tol: float
) -> Iterator[tuple[Outcome, Shift]]:
    """Yield the state under each drive; on a uniform sheet once for all targets of one channel."""
    solve = changed if by_change else driven
    found: dict[tuple[object, ...], tuple[Outcome, Site]] = {}
    for site, size in zip(sites, wanted, strict=True):
        if point.blocks is None:
            yield solve(point, site, size, tol=tol), (0, 0)
            continue
        key = site.population, site.driven, site.channel, size
        if key not in found:
            found[key] = solve(point, site, size, tol=tol), site
        outcome, first = found[key]
        yield outcome, (site.row - first.row, site.column - first.column)


def own_value(state: Populations, site: Site, moved: Shift) -> float:
    """Return the target's value in a state that is to be moved."""
    height, width, _ = state[site.population].shape
    row, column = (site.row - moved[0]) % height, (site.column - moved[1]) % width
    return float(state[site.population][row, column, site.channel])
