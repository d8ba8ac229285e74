"""What is left out is not seen: neither by the fit, nor through a width that only it could have told."""

import numpy as np
import pytest

from insilico.fitting import Target, leave_out_table, leave_out_tables
from insilico.fitting.starts import Start
from protocols import set_kinds
from protocols.fit_command import fit_problem
from protocols.fit_targets import EXPERIMENTS

TABLES = ("busse2009", "trott_born2015_plaid", "trott_born2015_matrix")
FREE = ("c50", "tuning_width@cat", "tuning_width@macaque")


@pytest.fixture
def shown(monkeypatch):
    """Let every fit end in the middle of its bounds, and keep what was fitted."""
    problems = []

    def ended(problem, **_):
        problems.append(problem)
        values = tuple(f.from_unit(0.5) for f in problem.free)
        return [Start(number=0, values=values, cost=0.1, scores={}, n_evaluations=1, unconverged=0)]

    monkeypatch.setattr("insilico.fitting.leave_out.run_starts", ended)
    monkeypatch.setattr("insilico.fitting.leave_out.predicted_points", lambda _, t, __: (t.values, t.values**2))
    return problems


@pytest.fixture(scope="module")
def problem():
    return fit_problem("contextual", TABLES, free=FREE, fixed={"mu": 0.0, "alpha": 0.0})


def labels(problem):
    return [f.label for f in problem.free]


def test_a_paper_is_left_out_whole_and_its_own_width_alone_is_fitted_then(problem, shown):
    found = leave_out_tables(problem, TABLES[1:], refit=True)
    first, second = shown
    assert [t.name for t in first.targets] == ["busse2009"]
    assert labels(first) == ["c50", "tuning_width@cat"]
    assert [t.name for t in second.targets] == list(TABLES[1:])
    assert labels(second) == ["tuning_width@macaque"]
    assert second.parameters.c50 == first.free[0].from_unit(0.5)
    assert [part.name for part in found] == list(TABLES[1:])
    assert "tuning_width@macaque alone fitted" in found[0].how
    assert all(0 < part.r2 < 1 for part in found)


def test_without_a_second_fit_the_width_is_the_experiments_own(problem, shown):
    found = leave_out_tables(problem, ["busse2009"], refit=False)
    [only] = shown
    assert labels(only) == ["c50", "tuning_width@macaque"]
    assert found[0].how == "the whole table"
    assert leave_out_table(problem, "busse2009") == found[0]


def test_a_width_that_a_remaining_table_tells_is_kept(problem, shown):
    leave_out_tables(problem, ["trott_born2015_plaid"], refit=True)
    [only] = shown  # nothing acts on the plaids alone: no second fit
    assert "tuning_width@macaque" in labels(only)


def test_a_width_of_an_earlier_fit_does_not_leak_into_what_is_left_out(shown):
    chosen = fit_problem("contextual", TABLES, free=FREE, fixed={}, base="minimal")
    found = leave_out_tables(chosen, TABLES[1:], refit=True)
    own = shown[1].preparations["macaque_trott_born2015_plaid"]
    assert "tuning_width" not in own
    assert own["surround_diameter"] == 8.75
    assert "values of an earlier fit were kept" in found[0].how


def test_what_cannot_be_left_out_is_refused(problem):
    with pytest.raises(KeyError, match="Did you mean 'busse2009'"):
        leave_out_tables(problem, ["busse209"], refit=True)
    with pytest.raises(ValueError, match="leaves nothing to fit"):
        leave_out_tables(problem, TABLES, refit=True)


def test_the_human_tables_are_asked_with_a_width_each(shown):
    chosen = fit_problem("contextual", [*TABLES, "otoole_wenderoth1977"], free=FREE, fixed={})
    with_human = set_kinds._with_width(chosen, set_kinds.HUMAN)
    assert [t.name for t in with_human.targets][-2:] == list(set_kinds.HUMAN)
    leave_out_tables(with_human, set_kinds.HUMAN, refit=True)
    assert [t.name for t in shown[0].targets] == list(TABLES)
    assert labels(shown[1]) == [f"tuning_width@human_{name}" for name in set_kinds.HUMAN]


def test_a_table_of_an_inverted_response_has_the_mean_as_its_prediction(problem):
    [target] = [t for t in problem.targets if t.name == "busse2009"]
    one = fit_problem("contextual", ["busse2009"], free=["c50"], fixed={})
    activity = one.predict(one.targets[0], (0.1,)).activity
    experiment = EXPERIMENTS["busse2009"]()
    read = experiment.reader(experiment.stimuli(experiment.preparation), experiment.preparation)
    inverted = tuple((1 - read(activity.response, activity.drive)).tolist())
    from dataclasses import replace

    found = replace(one, targets=(Target(experiment=target.experiment, data=inverted),)).evaluate((0.1,))
    assert found.scores["busse2009"] == pytest.approx(0, abs=1e-9)
    assert float((found.residuals**2).sum()) == pytest.approx(1)
    assert np.ptp(found.residuals * np.std(inverted) * np.sqrt(len(inverted)) + np.array(inverted)) < 1e-9
