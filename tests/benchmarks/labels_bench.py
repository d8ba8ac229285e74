"""What labels cost: one labelled object per batch against one per stimulus."""

from __future__ import annotations

import statistics
import time

import numpy as np
import xarray as xr

import insilico
from insilico.circuit import State
from insilico.execute import Filled
from insilico.units import recorded
from stimuli import Grating, StimulusSet

N, BATCH, REPEATS = 2048, 256, 5


def measure() -> dict:
    """Return microseconds per stimulus of labelling in batches, and of one xarray object per stimulus."""
    model = insilico.load_model("mely2018", **{"preparation.shape": (31, 31), "preparation.n_channels": 16})
    stimuli = StimulusSet.grid(
        lambda orientation, contrast: Grating(orientation=orientation, spatial_frequency=2, contrast=contrast),
        orientation=np.linspace(0, 170, N // 16),
        contrast=np.linspace(0.1, 1, 16),
    )
    field = np.random.default_rng(0).random((BATCH, 31, 31, 16))
    state = State(
        populations={"input": field, "output": field},
        drive=field,
        residual=np.zeros(BATCH),
        converged=np.ones(BATCH, dtype=bool),
        n_steps=np.zeros(BATCH, dtype=int),
    )
    recording = insilico.Recording()

    def batched() -> xr.Dataset:
        whole = Filled(N)
        for _ in range(N // BATCH):
            whole.add(recorded(state, recording, model.preparation, model.circuit.populations))
        return whole.labelled(stimuli)

    def one_by_one(n: int = 256) -> xr.DataArray:
        coords = {name: ("unit", np.arange(16)) for name in ("unit", "row", "column", "channel")}
        return xr.concat([xr.DataArray(field[i, 15, 15], dims="unit", coords=coords) for i in range(n)], dim="stimulus")

    batched(), one_by_one()
    times: dict[str, list[float]] = {"batched": [], "one": []}
    for repeat in range(REPEATS):
        pair = [("batched", batched, N), ("one", one_by_one, 256)]
        for name, run, n in pair if repeat % 2 == 0 else reversed(pair):
            start = time.process_time()
            run()
            times[name].append((time.process_time() - start) / n * 1e6)
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {
        "labels_us_per_stimulus": {"median": middle["batched"], "spread": _spread(times["batched"]), "unit": "us"},
        "labels_one_object_per_stimulus_us": {"median": middle["one"], "spread": _spread(times["one"]), "unit": "us"},
    }


def _spread(values: list[float]) -> list[float]:
    return [min(values), max(values)]
