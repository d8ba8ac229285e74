"""How fast the contextual circuit can be fitted: folded against full sheet, and a whole fit."""

from __future__ import annotations

import statistics
import time

import insilico
import insilico.circuits.contextual
from insilico.fitting.starts import run_start
from protocols.fit_command import fit_problem, start_values
from protocols.fit_targets import EXPERIMENTS

TABLES = ("busse2009", "trott_born2015_plaid", "trott_born2015_matrix", "otoole_wenderoth1977", "size_tuning")
FREE = (
    *("beta", "nu", "gamma", "omega", "n", "c50", "thO", "sP", "tuning_width@cat"),
    *("tuning_width@macaque+default", "tuning_width@human_otoole"),
)
ROUNDS = 5
REPEATS = {"folded": 5, "full": 1}  # a fit evaluates one after the other, with warm caches


def measure() -> dict:
    """Return the time of one evaluation of five tables, folded and on the full sheet, and of a fit of 12 parameters."""
    chosen = fit_problem("contextual", TABLES, free=FREE, fixed={"beta": 1e-3}, base="minimal")
    around = start_values(chosen, "contextual", "minimal")
    model = insilico.load_model("contextual", "minimal")
    shown = []
    for name in TABLES:
        experiment = EXPERIMENTS[name]()
        subject = model.prepared(experiment.preparation)
        shown.append((subject, experiment.stimuli(subject.preparation)))

    def folded() -> None:
        chosen.evaluate(around)

    def full() -> None:
        for subject, stimuli in shown:
            drive = subject.encode(stimuli).values.astype("float32")
            insilico.circuits.contextual.steady_state(drive, subject.effective_parameters, tol=1e-5)

    folded(), full()
    times: dict[str, list[float]] = {"folded": [], "full": []}
    for number in range(ROUNDS):
        pair = [("folded", folded), ("full", full)]
        for name, run in pair if number % 2 == 0 else reversed(pair):
            start = time.process_time()
            for _ in range(REPEATS[name]):
                run()
            times[name].append((time.process_time() - start) / REPEATS[name])
    start = time.process_time()
    found = run_start(chosen, 1, 0, around)
    fit = time.process_time() - start
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {
        "folded_ms": {"median": 1e3 * middle["folded"], "min": 1e3 * min(times["folded"])},
        "full_ms": {"median": 1e3 * middle["full"], "min": 1e3 * min(times["full"])},
        "full_over_folded": middle["full"] / middle["folded"],
        "fit_s": fit,
        "fit_evaluations": found.n_evaluations,
        "fit_scores": found.scores,
    }
