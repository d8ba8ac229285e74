"""The two-stage circuits on folded stimuli: the same equations, on what symmetry leaves.

    eta dI/dt = −epsilon² I + [ xi X − (alpha I + mu) U − (beta I + nu) T^qT ]_+
    tau dO/dt = −sigma²  O + [ zeta I + gamma P^qP G + delta Q + gO N − thO ]_+

Cells are octant cells and channels representatives of `insilico.folding`; pools are dense matrices. O is followed on
the cells that I reaches by its near ring. A fixed point is found by Anderson mixing (a damped iteration where that
fails) and reports the residual of the differential equations, as everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from insilico.afferent import afferent_drive
from insilico.dynamics import Population, euler_step, exponential_step, settle
from insilico.folded_stepper import Fields, FoldedStepper, by_cell, by_stimulus
from insilico.folding import ChannelFold, FoldedStimuli, Grid, Group, NotSymmetricError, ring_matrix
from insilico.pools import Ring, circulant, gaussian_over_features, soft_ring

INPUT_DAMPING, OUTPUT_DAMPING = 0.6, 0.45  # share of the way to the target that I and O take in one iteration
CUT = 0.6  # of both, where the change stops falling
LOOK = 5  # iterations between two looks at the change
BLOCK = 8  # stimuli whose fields fit into a processor's cache together
MIXED, MEMORY = 80, 3  # iterations of Anderson mixing before damping takes over, and differences that it remembers


@dataclass(frozen=True, kw_only=True)
class FoldedActivity:
    """Steady states of folded stimuli.

    Parameters
    ----------
    response, drive
        Recorded column of O and of X, (stimulus, channel), unfolded to all original stimuli.
    residual
        Largest |dI/dt| or |dO/dt| of each original stimulus.
    n_iterations
        Of each original stimulus.
    """

    response: np.ndarray
    drive: np.ndarray
    residual: np.ndarray
    n_iterations: np.ndarray

    def of_stimuli(self, which: slice) -> FoldedActivity:
        """Return the activity of some of the stimuli."""
        return FoldedActivity(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Wires:
    """Pools of one group in one precision; targets on the left, sources on the right.

    Parameters
    ----------
    far, near, excitation
        T (I cells, O cells), P (O cells, I cells), N (O cells, O cells) or None where it is off.
    across, of_near, of_far
        Pools over channels: Q, and those of P and T (None: same channel).
    share
        Share of each channel representative in the mean over channels.
    inside
        Position among the O cells of each I cell.
    """

    far: np.ndarray
    near: np.ndarray
    excitation: np.ndarray | None
    across: np.ndarray
    of_near: np.ndarray | None
    of_far: np.ndarray | None
    share: np.ndarray
    inside: np.ndarray


class FoldedCircuit:
    """A two-stage circuit with given parameters on folded stimuli.

    Parameters
    ----------
    stimuli
        Result of `insilico.folding.fold`.
    parameters
        `ContextualParameters`.
    tuning_width
        Of the encoder, radians of the full turn.
    dtype
        numpy.float32 or numpy.float64.
    """

    def __init__(
        self, stimuli: FoldedStimuli, parameters: Any, *, tuning_width: float, dtype: type = np.float64
    ) -> None:
        self._stimuli, self._p, self._dtype = stimuli, parameters, dtype
        self._drives = [self._drive(group, tuning_width) for group in stimuli.groups]
        self._grids = [self._reached(group.grid) for group in stimuli.groups]
        self._wires = [
            _wires(group.grid, grid, group.channels, _Pools.of(parameters), np.dtype(dtype).name)
            for group, grid in zip(stimuli.groups, self._grids, strict=True)
        ]

    def steady_state(self, *, tol: float = 1e-6, max_iterations: int = 2000) -> FoldedActivity:
        """Return the fixed point by damped iteration: until the change is below `tol` of the largest activity."""
        response, residual, counts = [], [], []
        for X, grid, w in zip(self._drives, self._grids, self._wires, strict=True):
            I, O = X.copy(), np.zeros((grid.n_cells, *X.shape[1:]), X.dtype)
            O[w.inside] = X
            I, O, n = self._iterate(X, I, O, w, tol, max_iterations)
            response.append(self._column(O, grid))
            residual.append(self._residual(X, I, O, w))
            counts.append(np.full(X.shape[1], n))
        return self._unfolded(response, residual, counts)

    def simulate(self, *, step: float, n_steps: int, method: str = "exponential") -> FoldedActivity:
        """Return the state after steps from I = O = X, "exponential" or "euler", as the circuit's own `simulate`."""
        advance = {"exponential": exponential_step, "euler": euler_step}[method]
        response, residual, counts = [], [], []
        for X, grid, w in zip(self._drives, self._grids, self._wires, strict=True):
            I, O = X.copy(), np.zeros((grid.n_cells, *X.shape[1:]), X.dtype)
            O[w.inside] = X
            for _ in range(n_steps):
                I, O = self._advanced(X, I, O, w, advance, step)
            response.append(self._column(O, grid))
            residual.append(self._residual(X, I, O, w))
            counts.append(np.full(X.shape[1], n_steps))
        return self._unfolded(response, residual, counts)

    def settled(self, *, tol: float, max_steps: int) -> FoldedActivity:
        """Return where the circuit settles, by the very steps of the full sheet (`insilico.dynamics.settle`)."""
        response, residual, counts = [], [], []
        for X, grid, w in zip(self._drives, self._grids, self._wires, strict=True):
            O = np.zeros((grid.n_cells, *X.shape[1:]), X.dtype)
            O[w.inside] = X
            columns, rates, taken = [], [], []
            for start in range(0, X.shape[1], BLOCK):
                block = slice(start, start + BLOCK)
                state = by_stimulus(X[:, block]), by_stimulus(O[:, block])
                found = settle(self._stepper(X[:, block], w), state, forces=None, tol=tol, max_steps=max_steps)
                columns.append(self._column(by_cell(state[1]), grid))
                rates.append(found[0])
                taken.append(found[1])
            response.append(np.concatenate(columns))
            residual.append(np.concatenate(rates))
            counts.append(np.concatenate(taken))
        return self._unfolded(response, residual, counts)

    def _stepper(self, X: np.ndarray, w: Wires) -> FoldedStepper:
        def advanced(rows: np.ndarray, I: np.ndarray, O: np.ndarray, steps: np.ndarray) -> Fields:
            return self._advanced(X[:, rows], I, O, w, exponential_step, steps)

        return FoldedStepper(advanced=advanced, rates=lambda rows, I, O: self._residual(X[:, rows], I, O, w))

    def _advanced(
        self, X: np.ndarray, I: np.ndarray, O: np.ndarray, w: Wires, advance: Callable[..., np.ndarray], step: Any
    ) -> Fields:
        """Return I and O one step later; the step is a number, or broadcasts against (stimulus, channel)."""
        p = self._p
        of_I = Population(time_constant=p.eta, leak=p.epsilon**2)
        of_O = Population(time_constant=p.tau, leak=p.sigma**2)
        a, b = self._suppression(X, O, w)
        f = self._facilitation(I, O, w)
        new = advance(I, a, b, population=of_I, step=step)
        f[w.inside] += p.zeta * (new - I)
        return new, advance(O, f, 0.0, population=of_O, step=step)

    def _unfolded(
        self, response: list[np.ndarray], residual: list[np.ndarray], counts: list[np.ndarray]
    ) -> FoldedActivity:
        places = self._stimuli.places
        drive = [self._column(X, g.grid) for X, g in zip(self._drives, self._stimuli.groups, strict=True)]
        return FoldedActivity(
            response=self._stimuli.unfolded(response),
            drive=self._stimuli.unfolded(drive),
            residual=np.array([residual[p.group][p.row] for p in places], dtype=float),
            n_iterations=np.array([counts[p.group][p.row] for p in places]),
        )

    def _drive(self, group: Group, width: float) -> np.ndarray:
        """Return X, (cell, stimulus, channel)."""
        k = group.channels.n_channels
        angle = 2 * np.pi * (group.channels.channels - group.values[..., None]) / k
        tuned = np.exp((np.cos(angle) - 1) / width**2)
        X = afferent_drive(group.contrast, tuned, c50=self._p.c50, n=self._p.n)
        return np.ascontiguousarray(np.swapaxes(X, 0, 1)).astype(self._dtype)

    def _reached(self, grid: Grid) -> Grid:
        """Return the octant that the near ring of I reaches, within the sheet."""
        reach = int(np.ceil(self._p.rP * (1 + self._p.soft)))
        half = grid.half + reach
        room = self._stimuli.room
        if half > room:
            if not self._stimuli.symmetric_sheet:
                raise NotSymmetricError(
                    f"the near ring reaches {half} cells from the stimuli's centre, the sheet's edge is {room} away."
                )
            half = room
        return Grid(half=half, even=grid.even)

    def _iterate(
        self, X: np.ndarray, I: np.ndarray, O: np.ndarray, w: Wires, tol: float, max_iterations: int
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Return I, O and the number of iterations: Anderson mixing first, damping where that does not get there."""
        O, n = self._mixed(X, O, w, tol, min(MIXED, max_iterations))
        I = self._input(X, O, w)
        if n < min(MIXED, max_iterations):
            return I, O, n
        I, O, more = self._damped(X, I, O, w, tol, max_iterations - n)
        return I, O, n + more

    def _input(self, X: np.ndarray, O: np.ndarray, w: Wires) -> np.ndarray:
        """Return I where it has settled under a given O."""
        a, b = self._suppression(X, O, w)
        b += X.dtype.type(self._p.epsilon**2)
        return np.divide(np.maximum(a, 0, out=a), b, out=a)

    def _output(self, I: np.ndarray, O: np.ndarray, w: Wires) -> np.ndarray:
        """Return where O goes under a given I (and, by N, under O itself)."""
        target = self._facilitation(I, O, w)
        np.maximum(target, 0, out=target)
        target *= I.dtype.type(1 / self._p.sigma**2)
        return target

    def _mixed(self, X: np.ndarray, O: np.ndarray, w: Wires, tol: float, max_iterations: int) -> tuple[np.ndarray, int]:
        """Iterate O by Anderson mixing (type II) over the whole group; return O and the number of iterations."""
        moves, errors = (np.zeros((MEMORY, O.size), O.dtype) for _ in range(2))
        gram = np.zeros((MEMORY, MEMORY))
        old_O = old_error = None
        for n in range(1, max_iterations + 1):
            error = self._output(self._input(X, O, w), O, w)
            error -= O
            if float(np.abs(error).max(initial=0)) <= tol * max(float(O.max(initial=0)), 1e-30):
                return O, n
            new = O + error
            if old_O is not None and old_error is not None:
                kept, place = min(n - 1, MEMORY), (n - 2) % MEMORY
                np.subtract(O.ravel(), old_O.ravel(), out=moves[place])
                np.subtract(error.ravel(), old_error.ravel(), out=errors[place])
                gram[place] = gram[:, place] = errors @ errors[place]
                normal = gram[:kept, :kept].copy()
                diagonal = normal.flat[:: kept + 1]  # raised, so that nearly parallel differences get no large weights
                normal.flat[:: kept + 1] = diagonal * (1 + 1e-7) + 1e-30
                weights = np.linalg.solve(normal, errors[:kept] @ error.ravel()).astype(O.dtype)
                new -= (weights @ moves[:kept] + weights @ errors[:kept]).reshape(new.shape)
            old_O, old_error = O, error
            O = np.maximum(new, 0, out=new)
        return O, max_iterations

    def _damped(
        self, X: np.ndarray, I: np.ndarray, O: np.ndarray, w: Wires, tol: float, max_iterations: int
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Go a share of the way to the target in each iteration, less where the change stops falling."""
        of_I, of_O = INPUT_DAMPING, OUTPUT_DAMPING
        before, n, one = np.inf, 0, X.dtype.type
        while n < max_iterations:
            move = self._input(X, O, w) - I
            I = I + one(of_I) * move
            step = self._output(I, O, w) - O
            O = O + one(of_O) * step
            n += 1
            if n % LOOK:
                continue
            change = max(float(np.abs(step).max(initial=0)), float(np.abs(move).max(initial=0)))
            if change <= tol * max(float(O.max(initial=0)), float(I.max(initial=0)), 1e-30):
                break
            if change > 0.9 * before and n > 4 * LOOK:
                of_I, of_O = of_I * CUT, of_O * CUT
            before = change
        return I, O, n

    def _suppression(self, X: np.ndarray, O: np.ndarray, w: Wires) -> tuple[np.ndarray, np.ndarray]:
        """Return a = xi X − mu U − nu T^qT and b = alpha U + beta T^qT on the cells of I."""
        p, one = self._p, X.dtype.type
        T = _pooled(w.far, O)
        if w.of_far is not None:
            T = _over_channels(T, w.of_far)
        if p.qT != 1:
            T = np.maximum(T, 0) ** one(p.qT)
        a, b = one(p.xi) * X - one(p.nu) * T, one(p.beta) * T
        if p.mu or p.alpha:
            U = (O[w.inside] @ w.share)[..., None]
            a, b = a - one(p.mu) * U, b + one(p.alpha) * U
        return a, b

    def _facilitation(self, I: np.ndarray, O: np.ndarray, w: Wires) -> np.ndarray:
        """Return zeta I + gamma P^qP G + delta Q + gO N − thO on the cells of O."""
        p, one = self._p, I.dtype.type
        P = _pooled(w.near, I)
        if w.of_near is not None:
            P = _over_channels(P, w.of_near)
        if p.qP != 1:
            P = np.maximum(P, 0) ** one(p.qP)
        total = P
        total *= one(p.gamma)
        if p.gated:
            total[w.inside] *= I
            total[len(w.inside) :] = 0
        total -= one(p.thO)
        if w.excitation is not None:
            total += one(p.gO) * _pooled(w.excitation, O)
        total[w.inside] += one(p.delta) * _over_channels(I, w.across) + one(p.zeta) * I
        return total

    def _residual(self, X: np.ndarray, I: np.ndarray, O: np.ndarray, w: Wires) -> np.ndarray:
        """Return the largest |dI/dt| or |dO/dt| of each row."""
        p = self._p
        a, b = self._suppression(X, O, w)
        of_I = np.abs(np.maximum(a - b * I, 0) - p.epsilon**2 * I) / p.eta
        of_O = np.abs(np.maximum(self._facilitation(I, O, w), 0) - p.sigma**2 * O) / p.tau
        return np.maximum(of_I.max(axis=(0, 2), initial=0), of_O.max(axis=(0, 2), initial=0))

    def _column(self, field: np.ndarray, grid: Grid) -> np.ndarray:
        y, x = self._stimuli.recorded
        if y >= grid.half:
            return np.zeros(field.shape[1:], field.dtype)
        return field[y * (y + 1) // 2 + x]


@dataclass(frozen=True, kw_only=True)
class _Pools:
    """The parameters that pools depend on; what `_wires` is remembered by."""

    near: Ring
    far: Ring
    excited: bool
    omega: float
    sP: float
    sT: float
    continuous: bool
    closed: bool

    @classmethod
    def of(cls, p: Any) -> _Pools:
        return cls(
            near=soft_ring(outer=p.rP, inner=p.rC, spread=p.soft),
            far=soft_ring(outer=p.rT, inner=p.rTin, spread=p.soft),
            excited=p.gO > 0,
            omega=p.omega,
            sP=p.sP,
            sT=p.sT,
            continuous=p.continuous,
            closed=p.closed,
        )


@lru_cache(maxsize=256)
def _matrix(ring: Ring, target: Grid, source: Grid, dtype: str) -> np.ndarray:
    return ring_matrix(ring, target, source).astype(dtype)


@lru_cache(maxsize=256)
def _over_features(channels: ChannelFold, width: float, continuous: bool, closed: bool, dtype: str) -> np.ndarray:
    pool = circulant(gaussian_over_features(channels.n_channels, width, continuous=continuous, closed=closed))
    return channels.folded(pool).astype(dtype)


def _wires(inner: Grid, outer: Grid, channels: ChannelFold, pools: _Pools, dtype: str) -> Wires:
    def over_features(width: float) -> np.ndarray | None:
        return None if width == 0 else _over_features(channels, width, pools.continuous, pools.closed, dtype)

    return Wires(
        far=_matrix(pools.far, inner, outer, dtype),
        near=_matrix(pools.near, outer, inner, dtype),
        excitation=_matrix(pools.near, outer, outer, dtype) if pools.excited else None,
        across=_over_features(channels, pools.omega, pools.continuous, pools.closed, dtype),
        of_near=over_features(pools.sP),
        of_far=over_features(pools.sT),
        share=channels.share.astype(dtype),
        inside=np.arange(inner.n_cells),
    )


def _over_channels(field: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return (field.reshape(-1, matrix.shape[0]) @ matrix).reshape(field.shape[:-1] + matrix.shape[1:])


def _pooled(matrix: np.ndarray, field: np.ndarray) -> np.ndarray:
    flat = field.reshape(field.shape[0], math.prod(field.shape[1:]))
    return (matrix @ flat).reshape(matrix.shape[0], *field.shape[1:])
