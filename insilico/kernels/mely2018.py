"""The 2018 circuit compiled: from wiring and forces to the arrays of the fused sweep (mely2018_sweep).

Activities vanish where neither drive, nor near ring, nor initial state, nor perturbation reaches, so that under the
boundary "zero" each stimulus is cropped to the bounding box of what is left: the result is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from insilico.dynamics import State
from insilico.kernels.lanes import BYTES
from insilico.kernels.mely2018_sweep import Layout, sweep_stimuli
from insilico.kernels.mely2018_update import EULER, EXPONENTIAL, RATE, Constants
from insilico.kernels.support import boxes_of_activity
from insilico.perturb import Forces

if TYPE_CHECKING:
    from insilico.circuits.mely2018_equations import Wiring


class FusedStepper:
    """The circuit, compiled; see `insilico.dynamics.Stepper`.

    Parameters
    ----------
    drive
        X, (stimulus, y, x, feature).
    wiring
        The circuit.
    method
        "exponential" or "euler".
    """

    def __init__(self, drive: np.ndarray, wiring: Wiring, *, method: str) -> None:
        self._X = drive
        self._method = EXPONENTIAL if method == "exponential" else EULER
        self._pools = _feature_pools(wiring, drive.dtype)
        self._constants = _constants(wiring, drive)
        self._layout = _layout(wiring, drive)
        self._reach, self._boundary = wiring.near.reach, wiring.boundary
        self._cropped_for: tuple[State, Forces | None] | None = None

    def advance(
        self, state: State, *, rows: np.ndarray, steps: np.ndarray, n_steps: np.ndarray, forces: Forces | None
    ) -> None:
        """Advance the stimuli `rows` in place by n_steps[i] steps of size steps[i]."""
        self._sweep(state, rows, steps, n_steps, forces, self._method)

    def residual(self, state: State, *, rows: np.ndarray, forces: Forces | None) -> np.ndarray:
        """Return the largest |dI/dt| or |dO/dt| of each stimulus in `rows`; clamped units do not move."""
        ones = np.ones(len(rows), np.int64)
        return self._sweep(state, rows, ones.astype(float), ones, forces, RATE)

    def _sweep(self, state, rows, steps, n_steps, forces, mode) -> np.ndarray:
        self._crop(state, forces)
        dtype = self._X.dtype
        flat = (len(self._X), -1)
        residual = np.zeros(len(rows))
        sweep_stimuli(
            self._X.reshape(flat), state[0].reshape(flat), state[1].reshape(flat), self._windows[rows],
            rows, steps.astype(dtype), n_steps, mode, self._constants, self._layout, self._pools,
            *_dense(forces, dtype), forces is not None, residual,
        )  # fmt: skip
        return residual

    def _crop(self, state: State, forces: Forces | None) -> None:
        """Find the crops anew where a run enters other forces; within them, activity stays inside its crop."""
        if self._cropped_for is not None and self._cropped_for[0] is state and self._cropped_for[1] is forces:
            return
        (I, O), touched = state, () if forces is None else tuple(forces.touched)
        boxes = boxes_of_activity(
            (self._X, I, *touched[:1]), (O, *touched[1:]), reach=self._reach, boundary=self._boundary
        )
        self._windows = _windows(boxes, width=self._X.shape[2], n_features=self._X.shape[3])
        self._cropped_for = state, forces


def _constants(wiring, drive) -> Constants:
    p, number = wiring.parameters, drive.dtype.type
    of_I, of_O = p.populations
    values = {
        "zero": 0, "one": 1, "xi": p.xi, "alpha": p.alpha, "mu": p.mu, "beta": p.beta, "nu": p.nu, "zeta": p.zeta,
        "gamma_near": p.gamma / (p.ssn**2 - p.srf**2), "far": 1 / (p.ssf**2 - p.ssn**2),
        "leak_I": of_I.leak, "leak_O": of_O.leak, "eta": p.eta, "tau": p.tau, "share": 1 / drive.shape[3],
    }  # fmt: skip
    return Constants(**{name: number(value) for name, value in values.items()})


def _layout(wiring, drive) -> Layout:
    p = wiring.parameters
    return Layout(
        n_features=drive.shape[3],
        core=p.srf // 2,
        near=p.ssn // 2,
        far=p.ssf // 2,
        with_P=p.gamma > 0,
        with_Q=p.delta > 0,
        with_T=p.beta > 0 or p.nu > 0,
        with_U=p.alpha > 0 or p.mu > 0,
        untuned_P=wiring.untuned_near,
        untuned_T=wiring.untuned_far,
        periodic=wiring.boundary == "periodic",
        folded=drive.shape[3] % 2 == 0 and drive.shape[3] // 2 >= BYTES // drive.itemsize,
    )


def _feature_pools(wiring, dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return delta times the pool of Q, and its even and odd halves (pools.across_folded_features); 1-D each."""
    M, half = wiring.parameters.delta * wiring.across, len(wiring.across) // 2
    near, opposite = M[:half, :half], M[:half, half : 2 * half]
    return tuple(m.astype(dtype).ravel() for m in (M, (near + opposite) / 2, (near - opposite) / 2))


def _windows(boxes, width, n_features) -> np.ndarray:
    """Return the numbers of a Window for each box (top, bottom, left, right)."""
    top, bottom, left, right = boxes.T
    pitch = np.full(len(boxes), width * n_features)
    return np.stack([top * pitch + left * n_features, pitch, bottom - top, (right - left) * n_features], axis=1)


def _dense(forces, dtype) -> tuple[np.ndarray, ...]:
    if forces is None:
        nothing = np.zeros((2, 0), dtype)
        return nothing, nothing, np.zeros((2, 0), bool), nothing
    flat = (2, -1)
    drive, scale, value = (a.astype(dtype).reshape(flat) for a in (forces.drive, forces.scale, forces.value))
    return drive, scale, forces.held.reshape(flat), value
