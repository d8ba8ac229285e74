"""What was fitted is counted once, wherever it was fitted; a set that is loaded again is the set that was fitted."""

import numpy as np
import pytest

import insilico
import protocols
from insilico.fitting import FitResult, Free, Problem
from insilico.fitting.free import superseded
from insilico.fitting.starts import Start
from insilico.zoo import parameter_set
from protocols.fit_command import as_toml, fit_problem
from protocols.fit_targets import targets

NAMES = {"cat_busse2009", "macaque_trott_born2015_plaid", "macaque_trott_born2015_matrix"}


def ended(problem, *values):
    """Return a result that ended at these values."""
    return FitResult(
        problem, (Start(number=0, values=values, cost=0.1, scores={"t": 0.9}, n_evaluations=1, unconverged=0),)
    )


@pytest.fixture(scope="module")
def further():
    chosen = fit_problem("contextual", ["busse2009"], free=["nu", "c50", "n"], fixed={}, base="minimal")
    return ended(chosen, 0.05, 0.06, 2.4)


def test_a_further_fit_counts_what_was_fitted_before(further):
    before = parameter_set("contextual", "minimal")
    assert before.n_fitted == 11
    assert set(further.fitted) == set(before.fitted)
    assert further.to_model().n_fitted == 11
    assert "11 values fitted (7 shared, 4 per data set): 3 here, 8 before" in further.summary()


def test_a_value_that_is_set_is_no_longer_fitted():
    chosen = fit_problem("contextual", ["busse2009"], free=["nu"], fixed={"c50": 0.1}, base="joint")
    assert {"c50", "c50@cat"}.isdisjoint(chosen.counted())
    assert "c50" not in chosen.preparations["cat_busse2009"]
    assert chosen.settings(chosen.targets[0], (0.1,))[0].c50 == 0.1


def test_a_value_at_its_bound_is_fixed_not_counted_and_said_so():
    chosen = fit_problem("contextual", ["busse2009"], free=["nu=0.01:1", "c50"], fixed={}, base=None)
    found = ended(chosen, 0.01, 0.06)
    assert found.at_bounds() == ["nu"]
    assert found.fitted == ("c50",)
    assert np.isnan(found.standard_errors["nu"])
    assert np.isfinite(found.standard_errors["c50"])
    assert "at its bound, fixed: not counted" in found.summary()
    assert found.to_model().n_fitted == 1


@pytest.mark.parametrize(
    ("label", "free", "gone"),
    [
        ("c50@cat", [("c50", "")], True),
        ("c50", [("c50", "cat")], False),
        ("tuning_width@macaque", [("tuning_width", "macaque_trott_born2015_plaid")], False),
        ("tuning_width@macaque", [("tuning_width", "macaque_trott_born2015_plaid"), ("tuning_width", "macaque")], True),
        ("nu", [("nu", "")], True),
        ("nu", [("mu", "")], False),
    ],
)
def test_an_earlier_value_is_counted_until_all_of_it_is_replaced(label, free, gone):
    parameters = [Free(name=name, where=where, low=0.01, high=1) for name, where in free]
    assert superseded(label, parameters, NAMES) == gone


def test_a_shared_value_takes_the_place_of_those_of_single_data_sets():
    chosen = fit_problem("contextual", ["busse2009"], free=["c50"], fixed={}, base="joint")
    [target] = chosen.targets
    assert chosen.settings(target, (0.2,))[0].c50 == 0.2
    model = ended(chosen, 0.2).to_model().prepared(target.experiment.preparation)
    assert model.effective_parameters.c50 == 0.2


def test_the_model_of_a_fit_is_what_was_fitted(further):
    for target in further.problem.targets:
        parameters, preparation = further.problem.settings(target, further.best.values)
        model = further.to_model().prepared(protocols.busse2009().preparation)
        assert model.effective_parameters == parameters
        assert model.preparation == preparation


def test_preparations_must_be_said_and_can_come_from_a_model():
    parts = {"targets": targets(["busse2009"]), "free": (Free(name="nu", low=0.01, high=1),)}
    model = insilico.load_model("contextual", "minimal", c50=0.1)
    with pytest.raises(ValueError, match=r"Problem\.of_model"):
        Problem(parameters=model.parameters, **parts)
    chosen = Problem.of_model(model, **parts)
    [target] = chosen.targets
    parameters, preparation = chosen.settings(target, (model.parameters.nu,))
    own = model.prepared(protocols.busse2009().preparation)
    assert parameters == own.effective_parameters
    assert preparation == own.preparation
    assert "c50" not in chosen.counted()
    with pytest.raises(ValueError, match="no lesions"):
        Problem.of_model(model.perturbed(insilico.Lesion("T")), **parts)


def test_only_the_circuit_that_is_solved_folded_is_fitted():
    model = insilico.load_model("mely2018")
    with pytest.raises(TypeError, match=r"Mely2018Parameters: only the contextual circuit"):
        Problem.of_model(model, targets=targets(["busse2009"]), free=(Free(name="beta", low=0.01, high=1),))


@pytest.mark.parametrize("name", ["center_diameter", "surround_diameter", "shape", "pitch"])
def test_stimulus_geometry_is_never_free(name):
    with pytest.raises(ValueError, match="part of the experiment, not of the circuit"):
        fit_problem("contextual", ["busse2009"], free=[f"{name}@cat"], fixed={})


def test_a_fit_is_loaded_again_from_its_file_with_identical_scores(further, tmp_path):
    path = tmp_path / "parameters.toml"
    path.write_text(as_toml("fitted", further, description='the "set"', command="c"), encoding="utf-8")
    own, again = further.to_model(), insilico.load_model("contextual", path)
    assert again.parameters == own.parameters
    assert again.overrides["cat_busse2009"] == own.overrides["cat_busse2009"]
    assert again.n_fitted == own.n_fitted
    assert set(again.fitted) == set(own.fitted)
    shown = protocols.busse2009()
    scores = [shown.compare(shown.run(model)) for model in (own, again)]
    assert scores[0].r2 == scores[1].r2
    assert scores[0].n_free == scores[1].n_free == 13


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a", "cannot be read as TOML"),
        ("a = 1", "no parameter set"),
        ('[a]\ndescription = "d"\nn_fitted = 1\ncircuit = "linear"', "a parameter set of linear, not of contextual"),
        ('[a]\ndescription = "d"\nn_fitted = 0\nvalues = { gama = 1.0 }', "Did you mean 'gamma'"),
        ('[a]\ndescription = "d"\nn_fitted = 2\nfitted = { shared = ["nu"] }', "n_fitted = 2, but 1 labels"),
        ('[a]\ndescription = "d"\nn_fitted = 0\n[b]\ndescription = "d"\nn_fitted = 0', "holds 2 parameter sets"),
        ('[a]\ndescription = "d"\nn_fitted = 0\n[a.preparations.p]\nwidth = 1', "field of a preparation"),
    ],
)
def test_a_file_that_is_no_parameter_set_is_refused(text, message, tmp_path):
    path = tmp_path / "parameters.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ValueError, KeyError), match=message):
        insilico.load_model("contextual", str(path))


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        insilico.load_model("contextual", tmp_path / "none.toml")
    with pytest.raises(ValueError, match="is a folder: name the"):
        insilico.load_model("contextual", str(tmp_path))


def test_every_shipped_set_of_the_contextual_circuit_says_what_was_fitted():
    for name, one in insilico.parameter_sets("contextual").items():
        assert one.n_fitted == len(one.fitted) == one.n_shared + one.n_per_data_set, name
