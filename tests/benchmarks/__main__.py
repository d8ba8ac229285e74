"""Measure speed as ratios and write JSON and a table: `python -m tests.benchmarks --out DIR`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

SUITES = ("kernel", "stimuli", "labels", "fit", "influence")
# what, where in the measurements, bar, and whether more or less is better
BARS: tuple[tuple[str, str, float, str], ...] = (
    ("fused step against dense convolution, times less", "kernel.speed.exponential_vs_dense", 200, "more"),
    ("fused Euler step against dense convolution, times less", "kernel.speed.euler_vs_dense", 200, "more"),
    ("fused step against the best torch eager form, times less", "kernel.speed.exponential_vs_best_eager", 5, "more"),
    ("float32 against float64, of the maximum", "kernel.precision.float32_vs_float64", 1e-5, "less"),
    ("fixed point against dense Euler h=1, full field", "kernel.fixed_point.full_field.vs_dense", 400, "more"),
    ("fixed point against dense Euler h=1, tilt", "kernel.fixed_point.tilt.vs_dense", 400, "more"),
    ("error of that fixed point, of the maximum", "kernel.fixed_point.full_field.error", 1e-5, "less"),
    ("memory per stimulus, 51 x 51 x 32 float32, MB", "kernel.memory.with_scratch_MB", 1.5, "less"),
    ("time per stimulus, 24 against 4 stimuli", "kernel.linearity.stimuli_24_vs_4", 1.2, "less"),
    ("time per cell, 82 x 82 against 41 x 41 cells", "kernel.linearity.cells_82x82_vs_41x41", 1.2, "less"),
    ("frames against stimupy, times less", "stimuli.stimupy_over_render", 250, "more"),
    ("frames against filling fresh memory", "stimuli.render_over_memory_fill", 6, "less"),
    ("frames into an array against filling it again", "stimuli.draw_over_reused_fill", 6, "less"),
    ("labels per stimulus in batches of 256, us", "labels.labels_us_per_stimulus.median", 5, "less"),
    ("five tables of the contextual circuit, folded, ms", "fit.folded_ms.median", 40, "less"),
    ("the same on the full sheet, times more", "fit.full_over_folded", 10, "more"),
    ("a fit of 12 parameters, s on one core", "fit.fit_s", 60, "less"),
    ("all pairs of 1,000 units against one by one, times less", "influence.uniform.speed", 100, "more"),
    ("difference of the two, of the largest influence", "influence.uniform.difference", 1e-3, "less"),
    ("GMRES on a sheet with borders against one by one", "influence.borders.speed", 1.5, "more"),
    ("difference of the two, of the largest influence", "influence.borders.difference", 1e-3, "less"),
)


def main() -> None:
    """Run all suites, print the table, write both files."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench"))
    parser.add_argument("--only", choices=SUITES, nargs="+", default=list(SUITES))
    options = parser.parse_args()
    measured: dict[str, Any] = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"}
    for suite in options.only:
        print(f"measuring {suite} …", flush=True)
        measured[suite] = importlib.import_module(f"tests.benchmarks.{suite}_bench").measure()
    table = as_table(measured)
    print(table)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench.json").write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    (options.out / "bench.txt").write_text(table, encoding="utf-8")


def as_table(measured: dict[str, Any]) -> str:
    """Return one line for each bar that was measured: value, bar, and whether it is met."""
    lines = [f"{'what':60s} {'measured':>10s} {'bar':>10s}"]
    for what, path, bar, better in BARS:
        value: Any = measured
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            continue
        met = value >= bar if better == "more" else value <= bar
        sign = ">=" if better == "more" else "<="
        lines.append(f"{what:60s} {value:10.3g} {sign + format(bar, 'g'):>10s}{'' if met else '   MISSED'}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
