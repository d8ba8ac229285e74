"""What is malformed or contradicts itself is refused before the fit, and what is undefined never counts as found."""

import json
from dataclasses import replace

import numpy as np
import pytest

from insilico.fitting import FitResult, Target, run_starts
from insilico.fitting.starts import Start, best_of, fingerprint
from protocols.cli import main
from protocols.fit_command import fit_problem
from protocols.fit_targets import EXPERIMENTS

N = 300  # points of Busse's table


@pytest.fixture(scope="module")
def small():
    return fit_problem("contextual", ["busse2009"], free=["c50"], fixed={"mu": 0.0, "alpha": 0.0})


def start(cost, *, number=0, unconverged=0, score=0.5):
    return Start(number=number, values=(0.1,), cost=cost, scores={"t": score}, n_evaluations=1, unconverged=unconverged)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": (np.nan, *([0.1] * (N - 1)))}, r"data\[0\] of busse2009 = nan: must be finite"),
        ({"data": (0.1,) * (N - 1)}, r"shape \(299,\): must be \(300,\)"),
        ({"kept": (True,)}, r"kept of busse2009 has shape \(1,\)"),
        ({"weight": np.nan}, "must be finite and > 0"),
        ({"weight": np.inf}, "must be finite and > 0"),
        ({"width_factor": 0.0}, "must be finite and > 0"),
    ],
)
def test_a_malformed_target_is_refused_when_it_is_made(given, message):
    with pytest.raises(ValueError, match=message):
        Target(experiment=EXPERIMENTS["busse2009"](), **given)


def test_data_belong_to_a_table():
    with pytest.raises(ValueError, match="it has no table"):
        Target(experiment=EXPERIMENTS["size_tuning"](), data=(1.0,))


def test_an_undefined_cost_is_never_the_best():
    assert best_of([start(np.nan), start(3.0, number=1), start(2.0, number=2, unconverged=1)]).number == 1
    with pytest.raises(ValueError, match="none of 2 starts ended at a defined cost"):
        best_of([start(np.nan), start(np.inf)])


def test_a_start_without_a_score_does_not_agree(small):
    assert FitResult(small, (start(1.0, score=np.nan),)).agreement == (0, 1)
    assert FitResult(small, (start(1.0, unconverged=2),)).agreement == (0, 1)
    assert FitResult(small, (start(1.0), start(1.02), start(np.nan))).agreement == (2, 3)


def test_an_undefined_response_has_not_converged(small, monkeypatch):
    from insilico import folded_circuit

    def undefined(self, **_):
        n = len(self._stimuli.places)
        return folded_circuit.FoldedActivity(
            response=np.full((n, 24), np.nan),
            drive=np.full((n, 24), np.nan),
            residual=np.full(n, np.nan),
            n_iterations=np.zeros(n),
        )

    monkeypatch.setattr(folded_circuit.FoldedCircuit, "steady_state", undefined)
    found = replace(small, parameters=replace(small.parameters, gamma=1.2345)).evaluate((0.1,))
    assert found.unconverged == 25
    assert (np.abs(found.residuals) == 10).all()


def test_a_kept_start_that_is_damaged_or_undefined_is_run_again(small, tmp_path):
    [kept] = run_starts(small, n_starts=1, max_evaluations=4, folder=tmp_path)
    [file] = tmp_path.glob("*.json")
    for content in (json.dumps({**json.loads(file.read_text()), "cost": float("nan")}), "{", "[]"):
        file.write_text(content)
        assert run_starts(small, n_starts=1, max_evaluations=4, folder=tmp_path) == [kept]


def test_a_kept_start_belongs_to_its_version_equations_and_published_values(small, monkeypatch):
    before = fingerprint(small, 0)
    with monkeypatch.context() as patch:
        patch.setattr("insilico.fitting.starts.MODEL_VERSION", -1)
        assert fingerprint(small, 0) != before
    with monkeypatch.context() as patch:
        patch.setattr("insilico.fitting.starts.versions", lambda: {"insilico-neurophysiology": "0.0"})
        assert fingerprint(small, 0) != before
    [target] = small.targets
    reference = target.experiment.reference
    changed = replace(reference, values=reference.values + 1e-6)
    with monkeypatch.context() as patch:
        patch.setattr(type(target.experiment), "reference", changed)
        assert fingerprint(small, 0) != before
    assert fingerprint(small, 0) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "busse2009", "busse2009"], "named twice: its data would count twice"),
        (["--to", "size_tuning", "busse2009", "--shift", "0"], "must be finite and > 0"),
        (["--to", "size_tuning", "busse2009", "--shift=-2"], "must be finite and > 0"),
        (["--to", "size_tuning", "busse2009", "--shift", "inf"], "must be finite and > 0"),
        (["--to", "busse2009", "--shift", "2"], "belongs to size_tuning, which is not fitted"),
        (["--to", "busse2009", "--neighbours"], "neighbours are those of otoole_wenderoth1977"),
        (["--to", "busse2009", "--free", "nu", "--set", "nu=1"], "nu is both free and set to 1"),
        (["--to", "busse2009", "--free", "c50", "--set", "c50=.2"], "c50 is both free and set to 0.2"),
        (["--to", "busse2009", "--check-starts", "0"], "--check-starts 0: must be 1 or more"),
        (["--to", "busse2009", "--starts", "0"], "--starts 0: must be 1 or more"),
        (["--to", "busse2009", "--processes", "0"], "--processes 0: must be 1 or more"),
        (["--to", "busse2009", "--leave-out", "busse2009"], "leaves no table to fit"),
        (["--to", "busse2009", "size_tuning", "--leave-out", "busse2009"], "leaves no table to fit"),
        (["--to", "busse2009", "--leave-out", "fifths", "fifths"], "given twice"),
        (["--to", "busse2009", "--checks", "trade-off"], "needs size_tuning among the tables"),
        (["--to", "busse2009", "--weight", "busse2009=abc"], "must be a number"),
        (["--to", "busse2009", "--free", "center_diameter"], "must not be bought with a fitted stimulus"),
        (["--to", "busse2009", "--start-from", "none.toml"], "cannot be read"),
        ([], "--to: name the tables"),
        (["--kinds", "scores", "--to", "busse2009"], "belong to --table"),
        (["--table", "minimal", "--to", "busse2009"], "--table fits nothing: leave out --to"),
        (["--table", "minimal", "--kinds", "score"], "Did you mean 'scores'"),
        (["--table", "minmal"], "Did you mean 'minimal'"),
    ],
)
def test_the_command_refuses_before_it_fits(words, message, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("insilico.fitting.starts.run_start", lambda *_: pytest.fail("a fit was started"))
    monkeypatch.setattr("protocols.set_table.run_tasks", lambda *_, **__: pytest.fail("a table was started"))
    if "FREE" not in words and "--free" not in words and "--to" in words:
        words = [*words, "--free", "omega"]
    assert main(["fit", "--out", str(tmp_path / "fit"), *words]) == 2
    assert message in capsys.readouterr().err
