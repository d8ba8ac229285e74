"""How fast frames are drawn: our kernel against stimupy and against the time to fill the memory.

10,000 frames of 128 x 128 pixels in float32, each a grating with another one in an annulus around it, all of other
orientations and contrasts. Everything in one process on one thread, in CPU time; contestants are interleaved, the order
reversed from round to round. stimupy draws a subsample: both gratings, and its masks once for all frames.

Memory that the process touches for the first time costs several times what writing to it costs. So there are two pairs:
`render` with `memory_fill` (new memory for every batch, as a user gets it), `draw` with `reused_fill` (the same array).
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import stimuli
from stimuli.kernels.separable import draw_gratings
from stimuli.packed import WindowStack, pack

FRAMES = 10_000
BATCH = 1000
STIMUPY_FRAMES = 40
ROUNDS = 7
SIDE_PX, PPD, FREQUENCY = 128, 16, 2.0
CENTER_DEG, GAP_DEG, SURROUND_DEG = 2.0, 0.5, 7.0

DISPLAY = stimuli.Display(size_px=(SIDE_PX, SIDE_PX), ppd=PPD)


def center_surrounds(n: int) -> stimuli.StimulusSet:
    """Return n stimuli of random orientations and contrasts, the same in every call."""
    rng = np.random.default_rng(0)

    def stimulus(*, center: float, surround: float, contrast: float) -> stimuli.CenterSurround:
        return stimuli.CenterSurround(
            center=stimuli.Grating(
                orientation=center, spatial_frequency=FREQUENCY, contrast=contrast, diameter=CENTER_DEG
            ),
            surround=stimuli.Grating(orientation=surround, spatial_frequency=FREQUENCY, diameter=SURROUND_DEG),
            gap=GAP_DEG,
        )

    return stimuli.StimulusSet.zip(
        stimulus, center=rng.uniform(0, 180, n), surround=rng.uniform(0, 180, n), contrast=rng.uniform(0, 1, n)
    )


def stimupy_drawer(shown: stimuli.StimulusSet) -> Callable[[int], np.ndarray]:
    """Return a function that draws one of the stimuli with stimupy, on its own pixel grid."""
    from stimupy.components import radials, waves

    size = {"visual_size": (SIDE_PX / PPD, SIDE_PX / PPD), "ppd": PPD}
    radii = (CENTER_DEG / 2, CENTER_DEG / 2 + GAP_DEG, SURROUND_DEG / 2)
    center = radials.disc(radius=radii[0], origin="center", **size)["ring_mask"] > 0
    ring = radials.ring(radii=radii[1:], origin="center", **size)["ring_mask"] > 0
    labels = {name: column.to_numpy() for name, column in shown.parameters.coords.items()}

    def grating(orientation: float, contrast: float) -> np.ndarray:
        angles = stimuli.conventions.to_stimupy(orientation=orientation, phase=0.0)
        return waves.sine(
            frequency=FREQUENCY,
            intensities=(-contrast, contrast),
            distance_metric="oblique",
            origin="center",
            **angles,
            **size,
        )["img"]

    def draw(i: int) -> np.ndarray:
        inside = grating(labels["center"][i], labels["contrast"][i])
        around = grating(labels["surround"][i], 1.0)
        return np.where(center, inside, np.where(ring, around, 0.0)).astype(np.float32)

    return draw


def measure() -> dict[str, object]:
    """Time all contestants and return medians, spreads and ratios.

    Returns
    -------
    dict
        Median, smallest and largest CPU time per frame of each contestant, us; ratios of medians; the largest
        difference from the float64 reference.
    """
    shown = center_surrounds(FRAMES)
    drawer = stimupy_drawer(shown)

    x, y = DISPLAY.grid()
    reused = np.zeros((BATCH, 1, SIDE_PX, SIDE_PX), np.float32)

    def draw() -> int:
        for batch in shown.batches(BATCH):
            windows = WindowStack(DISPLAY)
            packed = pack(tuple(batch), DISPLAY, windows)
            draw_gratings(reused, x, y, np.zeros(1), *packed, *windows.arrays(np.float32))
        return FRAMES

    def reused_fill() -> int:
        for _ in range(FRAMES // BATCH):
            reused.fill(0.5)
        return FRAMES

    def render() -> int:
        for batch in shown.batches(BATCH):
            batch.render(DISPLAY)
        return FRAMES

    def stimupy() -> int:
        for i in range(STIMUPY_FRAMES):
            drawer(i)
        return STIMUPY_FRAMES

    def memory_fill() -> int:
        for _ in range(FRAMES // BATCH):
            np.empty((BATCH, SIDE_PX, SIDE_PX), np.float32).fill(0.5)
        return FRAMES

    rounds = interleaved({run.__name__: run for run in (render, stimupy, memory_fill, draw, reused_fill)})
    medians = {name: statistics.median(times) for name, times in rounds.items()}
    few = shown[:STIMUPY_FRAMES]
    reference = few.render(DISPLAY, dtype="float64", backend="numpy")
    return {
        "frames": f"{FRAMES} of {SIDE_PX} x {SIDE_PX} float32, batches of {BATCH}; stimupy {STIMUPY_FRAMES} of them",
        "us_per_frame": {
            name: {"median": medians[name], "min": min(times), "max": max(times)} for name, times in rounds.items()
        },
        "stimupy_over_render": medians["stimupy"] / medians["render"],
        "render_over_memory_fill": medians["render"] / medians["memory_fill"],
        "draw_over_reused_fill": medians["draw"] / medians["reused_fill"],
        "largest_error": float(abs(few.render(DISPLAY) - reference).max()),
    }


def interleaved(contestants: dict[str, Callable[[], int]]) -> dict[str, list[float]]:
    """Return the CPU time per frame, us, of each contestant in each round; the order alternates."""
    for run in contestants.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS):
        for name in list(contestants)[:: 1 if number % 2 else -1]:
            start = time.process_time()
            frames = contestants[name]()
            times[name].append((time.process_time() - start) / frames * 1e6)
    return times


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
