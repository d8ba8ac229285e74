"""The 2018 circuit compiled: from wiring and forces to the arrays of the fused sweep (mely2018_sweep).

Activities vanish where neither drive, nor near ring, nor initial state, nor perturbation reaches, so that under the
boundary "zero" each stimulus is cropped to the bounding box of what is left: the result is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from insilico.dynamics import State
from insilico.kernels.mely2018_sweep import Layout, sweep_stimuli
from insilico.kernels.mely2018_update import EULER, EXPONENTIAL, RATE, Constants
from insilico.kernels.support import boxes_of_activity
from insilico.perturb import Forces, Perturbation, selected_units

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
    state
        (I, O) at the start; together with `perturbations` it decides where the sheet is cropped.
    perturbations
        All perturbations of the run.
    """

    def __init__(
        self, drive: np.ndarray, wiring: Wiring, *, method: str, state: State, perturbations: Sequence[Perturbation]
    ) -> None:
        self._X = drive
        self._method = EXPONENTIAL if method == "exponential" else EULER
        self._across = (wiring.parameters.delta * wiring.across).astype(drive.dtype).ravel()
        self._constants = _constants(wiring, drive)
        self._layout = _layout(wiring, drive)
        shape = drive.shape[1:]
        units = [selected_units(p, shape) for p in perturbations]
        touched = np.zeros((2, *shape), bool)
        for ids in units:
            touched.reshape(-1)[ids] = True
        boxes = boxes_of_activity(
            (drive, state[0], touched[0]), (state[1], touched[1]), reach=wiring.near.reach, boundary=wiring.boundary
        )
        self._windows = _windows(boxes, width=shape[1], n_features=shape[2])

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
        dtype = self._X.dtype
        flat = (len(self._X), -1)
        residual = np.zeros(len(rows))
        sweep_stimuli(
            self._X.reshape(flat), state[0].reshape(flat), state[1].reshape(flat), self._windows[rows],
            rows, steps.astype(dtype), n_steps, mode, self._constants, self._layout, self._across,
            *_dense(forces, dtype), forces is not None, residual,
        )  # fmt: skip
        return residual


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
    )


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
