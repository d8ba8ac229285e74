"""A finite drive to one unit, solved for all others; arrays, no labels.

With a drive of a stated size the circuit settles anew. With a stated change of the target there is a short cut: the
target is held at the changed value, all others are solved for, and the drive is what holds it there,

    drive = leak s / scale − (a − b s),         a − b s the rest of the rectifier's argument

which is the same fixed point where the circuit answers by the rectifier that was inverted; that it does is looked at.
Where several populations are driven together, the drive is found by the secant method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from insilico.equations import Equations, Linearization, Populations
from insilico.influence import krylov
from insilico.influence.fixed_point import FixedPoint
from insilico.influence.newton import allowed, newton
from insilico.perturb import Forces

SECANTS = 30
REACHED = 1e-10  # of the change that was asked for
INVERTED = 1e-9  # rate of the target, relative to the largest activity, that rounding may leave under its drive
DRIVEN_EIGENVALUE = 1e-2  # relative: its sign is what matters


@dataclass(frozen=True, kw_only=True)
class Site:
    """What is driven: one place and channel, in one population or in several at once.

    Parameters
    ----------
    population
        Position of the target's population, whose change is stated and measured.
    driven
        Positions of the populations that the drive reaches.
    row, column, channel
        Where.
    """

    population: int
    driven: tuple[int, ...]
    row: int
    column: int
    channel: int

    @property
    def place(self) -> tuple[int, int, int]:
        """Index of the site in an array (y, x, feature)."""
        return self.row, self.column, self.channel

    def gains(self, linear: Linearization) -> list[float]:
        """Return the gain of each driven unit near a state; 0 where its rectifier is shut or it is held."""
        return [float(np.broadcast_to(linear.gain[p], linear.shape)[self.place]) for p in self.driven]

    def right(self, linear: Linearization) -> Populations:
        """Return the right-hand side of a unit of drive, one array (y, x, feature) per population."""
        right = tuple(np.zeros(linear.shape) for _ in linear.gain)
        for p, gain in zip(self.driven, self.gains(linear), strict=True):
            right[p][self.place] = gain
        return right


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The state under a drive.

    Parameters
    ----------
    state
        One array (y, x, feature) per population.
    drive
        Size of the drive.
    residual
        Largest |ds/dt| under it.
    converged
        Whether that is as small as was asked for.
    equations
        The circuit under the drive.
    """

    state: Populations
    drive: float
    residual: float
    converged: bool
    equations: Equations

    @cached_property
    def largest_eigenvalue(self) -> float:
        """Largest real part of the driven circuit's linearized dynamics, in 1 / unit of time, to within 1 %."""
        return krylov.largest_eigenvalue(self.equations.linearized(self.state), tol=DRIVEN_EIGENVALUE)


def driven(point: FixedPoint, site: Site, size: float, *, tol: float, start: Populations | None = None) -> Outcome:
    """Return the state under a drive of a given size; a drive of 0 returns the fixed point itself."""
    if size == 0:
        return Outcome(
            state=point.state,
            drive=0.0,
            residual=point.residual,
            converged=point.converged,
            equations=point.equations,
        )
    return _solved(point, _driving(point, site, size), size, tol=tol, start=start)


def changed(point: FixedPoint, site: Site, change: float, *, tol: float) -> Outcome:
    """Return the state in which the target has changed by a given amount, and the drive that does it.

    Raises
    ------
    ValueError
        Where the change asks for an activity that the circuit cannot have, or no drive is known that holds it.
    """
    if change == 0:
        return driven(point, site, 0.0, tol=tol)
    _refuse_impossible(point, site, change)
    if site.driven == (site.population,):
        return _held(point, site, change, tol)
    own = _own_gain(point, site)
    sizes, misses = [0.0], [-change]
    outcome = driven(point, site, change / own, tol=tol)
    for _ in range(SECANTS):
        miss = float(outcome.state[site.population][site.place] - point.state[site.population][site.place]) - change
        if abs(miss) <= REACHED * abs(change) or not outcome.converged:
            return outcome
        sizes.append(outcome.drive)
        misses.append(miss)
        (s0, s1), (m0, m1) = sizes[-2:], misses[-2:]
        size = s1 - m1 * (s1 - s0) / (m1 - m0) if m1 != m0 else s1 + (s1 - s0)
        outcome = driven(point, site, size, tol=tol, start=outcome.state)
    return replace(outcome, converged=False)


def _held(point: FixedPoint, site: Site, change: float, tol: float) -> Outcome:
    """Hold the target at its changed value, and find the drive that would."""
    unit = (site.population, *site.place)
    forces = _copied(point)
    held = float(point.state[site.population][site.place]) + change
    forces.held[unit], forces.value[unit] = True, held
    outcome = _solved(point, forces, 0.0, tol=tol, start=None)
    argument = float(point.equations.inputs(outcome.state)[site.population][site.place])
    leak = point.equations.leaks[site.population]
    scale = float(forces.scale[unit])
    drive = leak * held / scale - argument if scale > 0 else np.nan
    equations = point.equations.under(_driving(point, site, drive))
    left = abs(float(equations.rates(outcome.state)[site.population][site.place]))
    if outcome.converged and not left <= INVERTED * max(1.0, *(float(np.abs(s).max()) for s in outcome.state)):
        raise ValueError(
            f"no drive is known that holds the target at {held:.4g}: the circuit does not answer with scale · [drive + "
            f"input]₊ / leak (it still moves at {left:.2g} per unit time). Give a drive instead of r or change."
        )
    return replace(outcome, drive=drive, equations=equations)


def _refuse_impossible(point: FixedPoint, site: Site, change: float) -> None:
    wanted, lowest = float(point.state[site.population][site.place]) + change, point.equations.lowest
    if wanted < lowest:
        raise ValueError(
            f"a change of {change:.4g} would leave the target at {wanted:.4g}, which the circuit cannot reach: its "
            f"activities are >= {lowest:g}. Ask for a smaller change, or give a drive."
        )


def _solved(point: FixedPoint, forces: Forces, size: float, *, tol: float, start: Populations | None) -> Outcome:
    equations = point.equations.under(forces)

    def solver(linear: Linearization, right: Populations, share: float) -> Populations:
        if point.blocks is None:
            return krylov.solved(linear, right, tol=share)
        return krylov.solved_with(linear, right, point.blocks.solved, tol=share)

    state, residual = newton(equations, point.state if start is None else start, solver, tol=tol)
    return Outcome(
        state=state, drive=size, residual=residual, converged=residual <= allowed(state, tol), equations=equations
    )


def _own_gain(point: FixedPoint, site: Site) -> float:
    """Return the small-signal change of the target per unit of drive, or a guess where it is silent."""
    own = float(krylov.solved(point.linear, site.right(point.linear), tol=1e-3)[site.population][site.place])
    return own if own > 0 else 1.0 / point.equations.leaks[site.population]


def _driving(point: FixedPoint, site: Site, size: float) -> Forces:
    """Return the present forces and the drive."""
    forces = _copied(point)
    for p in site.driven:
        forces.drive[(p, *site.place)] += size
    return forces


def _copied(point: FixedPoint) -> Forces:
    """Return the present forces, or none at all, as arrays of their own."""
    present, n = point.equations.forces, len(point.state)
    full = (n, *point.equations.shape)
    if present is None:
        return Forces(drive=np.zeros(full), scale=np.ones(full), held=np.zeros(full, dtype=bool), value=np.zeros(full))
    return Forces(
        drive=present.drive.copy(), scale=present.scale.copy(), held=present.held.copy(), value=present.value.copy()
    )
