"""Circuits pass the findings of Chettih & Harvey 2019 that their mechanisms carry, and no others."""

import json
from dataclasses import replace

import numpy as np
import pytest

import insilico
import protocols
from protocols.chettih_harvey import pairs_of
from protocols.circuit_table import CANDIDATES, as_text, table_of
from protocols.cli import main
from protocols.photostimulation import Scale, kernel_of

LETTERS = {
    "mely2018": "a-c-e",
    "mely2018 without U": "abcde",
    "mely2018 without T": "a---e",
    "mely2018, T untuned": "a---e",
    "mely2018, mu = 0": "abc-e",
    "contextual light": "abcde",
    "linear near_far": "abcde",
    "linear far": "abc-e",
    "normalization": "-----",
    "feedforward": "-----",
}
KNOWN = {c.label: c for c in CANDIDATES}
QUICK = {"n_fields": 4, "n_targets": 8, "n_neurons": 60}


@pytest.mark.slow
@pytest.mark.parametrize("label", list(LETTERS))
def test_each_circuit_passes_its_letters(label):
    experiment = protocols.protocol_named("chettih_harvey2019", permutations=39)
    responses = experiment.run(KNOWN[label].load())
    found = {f.name: f for f in experiment.findings(responses)}
    assert found["tests_passed"].value == LETTERS[label]
    for letter, slope in (("c", "weak"), ("d", "strong")):
        if letter in LETTERS[label]:
            assert found[f"slope_{slope}_permutation_p"].value <= 0.05
    assert responses.sizes["pair"] > 150_000
    if set(LETTERS[label]) == {"-"}:
        assert found["tests_undefined"].value == 7
        assert not responses["influence"].any()
    else:
        assert found["influence_mean"].low < found["influence_mean"].value < found["influence_mean"].high < 0


def test_without_tuning_the_strong_slope_is_not_there():
    experiment = protocols.protocol_named("chettih_harvey2019")
    tests = experiment.tests(experiment.run(KNOWN["linear untuned"].load()))
    assert tests.tests_passed[3] == "-"
    assert tests.tests_passed[2] == "-"


def test_a_subtractive_circuit_is_refused_with_its_eigenvalue():
    with pytest.raises(ValueError, match=r"largest eigenvalue \+0\.00"):
        protocols.protocol_named("chettih_harvey2019").run(KNOWN["mely2018, subtractive only"].load())


def test_the_kernel_is_the_influence_under_every_grating():
    experiment = protocols.protocol_named("chettih_harvey2019")
    model = insilico.load_model("mely2018", ssn=5, ssf=15)
    small = experiment.sheet(model).replaced(shape=(20, 20), n_channels=8)
    model = model.prepared(small)
    kernel = kernel_of(
        model,
        r=1.0,
        contrast=0.15,
        spatial_frequency=0.04,
        populations=None,
        um_per_cell=20.0,
        noise=protocols.chettih_harvey.NOISE,
    )
    assert kernel.own_change.mean() == pytest.approx(kernel.response.max(), rel=2e-3)
    target, stimulus = 3, 5
    ids = insilico.unit_ids((20, 20, 8), population="output", y=10, x=10, feature=target)
    shown = experiment.stimuli(small)[stimulus : stimulus + 1]
    direct = insilico.analysis.finite_influence(
        model, shown, ids, drive=kernel.drive, recording=insilico.Recording(cells="all")
    )["change"].values.reshape(20, 20, 8)
    row, column, channel = np.indices((20, 20, 8))
    read = kernel.under_all(np.full(row.shape, target), row - 10, column - 10, channel)[stimulus]
    np.testing.assert_allclose(read, direct, atol=1e-9 * np.abs(direct).max())


def test_noise_makes_an_experiment_and_its_absence_the_expected_one():
    experiment = protocols.protocol_named("chettih_harvey2019", **QUICK)
    model = KNOWN["linear near_far"].load()
    expected, again = experiment.run(model), experiment.run(model)
    assert np.array_equal(expected["influence"], again["influence"])
    noisy = replace(experiment, trials=64).run(model)
    assert np.array_equal(noisy["distance_um"], expected["distance_um"])
    error = noisy["influence"] - expected["influence"]
    assert 0.08 < float(error.std()) < 0.2  # about 1 / sqrt(trials)
    assert not np.array_equal(expected["influence"], experiment.run(model, seed=1)["influence"])


def test_a_driven_unit_pulls_what_is_decoded_towards_its_own_preference_or_pushes_it_away():
    experiment = protocols.protocol_named("chettih_harvey2019", **QUICK)
    responses = experiment.run(KNOWN["linear near_far"].load())
    shift = responses["decoded_shift"]
    assert shift.sel(offset=0).item() == pytest.approx(0, abs=1e-3)
    assert shift.sel(offset=[-45, -22.5, 22.5, 45]).min() > 0  # the target itself points to its preference
    still = experiment.run(KNOWN["feedforward"].load())["decoded_shift"]
    assert float(np.abs(still).max()) > 0


def test_neurons_lie_in_their_field_and_pairs_within_it():
    experiment = protocols.protocol_named("chettih_harvey2019", **QUICK)
    pairs = pairs_of(experiment.run(KNOWN["linear far"].load()))
    assert float(pairs["distance_um"].min()) >= 25
    assert float(pairs["distance_um"].max()) <= 575 * np.sqrt(2)
    assert len(np.unique(pairs["target"])) == 32
    for size in (12.5, 15, 20, 30):
        scale = Scale(um_per_cell=size)
        assert (scale.cells - 1) * size <= 575
        assert scale.sheet >= 2 * scale.cells  # no pair meets round the border


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_targets": 0}, "n_targets = 0: must be a whole number of 1 or more"),
        ({"n_targets": 1000}, "must be 1 to 298"),
        ({"n_neurons": 1}, "n_neurons = 1: must be"),
        ({"n_fields": 1}, "errors are clustered by field"),
        ({"n_fields": 2.5}, r"n_fields = 2\.5 \(float\): must be a whole number"),
        ({"seed": -1}, "seed = -1"),
        ({"trials": 1}, "trials = 1: must be 0 .* 16 or more"),
        ({"trials": "abc"}, "trials = 'abc'"),
        ({"tuning_trials": 1}, "2 or more"),
        ({"r": float("nan")}, "r = nan: must be a number > 0"),
        ({"r": "abc"}, r"r = 'abc' \(str\): must be a number"),
        ({"contrast": 0}, "contrast = 0: must be"),
        ({"um_per_cell": 300.0}, "fewer than 3 a side"),
        ({"near_um": 100.0}, "must ascend"),
        ({"strong_percent": 60}, "between 0 and 50"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        protocols.protocol_named("chettih_harvey2019", **settings)


def test_with_next_to_no_pairs_tests_are_undefined_and_counted():
    experiment = protocols.protocol_named("chettih_harvey2019", n_fields=2, n_targets=1, n_neurons=6, permutations=0)
    found = {f.name: f for f in experiment.findings(experiment.run(KNOWN["linear far"].load()))}
    assert found["tests_undefined"].value >= 3
    assert found["tests_passed"].value[2:4] == "--"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--simulations", "0"], "--simulations 0: must be 1 or more"),
        (["--processes", "0"], "--processes 0: must be 1 or more"),
        (["--plan", "--calibrate"], "give one of the two"),
        (["--calibrate", "--scales", "20"], "--scales belongs to the table"),
        (["--plan", "mely2018 without V"], "Did you mean"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(tmp_path, capsys, arguments, message):
    assert main(["influence", *arguments, "--out", str(tmp_path / "out")]) != 0
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_table_says_which_letters_hang_on_the_scale(tmp_path, capsys):
    experiment = protocols.protocol_named("chettih_harvey2019", **QUICK)
    rows, kept = table_of(experiment, [KNOWN["linear far"], KNOWN["feedforward"]], (20.0, 40.0))
    assert [(row.label, row.um_per_cell) for row in rows] == [
        ("linear far", 20.0),
        ("linear far", 40.0),
        ("feedforward", 20.0),
        ("feedforward", 40.0),
    ]
    assert set(kept) == {"linear far", "feedforward"}
    text = as_text(rows, 20.0)
    assert "feedforward                    20: -----   40: -----" in text
    assert "do not identify the circuit" in text


def test_the_command_writes_the_findings(tmp_path):
    out = tmp_path / "light"
    arguments = ["run", "chettih_harvey2019", "--model", "linear", "--out", str(out)]
    assert main([*arguments, "--set", *(f"{k}={v}" for k, v in QUICK.items())]) == 0
    summary = json.loads((out / "summary.json").read_text())
    found = {f["name"]: f for f in summary["findings"]}
    for name in ("mean", "near", "mid", "far"):
        assert {"value", "low", "high", "unit"} <= set(found[f"influence_{name}"])
    for name in ("slope_weak", "slope_strong", "population_gain"):
        assert {"value", "low", "high", "unit"} <= set(found[name])
    assert set(found["tests_passed"]["value"]) <= set("abcde-")
    assert (out / "figure.png").stat().st_size > 20_000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"driven": "outputs"}, "must be"),
        ({"r": 0.0}, "must be a number > 0"),
        ({"trials": -1}, "trials"),
        ({"um_per_cell": 400.0}, "fewer than 3"),
        ({"n_neurons": 10**6}, "n_neurons"),
        ({"n_neurons": 20, "n_targets": 30}, "n_targets"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        protocols.protocol_named("chettih_harvey2019", **settings).run(KNOWN["linear far"].load())


def test_a_perturbation_that_leaves_the_sheet_uneven_is_refused():
    act = insilico.Perturbation(units=insilico.Targets(position=(0, 0), radius=1), mode="silence")
    with pytest.raises(ValueError, match="leaves the sheet uneven"):
        protocols.protocol_named("chettih_harvey2019", **QUICK).run(
            KNOWN["mely2018"].load(), perturbations={"dark": act}
        )
