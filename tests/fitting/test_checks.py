"""Checks of a fit change what they say, and nothing else; models made for one table are fitted to it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

import insilico
from insilico.fitting import FitResult, fit_variations
from insilico.fitting.leave_out import conditions_of
from insilico.fitting.starts import run_start
from insilico.fitting.variation import carried, shuffled, without
from protocols.dedicated import DEDICATED, fit_dedicated
from protocols.fit_checks import as_text, intact, ladder, removals, shuffles, trade_offs
from protocols.fit_command import fit_problem, start_values
from protocols.fit_targets import EXPERIMENTS

FREE = ("nu", "omega", "n", "c50", "sP", "tuning_width@cat", "tuning_width@macaque")
TABLES = ("busse2009", "trott_born2015_matrix")


@pytest.fixture(scope="module")
def fitted():
    chosen = fit_problem("contextual", TABLES, free=FREE, fixed={}, base="minimal")
    start = run_start(chosen, 0, 0, start_values(chosen, "contextual", "minimal"), max_evaluations=8)
    return FitResult(chosen, (start,))


def test_shuffling_exchanges_whole_conditions(fitted):
    changed = shuffled(fitted.problem, seed=3)
    for before, after in zip(fitted.problem.targets, changed.targets, strict=True):
        condition, rows = conditions_of(before), []
        for c in range(condition.max() + 1):
            rows.append(tuple(after.values[condition == c]))
        original = [tuple(before.values[condition == c]) for c in range(condition.max() + 1)]
        assert sorted(rows) == sorted(original)
        assert rows != original
    assert shuffled(fitted.problem, seed=3) == changed != shuffled(fitted.problem, seed=4)
    assert changed.free == fitted.problem.free


def test_what_is_taken_out_is_neither_free_nor_left_in_a_preparation(fitted):
    changed = without(fitted.problem, ("c50", "n"), {"c50": np.inf})
    assert {f.name for f in changed.free} == {f.name for f in fitted.problem.free} - {"c50", "n"}
    assert changed.parameters.c50 == np.inf
    own = replace(fitted.problem, preparations={"cat_busse2009": {"c50": 0.07, "tuning_width": 0.3}})
    assert without(own, (), {"c50": 0.1}).preparations == {"cat_busse2009": {"tuning_width": 0.3}}
    assert len(without(fitted.problem, ("tuning_width@cat",), {}).free) == len(fitted.problem.free) - 1
    with pytest.raises(ValueError, match="no parameters of the circuit"):
        without(fitted.problem, (), {"c5": 1.0})


def test_each_part_is_removed_once_and_the_ladder_only_adds(fitted):
    names = [v.name for v in removals(fitted)]
    assert len(set(names)) == len(names)
    assert "normalization of the afferents" in names
    assert "output threshold" not in names  # not free in this fit
    [one] = [v for v in removals(fitted) if v.name.startswith("tuning width per data set")]
    assert [f.label for f in one.problem.free if f.name == "tuning_width"] == ["tuning_width"]
    rungs = ladder(fitted)
    assert rungs[0].problem.free == ()
    assert rungs[0].problem.parameters == type(fitted.problem.parameters)()
    for before, after in itertools.pairwise(rungs):
        if after.name.startswith("+"):
            assert set(before.problem.free) < set(after.problem.free)
    assert {v.group for v in shuffles(fitted)} == {"shuffled"}


def test_values_are_carried_into_the_bounds(fitted):
    known = {"nu": 1e9, "tuning_width@cat": 0.4}
    found = dict(zip((f.label for f in fitted.problem.free), carried(fitted.problem, known), strict=True))
    assert found["nu"] == 5
    assert found["tuning_width@cat"] == 0.4
    assert found["omega"] == pytest.approx(fitted.problem.parameters.omega)


def test_the_published_circuit_scores_without_free_parameters(fitted):
    [found] = fit_variations(ladder(fitted)[:1], n_starts=2)
    assert found.n_free == 0
    assert found.scores["busse2009"] == pytest.approx(0.818, abs=0.01)
    assert found.scores["trott_born2015_matrix"] == pytest.approx(0.798, abs=0.01)
    text = as_text([intact(fitted), found])
    assert "published values" in text
    assert f"{found.scores['busse2009']:.3f}" in text


@pytest.mark.slow
def test_busse_needs_normalised_afferents():
    chosen = fit_problem("contextual", ["busse2009"], free=["c50", "n", "omega"], fixed={}, base="minimal")
    result = FitResult(chosen, (run_start(chosen, 0, 0, start_values(chosen, "contextual", "minimal")),))
    [removed] = [v for v in removals(result) if v.name == "normalization of the afferents"]
    [found] = fit_variations([removed], n_starts=1)
    assert result.best.scores["busse2009"] > 0.95
    assert found.scores["busse2009"] < 0.8


def test_a_shift_is_traded_only_where_it_is_measured(fitted):
    with pytest.raises(ValueError, match="size_tuning"):
        trade_offs(fitted)
    chosen = fit_problem("contextual", [*TABLES, "size_tuning"], free=["nu"], fixed={}, base="joint", shift=1.4)
    result = FitResult(chosen, (run_start(chosen, 0, 0, (0.1,), max_evaluations=2),))
    shifts = [t.experiment.shift for v in trade_offs(result) for t in v.problem.targets if not t.is_table]
    assert shifts == sorted(set(shifts))
    measured = intact(result).measures
    assert {"suppression_index", "summation_shift_peak", "summation_shift_95", "smallest_over_peak"} == set(measured)
    assert 1 < measured["summation_shift_peak"] < measured["summation_shift_95"]


@pytest.mark.parametrize("table", list(DEDICATED))
def test_a_dedicated_model_recovers_what_made_its_data(table, monkeypatch):
    model, reference = DEDICATED[table], insilico.load_reference(table)
    coordinates = {str(name): c.values for name, c in reference.values.coords.items()}
    low, high = np.array(list(model.bounds.values())).T
    true = low + 0.3 * (high - low)
    made = reference.values.copy(data=0.4 + 1.7 * model.predict(coordinates, true))
    monkeypatch.setattr("protocols.dedicated.load_reference", lambda _: replace(reference, values=made))
    found = fit_dedicated.__wrapped__(table)
    assert found.r2 == pytest.approx(1, abs=1e-9)
    assert list(found.values.values()) == pytest.approx(true, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("minimal", "busse2009"),
        ("minimal", "trott_born2015_plaid"),
        ("minimal", "trott_born2015_matrix"),
        ("minimal", "otoole_wenderoth1977"),
        ("joint", "trott_born2015_plaid"),
        ("light", "trott_born2015_matrix"),
    ],
)
def test_the_published_integration_gives_the_same_scores(parameters, name):
    from insilico.folded_circuit import FoldedCircuit
    from insilico.folding import fold

    shipped = fit_problem("contextual", [name], free=["nu"], fixed={}, base=parameters)
    [target] = shipped.targets
    values, preparation = shipped.settings(target, (shipped.parameters.nu,))
    stimuli = EXPERIMENTS[name]().stimuli(preparation)
    shown = fold(stimuli, preparation, field=values.rX)
    circuit = FoldedCircuit(shown, values, tuning_width=preparation.tuning_width)
    integrated = circuit.simulate(step=0.3, n_steps=1600, method="euler")
    assert integrated.residual.max() < 1e-5 * integrated.response.max()
    prediction = EXPERIMENTS[name]().reader(stimuli, preparation)(integrated.response, integrated.drive)
    score = target.experiment.scale.fit(target.values, prediction).r2
    assert score == pytest.approx(shipped.evaluate((shipped.parameters.nu,)).scores[name], abs=1e-3)
