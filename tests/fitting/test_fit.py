"""Fits find what made the data, are the same whoever computes them, and refuse what cannot be fitted."""

import json
from dataclasses import replace

import numpy as np
import pytest

import insilico
from insilico.circuits.contextual import ContextualParameters
from insilico.fitting import FitResult, Free, Problem, Target, leave_out_parts, run_starts
from insilico.fitting.leave_out import conditions_of, parts
from insilico.fitting.starts import run_start
from protocols.cli import main
from protocols.fit_checks import checks_named
from protocols.fit_command import fit_problem, parsed
from protocols.fit_targets import EXPERIMENTS, targets

TRUE = {"c50": 0.09, "tuning_width@cat": 0.5}


@pytest.fixture(scope="module")
def small():
    return fit_problem(
        "contextual", ["busse2009"], free=["c50", "tuning_width@cat"], fixed={"n": 2.3, "mu": 0.0, "alpha": 0.0}
    )


@pytest.fixture(scope="module")
def recovered(small):
    [target] = small.targets
    activity = small.predict(target, tuple(TRUE.values())).activity
    read = target.experiment.reader(
        target.experiment.stimuli(target.experiment.preparation), target.experiment.preparation
    )
    data = 0.3 * read(activity.response, activity.drive) + 0.1
    made = replace(small, targets=(replace(target, data=tuple(data.tolist())),))
    return insilico.fit(made, starts=3, seed=0)


def test_a_fit_recovers_what_made_the_data(recovered):
    for name, value in TRUE.items():
        assert recovered.values[name] == pytest.approx(value, rel=2e-3)
    assert recovered.evaluation.scores["busse2009"] == pytest.approx(1.0, abs=1e-6)
    assert recovered.at_bounds() == []
    assert recovered.agreement[0] >= 1


def test_a_second_optimiser_agrees(recovered):
    other = run_starts(recovered.problem, n_starts=1, method="cma", max_evaluations=500)[0]
    assert other.n_evaluations > recovered.best.n_evaluations
    assert other.scores["busse2009"] == pytest.approx(1.0, abs=1e-4)
    for name, value in zip(TRUE, other.values, strict=True):
        assert value == pytest.approx(TRUE[name], rel=0.02)


def test_starts_are_the_same_for_any_number_of_processes_and_when_resumed(small, tmp_path):
    alone = run_starts(small, n_starts=3, seed=5, max_evaluations=24)
    together = run_starts(small, n_starts=3, seed=5, max_evaluations=24, processes=2, folder=tmp_path)
    assert alone == together
    sorted(tmp_path.glob("*.json"))[1].unlink()  # as if killed before the second start had ended
    resumed = run_starts(small, n_starts=3, seed=5, max_evaluations=24, folder=tmp_path)
    assert resumed == alone
    assert run_starts(small, n_starts=1, seed=6, max_evaluations=24)[0] != alone[0]


def test_a_finished_start_is_not_run_again_and_another_problem_is(small, tmp_path, monkeypatch):
    run_starts(small, n_starts=1, max_evaluations=12, folder=tmp_path)
    monkeypatch.setattr("insilico.fitting.starts.run_start", lambda *_: pytest.fail("was run again"))
    run_starts(small, n_starts=1, max_evaluations=12, folder=tmp_path)
    with pytest.raises(pytest.fail.Exception, match="was run again"):
        run_starts(replace(small, dtype="float64"), n_starts=1, max_evaluations=12, folder=tmp_path)


def test_residuals_square_to_one_minus_r2(small):
    evaluation = small.evaluate((0.07, 0.4))
    assert float((evaluation.residuals**2).sum()) == pytest.approx(1 - evaluation.scores["busse2009"], abs=1e-9)


def test_scores_are_those_of_the_full_sheet(recovered, small):
    result = FitResult(small, (run_start(small, 0, 0, (0.07, 0.4), max_evaluations=12),))
    model = result.to_model()
    experiment = EXPERIMENTS["busse2009"]()
    import protocols

    comparison = protocols.busse2009().compare(protocols.busse2009().run(model))
    assert comparison.r2 == pytest.approx(result.evaluation.scores["busse2009"], abs=1e-4)
    assert comparison.n_free == 2 + 2
    assert experiment.preparation.n_channels == 24


def test_states_that_do_not_converge_are_penalised_and_counted():
    wild = Problem(
        targets=targets(["otoole_wenderoth1977"]),
        free=(Free(name="mu", low=1, high=7),),
        parameters=ContextualParameters(alpha=0, beta=0, nu=7, gamma=7, delta=7),
        preparations={},
    )
    evaluation = wild.evaluate((7.0,))
    assert evaluation.unconverged > 0
    assert float(np.abs(evaluation.residuals).min()) >= 10


def test_soft_directions_and_errors_name_what_is_not_determined(small):
    loose = replace(small, free=(*small.free, Free(name="sT", low=1e-3, high=2e-3)))  # narrower than a channel
    result = FitResult(loose, (run_start(loose, 0, 0, (0.07, 0.4, 1.5e-3), max_evaluations=20),))
    assert result.standard_errors["sT"] > 100 * result.standard_errors["c50"]
    assert list(result.soft_directions(1)[0][1]) == ["sT"]
    assert "sT" in result.summary()


def test_conditions_are_left_out_whole():
    for name, n in (("busse2009", 25), ("trott_born2015_plaid", 12), ("trott_born2015_matrix", 42)):
        [target] = targets([name])
        condition, part = conditions_of(target), parts(target, n_parts=5, seed=0)
        assert len(set(condition)) == n
        assert all(len(set(part[condition == c])) == 1 for c in set(condition))
        assert set(part) == set(range(5))


@pytest.mark.slow
def test_left_out_conditions_are_predicted_by_fits_that_have_not_seen_them(small):
    [left_out] = leave_out_parts(small, n_parts=2, n_starts=1)
    assert left_out.n_points == 300
    assert 0.5 < left_out.r2 < 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fit_problem("mely2018", ["busse2009"], free=["beta"], fixed={}), "cannot be fitted"),
        (lambda: fit_problem("contextual", ["busse"], free=["beta"], fixed={}), "Did you mean 'busse2009'"),
        (lambda: fit_problem("contextual", ["busse2009"], free=["betta"], fixed={}), "Did you mean 'beta'"),
        (lambda: fit_problem("contextual", ["busse2009"], free=["beta"], fixed={"gama": 1}), "Did you mean 'gamma'"),
        (lambda: fit_problem("contextual", ["busse2009"], free=["tuning_width@dog"], fixed={}), "acts on none"),
        (
            lambda: fit_problem("contextual", ["size_tuning"], free=["beta", "nu", "mu", "alpha"], fixed={}),
            "data points",
        ),
        (lambda: fit_problem("contextual", ["busse2009"], free=["beta", "beta"], fixed={}), "named once"),
        (lambda: parsed("beta=1:2:3"), "LOW:HIGH"),
        (lambda: checks_named(["removal"]), "Did you mean 'removals'"),
        (lambda: parsed("beta=2:1"), "low < high"),
        (lambda: Target(experiment=EXPERIMENTS["busse2009"](), kept=(False,) * 300), "empties busse2009"),
        (lambda: Free(name="beta", low=0, high=1), "must be > 0 on the log scale"),
    ],
)
def test_what_cannot_be_fitted_is_refused(make, message):
    with pytest.raises((ValueError, KeyError), match=message):
        make()


def test_bounds_that_exclude_the_start_are_refused(small):
    with pytest.raises(ValueError, match="lies outside its bounds"):
        run_starts(small, n_starts=1, around=(5.0, 0.4))


def test_a_direction_table_is_refused_by_the_energy_encoder():
    import protocols

    with pytest.raises(ValueError, match="orientation"):
        protocols.kim_wilson1997().run(insilico.load_model("contextual", encoder="energy"))


def test_the_command_writes_the_fit(tmp_path, capsys):
    out = tmp_path / "fit"
    arguments = [
        "fit",
        "--to",
        "busse2009",
        "--free",
        "c50",
        "--start-from",
        "minimal",
        "--starts",
        "1",
        "--out",
        str(out),
    ]
    assert main(arguments) == 0
    assert {p.name for p in out.iterdir()} == {
        "result.nc",
        "figure.png",
        "report.html",
        "summary.json",
        "parameters.toml",
    }
    summary = json.loads((out / "summary.json").read_text())
    assert summary["scores"][0]["name"] == "busse2009_r2"
    assert summary["scores"][0]["value"] > 0.95
    assert summary["findings"][0]["name"] == "c50"
    assert "c50" in capsys.readouterr().out
    assert main(["fit", "--to", "busse209", "--out", str(out)]) == 2
    assert "Did you mean 'busse2009'" in capsys.readouterr().err
