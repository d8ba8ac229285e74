"""Speed and memory of the compiled 2018 circuit against what torch can do eagerly; run in the bench environment.

A rival is one explicit Euler step of the whole circuit (all pools, both equations) on the same drive. All run in one
process on one thread, interleaved and then in reversed order; times are process times, per stimulus and step.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from insilico.circuits.mely2018 import Mely2018Parameters, simulate, steady_state
from insilico.pools import box_matrix, circulant, gaussian_over_features

P = Mely2018Parameters()
N_STIMULI, N_FEATURES, SIDE, ROUNDS = 12, 32, 51, 6
NEAR_AREA, FAR_AREA = P.ssn**2 - 1, P.ssf**2 - P.ssn**2


def gratings(n: int = N_STIMULI, *, k: int = N_FEATURES, side: int = SIDE, dtype: type = np.float32) -> np.ndarray:
    """Full-field gratings of n orientations: (stimulus, y, x, feature)."""
    z = np.linspace(0, 1, k)
    tuned = np.stack([np.exp(np.cos(2 * np.pi * (z - i / n)) - 1) for i in range(n)])
    return np.ascontiguousarray(np.broadcast_to(tuned[:, None, None, :], (n, side, side, k)).astype(dtype))


def tilts(n: int = N_STIMULI, *, dtype: type = np.float32) -> np.ndarray:
    """Centre 8 x 8 and surround to 32 x 32 cells, at n relative orientations, 25 channels."""
    z, drive = np.linspace(0, 1, 25), np.zeros((n, 51, 51, 25))
    for i in range(n):
        drive[i, 9:41, 9:41] = np.exp(6.25 * (np.cos(2 * np.pi * (z - 0.5 - 0.5 * i / n)) - 1))
        drive[i, 21:29, 21:29] = np.exp(6.25 * (np.cos(2 * np.pi * (z - 0.5)) - 1))
    return drive.astype(dtype)


class Rival:
    """One explicit Euler step in torch; subclasses compute the ring pools T and P. Layout (stimulus, y, x, feature)."""

    def __init__(self, drive: np.ndarray) -> None:
        self.X = torch.from_numpy(drive)
        self.I, self.O = self.X.clone(), self.X.clone()
        k = drive.shape[-1]
        self.across = torch.from_numpy(circulant(gaussian_over_features(k, P.omega)).astype(np.float32))

    def rings(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return T and P."""
        raise NotImplementedError

    def advance(self, step: float = 1.0) -> None:
        """Take one step."""
        U, (T, near) = self.O.mean(-1, keepdim=True), self.rings()
        bracket = (P.xi * self.X - (P.alpha * self.I + P.mu) * U - (P.beta * self.I + P.nu) * T).clamp_(min=0)
        facilitation = (P.gamma * near + P.delta * (self.I @ self.across)).clamp_(min=0)
        self.I = (1 - P.epsilon**2 * step / P.eta) * self.I + step / P.eta * bracket
        self.O = (1 - P.sigma**2 * step / P.tau) * self.O + step / P.tau * facilitation


def ring_kernels() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the far and the near ring as images."""
    far, near = torch.ones(P.ssf, P.ssf) / FAR_AREA, torch.ones(P.ssn, P.ssn) / NEAR_AREA
    edge = (P.ssf - P.ssn) // 2
    far[edge:-edge, edge:-edge] = 0
    near[P.ssn // 2, P.ssn // 2] = 0
    return far, near


class Dense(Rival):
    """Full (feature, feature, ssf, ssf) kernels, diagonal over features: the published form."""

    groups = 1

    def __init__(self, drive: np.ndarray) -> None:
        super().__init__(drive)
        k = drive.shape[-1]
        channels = torch.eye(k) if self.groups == 1 else torch.ones(k, 1)
        self.kernels = [self.stored(channels[:, :, None, None] * ring) for ring in ring_kernels()]

    def stored(self, kernel: torch.Tensor) -> torch.Tensor:
        return kernel.contiguous()

    def rings(self) -> tuple[torch.Tensor, torch.Tensor]:
        far, near = self.kernels
        pools = []
        for kernel, s in ((far, self.O), (near, self.I)):
            planes = self.stored(s.permute(0, 3, 1, 2))
            pools.append(
                F.conv2d(planes, kernel, padding=kernel.shape[-1] // 2, groups=self.groups).permute(0, 2, 3, 1)
            )
        return pools[0], pools[1]


class DepthwiseChannelsLast(Dense):
    """One kernel per feature, channels last."""

    groups = N_FEATURES

    def stored(self, kernel: torch.Tensor) -> torch.Tensor:
        return kernel.contiguous(memory_format=torch.channels_last)


class Banded(Rival):
    """Boxes as products with banded matrices."""

    def __init__(self, drive: np.ndarray) -> None:
        super().__init__(drive)
        n = drive.shape[1]
        self.far, self.near = (
            torch.from_numpy(box_matrix(n, s // 2, "zero", "float32").copy()) for s in (P.ssf, P.ssn)
        )

    def box(self, s: torch.Tensor, band: torch.Tensor) -> torch.Tensor:
        n, height, width, k = s.shape
        rows = torch.matmul(band, s.reshape(n, height, width * k)).reshape(n * height, width, k)
        return torch.matmul(band, rows).reshape(s.shape)

    def rings(self) -> tuple[torch.Tensor, torch.Tensor]:
        T = (self.box(self.O, self.far) - self.box(self.O, self.near)) / FAR_AREA
        return T, (self.box(self.I, self.near) - self.I) / NEAR_AREA


class Integral(Rival):
    """Boxes as differences of running sums."""

    def box(self, s: torch.Tensor, side: int) -> torch.Tensor:
        half = side // 2
        for axis, pad in ((1, (0, 0, 0, 0, half + 1, half)), (2, (0, 0, half + 1, half))):
            total = F.pad(s, pad).cumsum(axis)
            n = total.shape[axis]
            s = total.narrow(axis, side, n - side) - total.narrow(axis, 0, n - side)
        return s

    def rings(self) -> tuple[torch.Tensor, torch.Tensor]:
        T = (self.box(self.O, P.ssf) - self.box(self.O, P.ssn)) / FAR_AREA
        return T, (self.box(self.I, P.ssn) - self.I) / NEAR_AREA


class Pooling(Rival):
    """Boxes as separable average pooling."""

    def box(self, s: torch.Tensor, side: int) -> torch.Tensor:
        planes, half = s.permute(0, 3, 1, 2), side // 2
        rows = F.avg_pool2d(planes, (side, 1), 1, (half, 0), divisor_override=1)
        return F.avg_pool2d(rows, (1, side), 1, (0, half), divisor_override=1).permute(0, 2, 3, 1)

    def rings(self) -> tuple[torch.Tensor, torch.Tensor]:
        T = (self.box(self.O, P.ssf) - self.box(self.O, P.ssn)) / FAR_AREA
        return T, (self.box(self.I, P.ssn) - self.I) / NEAR_AREA


def compiled(drive: np.ndarray, *, n_steps: int, **options: Any) -> float:
    """Return seconds per stimulus and step, without what a call costs once (difference of two lengths)."""
    seconds = []
    for n in (2, 2 + n_steps):
        start = time.process_time()
        simulate(drive, n_steps=n, step=1.0, **options)
        seconds.append(time.process_time() - start)
    return (seconds[1] - seconds[0]) / (n_steps * len(drive))


def eager(rival: Rival, *, n_steps: int) -> float:
    """Return seconds per stimulus and step."""
    start = time.process_time()
    with torch.inference_mode():
        for _ in range(n_steps):
            rival.advance()
    return (time.process_time() - start) / (n_steps * len(rival.X))


def interleaved(contestants: dict[str, Callable[[], float]], *, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Run all in turn, every other round in reversed order, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name in list(contestants)[:: 1 if turn % 2 else -1]:
            took = contestants[name]()
            if turn:
                seconds[name].append(took)
    return seconds


def summary(seconds: list[float]) -> dict[str, float]:
    """Return median and spread in microseconds."""
    return {"median_us": 1e6 * statistics.median(seconds), "min_us": 1e6 * min(seconds), "max_us": 1e6 * max(seconds)}


def speed_per_step() -> dict[str, Any]:
    """Compare one step of every form on full-field drives."""
    drive = gratings()
    dense, eager_rivals = Dense(drive[:1]), (DepthwiseChannelsLast, Banded, Integral, Pooling)
    seconds = interleaved(
        {
            "exponential": lambda: compiled(drive, n_steps=20),
            "euler": lambda: compiled(drive, n_steps=20, method="euler"),
            "dense": lambda: eager(dense, n_steps=1),
            **{rival.__name__.lower(): partial(eager, rival(drive), n_steps=2) for rival in eager_rivals},
        }
    )
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    rivals = {name: m for name, m in medians.items() if name not in ("exponential", "euler", "dense")}
    best = min(rivals, key=lambda name: rivals[name])
    return {
        "per_stimulus_and_step": {name: summary(values) for name, values in seconds.items()},
        "best_eager": best,
        **{f"{own}_vs_dense": medians["dense"] / medians[own] for own in ("exponential", "euler")},
        **{f"{own}_vs_best_eager": rivals[best] / medians[own] for own in ("exponential", "euler")},
    }


def time_to_fixed_point(dense_step: float) -> dict[str, Any]:
    """Compare the way to an error of 1e-5 of the maximum with dense Euler steps of size 1 that get as far."""
    drive, cropped = gratings(), tilts()
    report: dict[str, Any] = {}
    for name, stimuli, scale in (("full_field", drive, 1.0), ("tilt", cropped, (25 / N_FEATURES) ** 2)):
        exact = steady_state(stimuli.astype(np.float64)).output
        error = lambda a, exact=exact: float(np.abs(a.output - exact).max() / exact.max())  # noqa: E731
        n_euler = next(n for n in range(50, 2000, 10) if error(simulate(stimuli, method="euler", n_steps=n)) <= 1e-5)
        tol = next(t for t in (3e-5, 1e-5, 3e-6, 1e-6, 1e-9) if error(steady_state(stimuli, tol=t)) <= 1e-5)
        seconds = []
        for _ in range(5):
            start = time.process_time()
            result = steady_state(stimuli, tol=tol)
            seconds.append((time.process_time() - start) / len(stimuli))
        dense = dense_step * scale * n_euler
        report[name] = {
            "error": error(result), "tol": tol, "n_steps": int(result.n_steps.max()), "n_euler": n_euler,
            **summary(seconds), "dense_us": 1e6 * dense, "vs_dense": dense / statistics.median(seconds),
        }  # fmt: skip
    return report


def linearity() -> dict[str, float]:
    """Return time per stimulus (and per cell) of a large against that of a small problem; 1 is linear."""
    few, many, small, large = gratings(4), gratings(24), gratings(4, side=41), gratings(4, side=82)
    seconds = interleaved(
        {
            "few": lambda: compiled(few, n_steps=20), "many": lambda: compiled(many, n_steps=20),
            "small": lambda: compiled(small, n_steps=20), "large": lambda: compiled(large, n_steps=20),
        }
    )  # fmt: skip
    m = {name: statistics.median(values) for name, values in seconds.items()}
    return {"stimuli_24_vs_4": m["many"] / m["few"], "cells_82x82_vs_41x41": m["large"] / m["small"] / 4}


def memory_per_stimulus() -> dict[str, float]:
    """Return MB: drive, both activities, and the scratch of the thread that works on it."""
    drive = gratings(1)
    k, n = N_FEATURES, SIDE * N_FEATURES
    rows = (P.ssn // 2 + 1 + P.ssf // 2 + 1 + 2) * n + 6 * n + (2 * (P.ssn // 2) * 2 + 2 * (P.ssf // 2)) * k + 4 * n
    return {"drive_and_state_MB": 3 * drive.nbytes / 1e6, "with_scratch_MB": (3 * drive.nbytes + 4 * rows) / 1e6}


def precision() -> dict[str, float]:
    """Return the largest difference between float32 and float64, of the maximum."""
    drive = gratings(4)
    single, double = simulate(drive), simulate(drive.astype(np.float64))
    return {"float32_vs_float64": float(np.abs(single.output - double.output).max() / double.output.max())}


def measure() -> dict[str, Any]:
    """Measure everything on one thread."""
    numba.set_num_threads(1)
    torch.set_num_threads(1)
    began, wall = time.process_time(), time.perf_counter()
    speed = speed_per_step()
    report = {
        "speed": speed,
        "fixed_point": time_to_fixed_point(1e-6 * speed["per_stimulus_and_step"]["dense"]["median_us"]),
        "linearity": linearity(),
        "memory": memory_per_stimulus(),
        "precision": precision(),
    }
    return report | {"cpu_per_wall": (time.process_time() - began) / (time.perf_counter() - wall)}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
