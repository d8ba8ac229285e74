"""How fast influence is mapped: all pairs at once and by GMRES, against stimulating one unit after the other.

One by one, the circuit relaxes from its undriven fixed point by its own compiled, damped integrator.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

import insilico
from insilico.analysis import implicit_influence
from insilico.influence import krylov
from insilico.influence.fixed_point import FixedPoint, fixed_point
from insilico.influence.stimulation import Site, driven
from insilico.perturb import Perturbation, combined, unit_ids
from stimuli import Grating, StimulusSet

CHANNELS, UNITS, SAMPLE, ROUNDS = 16, 1000, 8, 3
CHANGE = 0.01  # of the largest response: the drive is small enough to be linear, large enough to stand out
SETTLED = 1e-9  # residual at which the damped run stops
GMRES = 1e-5
SHOWN = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, contrast=0.15)])
O = 1  # position of the output stage


def measure() -> dict:
    """Return the times and the differences on a uniform periodic sheet and on one with borders."""
    return {"uniform": uniform(), "borders": borders()}


def uniform() -> dict:
    """Map all pairs of 1,000 units of 64 x 64 x 16 at once, and a sample of them one by one."""
    model, point = _subject((64, 64), "periodic")
    cells = _cells(64, -(-UNITS // CHANNELS))
    recording = insilico.Recording(cells=tuple(map(tuple, cells.tolist())))
    ids = [i for y, x in cells for i in unit_ids(point.equations.shape, population="output", y=int(y), x=int(x))]

    def at_once() -> None:
        implicit_influence(model, SHOWN, ids[:UNITS], recording=recording)

    sites = [_site(*cells[i], channel=i % CHANNELS) for i in range(SAMPLE)]
    sizes = [_size(point, site) for site in sites]
    at_once()
    blocks, single, newton, differences = [], [], [], []
    for _ in range(ROUNDS):
        blocks.append(_timed(at_once)[0])
        for site, size in zip(sites, sizes, strict=True):
            seconds, state = _timed(lambda site=site, size=size: _relaxed(point, site, size))
            single.append(seconds)
            newton.append(_timed(lambda site=site, size=size: driven(point, site, size, tol=1e-11))[0])
            kernel = np.roll(point.blocks.kernel([O], site.channel)[O], (site.row, site.column), axis=(0, 1))
            differences.append(_difference((state[O] - point.state[O]) / size, kernel, site))
    each = statistics.median(single)
    return {
        "blocks_s": statistics.median(blocks),
        "one_by_one_s": each * UNITS,
        "speed": each * UNITS / statistics.median(blocks),
        "speed_against_newton_one_by_one": statistics.median(newton) * UNITS / statistics.median(blocks),
        "difference": max(differences),
    }


def borders() -> dict:
    """Map a sample of units of 51 x 51 x 16 with nothing beyond the border, by GMRES and one by one."""
    _, point = _subject((51, 51), "zero")
    sites = [_site(*cell, channel=i % CHANNELS) for i, cell in enumerate(_cells(51, SAMPLE))]
    sizes = [_size(point, site) for site in sites]
    gmres, single, differences = [], [], []
    for _ in range(ROUNDS):
        for site, size in zip(sites, sizes, strict=True):
            seconds, small = _timed(lambda site=site: krylov.solved(point.linear, site.right(point.linear), tol=GMRES))
            gmres.append(seconds)
            seconds, state = _timed(lambda site=site, size=size: _relaxed(point, site, size))
            single.append(seconds)
            differences.append(_difference((state[O] - point.state[O]) / size, small[O], site))
    return {
        "gmres_ms": 1e3 * statistics.median(gmres),
        "one_by_one_ms": 1e3 * statistics.median(single),
        "speed": statistics.median(single) / statistics.median(gmres),
        "difference": max(differences),
    }


def _subject(shape: tuple[int, int], boundary: str) -> tuple[insilico.SheetModel, FixedPoint]:
    sheet = {"preparation.shape": shape, "preparation.n_channels": CHANNELS, "preparation.boundary": boundary}
    model = insilico.load_model("mely2018", **sheet)
    return model, fixed_point(model.equations(model.encode(SHOWN))[0], tol=1e-13)


def _cells(side: int, n: int) -> np.ndarray:
    flat = np.random.default_rng(0).choice(side * side, n, replace=False)
    return np.stack(np.unravel_index(flat, (side, side)), axis=1)


def _site(row: int, column: int, *, channel: int) -> Site:
    return Site(population=O, driven=(O,), row=int(row), column=int(column), channel=channel)


def _size(point: FixedPoint, site: Site) -> float:
    return CHANGE * float(point.state[O].max()) * point.equations.leaks[O]


def _relaxed(point: FixedPoint, site: Site, size: float) -> tuple[np.ndarray, ...]:
    unit = unit_ids(point.equations.shape, population="output", y=site.row, x=site.column, feature=site.channel)
    forces = combined([Perturbation(units=unit, mode="drive", value=size)], point.equations.shape)
    return point.equations.under(forces).settled(point.state, tol=SETTLED, max_steps=20_000)


def _difference(found: np.ndarray, expected: np.ndarray, site: Site) -> float:
    """Return the largest difference over all other units, of the largest influence on them."""
    others = np.ones(expected.shape, dtype=bool)
    others[site.place] = False
    return float(np.abs(found - expected)[others].max() / np.abs(expected[others]).max())


def _timed(run) -> tuple[float, object]:
    start = time.process_time()
    result = run()
    return time.process_time() - start, result
