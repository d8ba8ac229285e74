"""Symmetric stimuli, solved on the part of the sheet and of the features that is no mirror image.

Nested squares and discs look the same after the eight rotations and reflections of a square, and so does every
response to them: one of eight cells is enough. On a circular axis of evenly spaced channels a circuit does not care
where the axis starts, nor for its direction: stimuli that are shifted or mirrored copies of each other are solved
once, and a stimulus that is its own mirror image on half of the channels. What is left is small enough for dense
matrices. Nothing is approximated.

    a cell is (y, x) with y >= x >= 0, counted from the centre of symmetry (at a cell, or between cells)
    F_b[y, y'] = c_b(y − y') + c_b(y + y')                  box b along one axis, c_b its coverage
    pool over box b from (y', x') to (y, x) = F_b[y, y'] F_b[x, x'] + F_b[y, x'] F_b[x, y']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from insilico.afferent import receptive_field
from insilico.encode import PopulationCode
from insilico.pools import Ring
from insilico.preparation import Preparation
from stimuli import AbstractStimulus, StimulusSet

CHANNEL_KINDS = NONE, ON_CHANNEL, BETWEEN = "none", "on channel", "between channels"
EMPTY = 1e-15  # weight below which a pool hears nothing
DIGITS = 12
Layers = Sequence[Sequence[tuple[float, np.ndarray]]]  # of each stimulus: value, contrast (y, x)
ROOMIER, SMALL = 2.5, 21  # a stimulus may be solved on a grid with so many times its cells, or of so few cells


@dataclass(frozen=True)
class Field:
    """The contrast of one layer in the octant: values at the cells of a `Grid`, its name, and its size in cells."""

    key: bytes
    contrast: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The octant of a square of cells about a centre of symmetry.

    Parameters
    ----------
    half
        Number of cells from the centre to the edge, along one axis.
    even
        True if the centre lies between cells, False if it is a cell.
    """

    half: int
    even: bool

    @cached_property
    def y(self) -> np.ndarray:
        """Distance index of each cell along the longer axis; shape (n_cells,)."""
        return np.concatenate([np.full(y + 1, y) for y in range(self.half)]) if self.half else np.zeros(0, int)

    @cached_property
    def x(self) -> np.ndarray:
        """Distance index of each cell along the shorter axis; shape (n_cells,)."""
        return np.concatenate([np.arange(y + 1) for y in range(self.half)]) if self.half else np.zeros(0, int)

    @cached_property
    def n_cells(self) -> int:
        """Number of cells of the octant."""
        return self.half * (self.half + 1) // 2


@dataclass(frozen=True, kw_only=True)
class ChannelFold:
    """Which channels stand for which: `members[r]` are the channels that representative r stands for.

    Parameters
    ----------
    kind
        "none", "on channel" (mirror axis at channel 0) or "between channels" (axis between channels 0 and 1).
    n_channels
        Number of channels k; even where channels are folded.
    """

    kind: str
    n_channels: int

    @cached_property
    def of_channel(self) -> np.ndarray:
        """Representative of each channel; shape (n_channels,)."""
        k = self.n_channels
        i = np.arange(k)
        if self.kind == NONE:
            return i
        if self.kind == ON_CHANNEL:
            return np.minimum(i, k - i)
        return np.minimum((i - 1) % k, (-i) % k)

    @cached_property
    def n(self) -> int:
        """Number of representatives."""
        return int(self.of_channel.max()) + 1

    @cached_property
    def channels(self) -> np.ndarray:
        """First channel that each representative stands for; shape (n,)."""
        return np.array([int(np.flatnonzero(self.of_channel == r)[0]) for r in range(self.n)])

    def folded(self, matrix: np.ndarray) -> np.ndarray:
        """Return a pool over features, `activity @ matrix` with (k, k), on representatives, (n, n)."""
        rows = np.zeros((self.n, self.n_channels))
        np.add.at(rows, self.of_channel, matrix)
        return rows[:, self.channels]

    @cached_property
    def share(self) -> np.ndarray:
        """Share of each representative in the mean over all channels; shape (n,)."""
        return np.bincount(self.of_channel, minlength=self.n) / self.n_channels


@dataclass(frozen=True, kw_only=True)
class Group:
    """Stimuli that are solved together.

    Parameters
    ----------
    grid
        Octant that their drive covers.
    channels
        Fold of the channels.
    contrast
        Contrast of each layer, (stimulus, layer, cell).
    values
        Feature value of each layer in channels from the axis of the fold, (stimulus, layer).
    """

    grid: Grid
    channels: ChannelFold
    contrast: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an original stimulus is found: its group, its row, and how its channels were moved."""

    group: int
    row: int
    shift: int
    mirrored: bool


@dataclass(frozen=True, kw_only=True)
class FoldedStimuli:
    """A set of stimuli on a preparation, reduced by its symmetries.

    Parameters
    ----------
    preparation
        Sheet and channels.
    groups
        What has to be solved.
    places
        One for each original stimulus.
    recorded
        Octant cell of the recorded column (y, x).
    room
        Cells from the centre of symmetry to the nearest edge of the sheet, and whether the sheet itself has the
        symmetry (then pools may reach its edge).
    """

    preparation: Preparation
    groups: tuple[Group, ...]
    places: tuple[Place, ...]
    recorded: tuple[int, int]
    room: int
    symmetric_sheet: bool

    def unfolded(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """Return the column of each original stimulus, (stimulus, channel), from those of the groups (row, n)."""
        k = self.preparation.n_channels
        result = np.empty((len(self.places), k))
        channel = np.arange(k)
        for i, place in enumerate(self.places):
            moved = (channel - place.shift) % k
            if place.mirrored:
                moved = (-moved) % k
            fold = self.groups[place.group].channels
            result[i] = columns[place.group][place.row][fold.of_channel[moved]]
        return result


class NotSymmetricError(ValueError):
    """The stimuli, or the preparation, lack the symmetry that folding needs."""


def fold(
    stimuli: Sequence[AbstractStimulus] | StimulusSet,
    preparation: Preparation,
    *,
    cell_average: bool = True,
    field: float = 0.0,
) -> FoldedStimuli:
    """Return the stimuli reduced by their symmetries.

    Parameters
    ----------
    stimuli, preparation
        What is shown to which sheet.
    cell_average
        See `PopulationCode`.
    field
        Half-width in cells of the square over which contrast is averaged (`insilico.afferent.receptive_field`).

    Raises
    ------
    NotSymmetricError
        If a layer is not symmetric about the common centre, the feature is not circular with an even number of evenly
        spaced channels, or the sheet is periodic. Solve such stimuli on the full sheet.
    """
    period = preparation.axis.period
    if period is None or preparation.spacing != "even" or preparation.n_channels % 2:
        raise NotSymmetricError("folding needs a circular feature with an even number of evenly spaced channels.")
    if preparation.sheet.boundary != "zero":
        raise NotSymmetricError("folding needs a sheet with nothing beyond its border.")
    layers: Layers = PopulationCode(preparation=preparation, cell_average=cell_average).layer_fields(stimuli)
    if field:
        layers = _averaged(layers, field)
    corner, side = _common_square(layers, preparation)
    even = side % 2 == 0
    octants: dict[bytes, tuple[int, np.ndarray]] = {}
    described = []
    for shown in layers:
        parts = []
        for value, contrast in shown:
            key = np.round(contrast, 12).tobytes()
            if key not in octants:
                octants[key] = _octant(contrast, corner, side)
            parts.append((key, (value - preparation.first_preference) * preparation.n_channels / period))
        described.append(parts)
    rows, columns = preparation.sheet.shape
    far = min(corner[0], corner[1], rows - corner[0] - side, columns - corner[1] - side)
    middle = corner[0] * 2 + side == rows and corner[1] * 2 + side == columns and rows == columns
    return _grouped(described, octants, preparation, even, far + (side + 1) // 2, middle, corner, side)


def _averaged(layers: Layers, field: float) -> Layers:
    """Average the contrast of each layer over receptive fields, the same field once."""
    known: dict[int, np.ndarray] = {}
    for shown in layers:
        for _, contrast in shown:
            if id(contrast) not in known:
                known[id(contrast)] = receptive_field(contrast, field)
    return [[(value, known[id(contrast)]) for value, contrast in shown] for shown in layers]


def ring_matrix(ring: Ring, target: Grid, source: Grid) -> np.ndarray:
    """Return the pool over a ring between octants: `matrix @ activity`, (target cells, source cells)."""
    total = np.zeros((target.n_cells, source.n_cells))
    ty, tx, sy, sx = target.y, target.x, source.y, source.x
    diagonal = np.where(sy == sx, 0.5, 1.0)
    for half_width, weight in ring.boxes:
        F = _folded_box(half_width, max(target.half, source.half), target.even)
        straight = F[np.ix_(ty, sy)] * F[np.ix_(tx, sx)]
        swapped = F[np.ix_(ty, sx)] * F[np.ix_(tx, sy)]
        total += weight * diagonal * (straight + swapped)
    total[np.abs(total) < EMPTY] = 0.0  # what boxes leave of each other by rounding has no square root
    return total


def _folded_box(half_width: float, n: int, even: bool) -> np.ndarray:
    """Return F[y, y'], (n, n): coverage of the cells at ±y' by a box about y."""
    i = np.arange(n)

    def coverage(distance: np.ndarray) -> np.ndarray:
        return np.clip(half_width + 1 - np.abs(distance), 0.0, 1.0)

    mirrored = coverage(i[:, None] + i[None, :] + (1 if even else 0))
    if not even:
        mirrored = mirrored * (i > 0)
    return coverage(i[:, None] - i[None, :]) + mirrored


def _common_square(
    layers: Sequence[Sequence[tuple[float, np.ndarray]]], preparation: Preparation
) -> tuple[tuple[int, int], int]:
    """Return the first row and column, and the side, of the square that holds all layers."""
    support = np.zeros(preparation.sheet.shape, dtype=bool)
    for shown in layers:
        for _, contrast in shown:
            support |= contrast > 0
    if not support.any():
        center = preparation.sheet.center
        return center, 1
    rows, columns = np.flatnonzero(support.any(axis=1)), np.flatnonzero(support.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    if height != width:
        raise NotSymmetricError(f"the stimuli cover {height} x {width} cells: no square.")
    return (int(rows[0]), int(columns[0])), int(height)


def _octant(contrast: np.ndarray, corner: tuple[int, int], side: int) -> tuple[int, np.ndarray]:
    """Return the half-width in cells that a layer covers, and its octant out to the edge of the square."""
    window = contrast[corner[0] : corner[0] + side, corner[1] : corner[1] + side]
    for image in (window[::-1], window[:, ::-1], window.T):
        if not np.allclose(window, image, rtol=0, atol=1e-12):
            raise NotSymmetricError("a layer changes under rotation or reflection about the centre.")
    even = side % 2 == 0
    half = (side + 1) // 2
    quadrant = window[side // 2 :, side // 2 :]
    grid = Grid(half=half, even=even)
    values = quadrant[grid.y, grid.x]
    covered = int(grid.y[values > 0].max()) + 1 if (values > 0).any() else 0
    return covered, values


def _grouped(
    described: list[list[tuple[bytes, float]]],
    octants: dict[bytes, tuple[int, np.ndarray]],
    preparation: Preparation,
    even: bool,
    room: int,
    middle: bool,
    corner: tuple[int, int],
    side: int,
) -> FoldedStimuli:
    k = preparation.n_channels
    names = {key: i for i, key in enumerate(octants)}
    standard = []
    for parts in described:
        kind, shift, mirrored, canonical = _canonical([(names[key], u) for key, u in parts], k)
        standard.append((max((octants[key][0] for key, _ in parts), default=0), kind, shift, mirrored, canonical))
    shared = {(kind, half): joint for kind in CHANNEL_KINDS for half, joint in _shared_grids(standard, kind).items()}
    members: dict[tuple[str, int], dict[tuple[tuple[int, float], ...], int]] = {}
    found = []
    for half, kind, shift, mirrored, canonical in standard:
        group = kind, shared[kind, half]
        rows = members.setdefault(group, {})
        found.append((group, rows.setdefault(canonical, len(rows)), shift, mirrored))
    order = {group: i for i, group in enumerate(members)}
    by_name = [octants[key][1] for key in octants]
    groups = []
    for (kind, half), rows in members.items():
        grid = Grid(half=half, even=even)
        depth = max(len(canonical) for canonical in rows)
        contrast = np.zeros((len(rows), depth, grid.n_cells))
        values = np.zeros((len(rows), depth))
        for row, canonical in enumerate(rows):
            for layer, (name, u) in enumerate(canonical):
                contrast[row, layer] = by_name[name][: grid.n_cells]
                values[row, layer] = u
        fold_ = ChannelFold(kind=kind, n_channels=k)
        groups.append(Group(grid=grid, channels=fold_, contrast=contrast, values=values))
    center = preparation.sheet.center
    offsets = [_distance_index(center[i] - corner[i], side) for i in (0, 1)]
    return FoldedStimuli(
        preparation=preparation,
        groups=tuple(groups),
        places=tuple(Place(group=order[g], row=r, shift=s, mirrored=m) for g, r, s, m in found),
        recorded=(max(offsets), min(offsets)),
        room=room,
        symmetric_sheet=middle,
    )


def _shared_grids(
    standard: list[tuple[int, str, int, bool, tuple[tuple[int, float], ...]]], kind: str
) -> dict[int, int]:
    """Return the half-width of the grid that each half-width is solved on: a few cells that stay silent cost less than
    a group of their own."""
    shared: dict[int, int] = {}
    largest = None
    for half in sorted({half for half, of, *_ in standard if of == kind}, reverse=True):
        cells = Grid(half=half, even=False).n_cells
        if largest is None or cells * ROOMIER < Grid(half=largest, even=False).n_cells > SMALL:
            largest = half
        shared[half] = largest
    return shared


def _distance_index(position: int, side: int) -> int:
    middle = side // 2
    if side % 2:
        return abs(position - middle)
    return position - middle if position >= middle else middle - 1 - position


def _canonical(parts: list[tuple[int, float]], k: int) -> tuple[str, int, bool, tuple[tuple[int, float], ...]]:
    """Return the fold, the shift and the mirror that bring a stimulus into its standard form, and this form."""
    if not parts:
        return ON_CHANNEL, 0, False, ()
    axes = {((u + v) / 2 + extra) % k for _, u in parts for _, v in parts for extra in (0, k / 2)}
    options = []
    for axis in sorted(axes):
        doubled = round(2 * axis)
        if abs(2 * axis - doubled) > 1e-9 or _moved(parts, doubled / 2, k, mirrored=True) != _moved(
            parts, doubled / 2, k
        ):
            continue
        kind = ON_CHANNEL if doubled % 2 == 0 else BETWEEN
        shift = doubled // 2
        options.append((kind, shift, False, _moved(parts, shift, k)))
    if options:
        return min(options, key=lambda option: (option[0], option[3], option[1]))
    for _, u in parts:
        shift = int(np.floor(u + 1e-9))
        options.append((NONE, shift, False, _moved(parts, shift, k)))
        up = int(np.ceil(u - 1e-9))
        options.append((NONE, up, True, _moved(parts, up, k, mirrored=True)))
    return min(options, key=lambda option: (option[3], option[2], option[1]))


def _moved(
    parts: list[tuple[int, float]], origin: float, k: int, *, mirrored: bool = False
) -> tuple[tuple[int, float], ...]:
    sign = -1 if mirrored else 1
    return tuple(sorted((name, round(round(sign * (u - origin), DIGITS) % k, DIGITS) % k) for name, u in parts))
