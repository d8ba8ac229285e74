"""Circuits with two stages compiled: from wiring and forces to the arrays of the fused sweep (two_stage_sweep).

Activities vanish where neither drive, nor near ring, nor initial state, nor a perturbation that excites reaches, so
that under the boundary "zero" each stimulus is cropped to the bounding box of what is left: the result is the same.
Recurrent excitation (gO) may carry activity anywhere, and nothing is cropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from insilico.dynamics import State
from insilico.kernels.lanes import BYTES
from insilico.kernels.power import power_range
from insilico.kernels.support import boxes_of_activity
from insilico.kernels.two_stage_sweep import Layout, sweep_stimuli
from insilico.kernels.two_stage_update import EULER, EXPONENTIAL, RATE, Constants
from insilico.perturb import Forces
from insilico.pools import Ring

if TYPE_CHECKING:
    from insilico.circuits.two_stage_equations import Wiring

NOISE = {
    "float64": 2.0**-46,
    "float32": 2.0**-18,
}  # share of a box that may be its rounding, 32 or 64 times the last place


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
        self._constants = _constants(wiring, drive)
        self._layout = _layout(wiring, drive)
        self._rings = _rings(wiring, drive.dtype)
        self._over_features = _over_features(wiring, drive.dtype)
        self._reach = wiring.near.reach
        self._cropped = wiring.boundary == "zero" and wiring.coefficients.gO == 0
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
            rows, steps.astype(dtype), n_steps, mode, self._constants, self._layout, self._rings, self._over_features,
            *_dense(forces, dtype), forces is not None, residual,
        )  # fmt: skip
        return residual

    def _crop(self, state: State, forces: Forces | None) -> None:
        """Find the crops anew where a run enters other forces; within them, activity stays inside its crop."""
        if self._cropped_for is not None and self._cropped_for[0] is state and self._cropped_for[1] is forces:
            return
        (I, O), excited = state, () if forces is None else tuple(forces.exciting)
        boxes = boxes_of_activity(
            (self._X, I, *excited[:1]), (O, *excited[1:]), reach=self._reach, cropped=self._cropped
        )
        self._windows = _windows(boxes, width=self._X.shape[2], n_features=self._X.shape[3])
        self._cropped_for = state, forces


def _constants(wiring, drive) -> Constants:
    p, number, dtype = wiring.coefficients, drive.dtype.type, drive.dtype
    of_I, of_O = p.populations
    (lowest_P, highest_P), (lowest_T, highest_T) = power_range(p.qP, dtype), power_range(p.qT, dtype)
    values = {
        "zero": 0, "one": 1, "xi": p.xi, "alpha": p.alpha, "mu": p.mu, "beta": p.beta, "nu": p.nu, "zeta": p.zeta,
        "gamma": p.gamma, "thO": p.thO, "qP": p.qP, "qT": p.qT,
        "leak_I": of_I.leak, "leak_O": of_O.leak, "eta": p.eta, "tau": p.tau, "share": 1 / drive.shape[3],
        "lowest_P": lowest_P, "highest_P": highest_P, "lowest_T": lowest_T, "highest_T": highest_T,
        "noise_P": NOISE[dtype.name] if p.qP < 1 else 0, "noise_T": NOISE[dtype.name] if p.qT < 1 else 0,
    }  # fmt: skip
    return Constants(**{name: number(value) for name, value in values.items()})


def _layout(wiring, drive) -> Layout:
    p, rings = wiring.coefficients, (wiring.near, wiring.near, wiring.far)
    half_widths = np.zeros((3, 2, max(len(ring.annuli) for ring in rings)), np.int64)
    for i, ring in enumerate(rings):
        half_widths[i, :, : len(ring.annuli)] = np.ceil(_radii(ring))
    mixed_P, mixed_T = (matrix is not None for matrix in (wiring.across_P, wiring.across_T))
    afresh = np.array([p.qP < 1, False, p.qT < 1])
    return Layout(
        n_features=drive.shape[3],
        half_widths=half_widths,
        n_annuli=np.array([len(ring.annuli) for ring in rings]),
        reach=np.array([ring.reach for ring in rings]),
        with_ring=np.array([p.gamma > 0, p.gO > 0, p.beta > 0 or p.nu > 0]),
        sharp=np.array([_is_sharp(ring) for ring in rings]) & ~afresh,
        untuned=np.array([wiring.untuned_P, False, wiring.untuned_T]),
        mixed=np.array([mixed_P and not wiring.untuned_P, False, mixed_T and not wiring.untuned_T]),
        powered=np.array([p.qP != 1, False, p.qT != 1]),
        afresh=afresh,
        with_Q=p.delta > 0,
        with_U=p.alpha > 0 or p.mu > 0,
        with_thO=p.thO > 0,
        periodic=wiring.boundary == "periodic",
        gated=wiring.gated,
        folded=drive.shape[3] % 2 == 0 and drive.shape[3] // 2 >= BYTES // drive.itemsize,
    )


def _radii(ring: Ring) -> np.ndarray:
    """Return the half-widths of a ring's boxes, (outer or inner, annulus)."""
    return np.array([radii for *radii, _ in ring.annuli]).T


def _is_sharp(ring: Ring) -> bool:
    return len(ring.annuli) == 1 and bool((_radii(ring) % 1 == 0).all())


def _rings(wiring, dtype) -> np.ndarray:
    """Return what `sweep_stimuli` calls rings; gains that act on a pool as it is are part of the weights."""
    p, near, far = wiring.coefficients, wiring.near, wiring.far
    rings = np.zeros((3, 3, max(len(near.annuli), len(far.annuli))), dtype)
    for i, (ring, gain) in enumerate(((near, p.gamma if p.qP == 1 else 1.0), (near, p.gO), (far, 1.0))):
        radii, weights = _radii(ring), [weight for *_, weight in ring.annuli]
        rings[i, :2, : len(weights)] = radii + 1 - np.ceil(radii)
        rings[i, 2, : len(weights)] = gain * np.array(weights)
    return rings


def _over_features(wiring, dtype) -> np.ndarray:
    """Return the pools over features of Q, P, N and T, and their even and odd halves (pools.across_folded_features)."""
    k = len(wiring.across)
    matrices = np.zeros((4, 3, k * k), dtype)
    for i, matrix in ((0, wiring.coefficients.delta * wiring.across), (1, wiring.across_P), (3, wiring.across_T)):
        if matrix is not None:
            near, opposite = matrix[: k // 2, : k // 2], matrix[: k // 2, k // 2 : 2 * (k // 2)]
            for j, m in enumerate((matrix, (near + opposite) / 2, (near - opposite) / 2)):
                matrices[i, j, : m.size] = m.ravel()
    return matrices


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
