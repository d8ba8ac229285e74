"""What a fit is asked before it is believed: removals, a ladder, shuffled data, and what a shift of summation costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from insilico.fitting import FitResult, Free, Outcome, Problem, Variation
from insilico.fitting.variation import carried, measures, shuffled, without
from protocols.fit_targets import BOUNDS, SizeMeasures
from stimuli.errors import unknown_name

SHIFTS = (1.2, 1.5, 2.0, 2.6, 3.0)
N_SHUFFLES = 3


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the circuit that can be taken out: what is then not free, and what takes its place."""

    name: str
    names: tuple[str, ...]
    fixed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A step of the ladder: what becomes free, what is fixed, and what is given up, from there on."""

    name: str
    free: tuple[str, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)


PARTS = (
    Part(name="normalization of the afferents", names=("c50", "n"), fixed={"c50": float("inf")}),
    Part(name="T, the tuned far surround", names=("beta", "nu", "sT", "qT", "rT", "rTin"), fixed={"beta": 0, "nu": 0}),
    Part(name="tuning of T", names=("sT",), fixed={"sT": 10.0}),
    Part(name="nu, subtractive T", names=("nu",), fixed={"nu": 0}),
    Part(name="beta, divisive T", names=("beta",), fixed={"beta": 0}),
    Part(name="P, the near facilitation", names=("gamma", "sP", "qP", "rP"), fixed={"gamma": 0}),
    Part(name="width of P over features", names=("sP",), fixed={"sP": 0}),
    Part(name="exponent of P", names=("qP",), fixed={"qP": 1}),
    Part(name="exponent of T", names=("qT",), fixed={"qT": 1}),
    Part(name="gO, excitation of O by O", names=("gO",), fixed={"gO": 0}),
    Part(name="output threshold", names=("thO",), fixed={"thO": 0}),
    Part(name="fitted width of Q (0.15)", names=("omega",), fixed={"omega": 0.15}),
    Part(name="fitted rings (hard, as of 2018)", names=("rP", "rTin", "rT"), fixed={"soft": 0}),
    Part(name="c50 of its own for the cat", names=("c50@cat",)),
)
ONE_WIDTH = "tuning width per data set (one for all)"
LADDER = (
    Rung(name="published values"),
    Rung(name="+ its parameters and omega", free=("alpha", "beta", "mu", "nu", "gamma", "omega")),
    Rung(
        name="+ tuning width per data set",
        free=(
            *("tuning_width@cat", "tuning_width@macaque+default", "tuning_width@human_otoole"),
            "tuning_width@human_kim",
        ),
    ),
    Rung(name="+ normalization of the afferents", free=("n", "c50")),
    Rung(name="− U, the untuned pool", fixed={"alpha": 0, "mu": 0}),
    Rung(name="+ output threshold", free=("thO",)),
    Rung(name="+ width of P over features", free=("sP",)),
    Rung(name="+ soft rings of any size, exponent of P", free=("qP", "rP", "rTin", "rT"), fixed={"soft": 0.3}),
    Rung(name="+ c50 of its own for the cat", free=("c50@cat",)),
)


def removals(result: FitResult) -> list[Variation]:
    """Return the fit's problem without each of the parts that it has, one at a time."""
    problem, known = result.problem, result.values
    found = []
    for part in PARTS:
        fixed = {k: v for k, v in part.fixed.items() if getattr(problem.parameters, k) != v or _is_free(problem, k)}
        has = any(f.name in part.names or f.label in part.names for f in problem.free)
        if not has and not (part.name.startswith("gO") and problem.parameters.gO > 0):
            continue
        if part.name == "tuning of T" and not (_is_free(problem, "beta") or _is_free(problem, "nu")):
            continue
        changed = without(problem, part.names, fixed)
        found.append(_around(Variation(group="removed", name=part.name, problem=changed), known))
    widths = [f for f in problem.free if f.name == "tuning_width"]
    if len(widths) > 1:
        rest = without(problem, ("tuning_width",), {})
        one = replace(rest, free=(*rest.free, BOUNDS["tuning_width"]))
        found.append(_around(Variation(group="removed", name=ONE_WIDTH, problem=one), known))
    return found


def ladder(result: FitResult) -> list[Variation]:
    """Return the fit's targets with the circuit of 2018 and each extension added, one after the other."""
    problem, known = result.problem, result.values
    bare = replace(problem, free=(), parameters=type(problem.parameters)(), preparations={}, fitted=())
    names = [t.experiment.preparation.name for t in problem.targets]
    free: dict[str, Free] = {}
    found = []
    for rung in LADDER:
        for label in rung.free:
            name, _, where = label.partition("@")
            parameter = replace(BOUNDS[name], where=where)
            if any(parameter.acts_on(preparation) for preparation in names):
                free[label] = parameter
        for name in rung.fixed:
            free.pop(name, None)
        bare = replace(bare, parameters=replace(bare.parameters, **rung.fixed))
        changed = replace(bare, free=tuple(free.values()))
        found.append(_around(Variation(group="ladder", name=rung.name, problem=changed, follows=True), known))
    return found


def shuffles(result: FitResult) -> list[Variation]:
    """Return the fit's problem with the conditions of its tables exchanged at random, three times."""
    return [
        Variation(
            group="shuffled", name=f"conditions exchanged, {seed + 1}", problem=shuffled(result.problem, seed=seed)
        )
        for seed in range(N_SHUFFLES)
    ]


def trade_offs(result: FitResult) -> list[Variation]:
    """Return the fit's problem with several shifts of the preferred size asked for."""
    found = []
    for shift in SHIFTS:
        targets = tuple(
            replace(t, experiment=replace(t.experiment, shift=shift)) if isinstance(t.experiment, SizeMeasures) else t
            for t in result.problem.targets
        )
        if targets == result.problem.targets and not any(isinstance(t.experiment, SizeMeasures) for t in targets):
            raise ValueError("--checks trade-off needs size_tuning among the tables: --to ... size_tuning.")
        changed = replace(result.problem, targets=targets)
        found.append(_around(Variation(group="trade-off", name=f"shift {shift:g}", problem=changed), result.values))
    return found


CHECKS: dict[str, Callable[[FitResult], list[Variation]]] = {
    "removals": removals,
    "ladder": ladder,
    "shuffled": shuffles,
    "trade-off": trade_offs,
}


def checks_named(names: Sequence[str]) -> list[Callable[[FitResult], list[Variation]]]:
    """Return checks by name; raises where there is no such."""
    for name in names:
        if name not in CHECKS:
            raise unknown_name("check", name, CHECKS)
    return [CHECKS[name] for name in names]


def intact(result: FitResult) -> Outcome:
    """Return the fit itself as an outcome, for comparison."""
    return Outcome(
        group="fit",
        name="the fit itself",
        n_free=len(result.fitted),
        scores=result.evaluation.scores,
        measures=measures(result.problem, result.best.values),
        cost=result.best.cost,
        unconverged=result.best.unconverged,
    )


def as_text(outcomes: Sequence[Outcome]) -> str:
    """Return a table: one line for each outcome, one column for each score and measure."""
    scores = list(dict.fromkeys(name for o in outcomes for name in o.scores))
    measured = list(dict.fromkeys(name for o in outcomes for name in o.measures))
    width = max(len(o.name) for o in outcomes) + 2
    columns = [*scores, *measured]
    lines = [f"{'':{width}s} {'free':>4s} {'cost':>8s} " + " ".join(f"{_short(c):>9s}" for c in columns)]
    group = ""
    for o in outcomes:
        if o.group != group:
            group = o.group
            lines.append(group)
        values = [o.scores.get(c, o.measures.get(c)) for c in columns]
        cells = " ".join(f"{'–' if v is None else f'{v:.3f}':>9s}" for v in values)
        state = f"   NOT CONVERGED: {o.unconverged} stimuli" if o.unconverged else ""
        lines.append(f"  {o.name:{width - 2}s} {o.n_free:4d} {o.cost:8.4f} {cells}{state}")
    return "\n".join(lines)


def figures(outcomes: Sequence[Outcome]) -> list[Any]:
    """Return a figure of all outcomes, the fit itself first, and one of the trade-off where it was asked for."""
    if not outcomes:
        return []
    from insilico import plotting

    found = [plotting.checks([o for o in outcomes if o.group != "trade-off"])]
    traded = [o for o in outcomes if o.group == "trade-off"]
    if traded:
        label = "shift reached: preferred size at contrast 0.06 over that at 1"
        found.append(plotting.trade_off(traded, along="summation_shift_peak", xlabel=label))
    return found


def as_records(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return the outcomes as entries of `summary.json`."""
    return [
        {
            "group": o.group,
            "name": o.name,
            "n_free": o.n_free,
            "scores": {f"{name}_r2": value for name, value in o.scores.items()},
            "measures": dict(o.measures),
            "cost": o.cost,
            "unconverged": o.unconverged,
        }
        for o in outcomes
    ]


def _around(variation: Variation, known: Mapping[str, float]) -> Variation:
    return replace(variation, around=carried(variation.problem, known))


def _is_free(problem: Problem, name: str) -> bool:
    return any(f.name == name for f in problem.free)


def _short(name: str) -> str:
    short = {
        "busse2009": "Busse",
        "trott_born2015_plaid": "plaids",
        "trott_born2015_matrix": "matrix",
        "otoole_wenderoth1977": "tilt",
        "kim_wilson1997": "Kim & W.",
        "tilt_center_0.8": "size ×.8",
        "tilt_center_1.2": "size ×1.2",
        "tilt_discs": "discs",
        "tilt_width_0.9": "width ×.9",
        "tilt_width_1.1": "width ×1.1",
        "suppression_index": "SI",
        "summation_shift_peak": "shift",
        "summation_shift_95": "shift 95%",
        "smallest_over_peak": "smallest",
    }
    return short.get(name, name[:9])
