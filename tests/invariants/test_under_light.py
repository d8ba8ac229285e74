"""Perturbations as a dimension of every experiment: intact, sham, and each of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico import Lesion, Light, Perturbation, Targets
from insilico.experiment import perturbations_of
from protocols.cli import main
from protocols.perturbation_file import read_perturbations
from stimuli import Grating, StimulusSet

SETTINGS = {"shape": (21, 21), "n_channels": 8, "center_diameter": 1.25}
ACTS = {
    "silence": Perturbation(units=Targets(position=(1.5, 0), radius=0.6), mode="silence"),
    "light and drive": [
        Light(spots=((0.5, 0),), power=2),
        Perturbation(units=Targets(preferred=0, within=1), mode="drive", value=0.4),
    ],
}
YAML = """
silence: [{mode: silence, position: [1.5, 0], radius: 0.6}]
light and drive:
  - {mode: light, spots: [[0.5, 0]], power: 2}
  - {mode: drive, preferred: 0, within: 1, value: 0.4}
"""


def model_named(name):
    return insilico.load_model(name, **({"ssn": 5, "ssf": 15} if name == "mely2018" else {}))


@pytest.fixture(scope="module", params=["mely2018", "normalization", "feedforward"])
def run(request):
    experiment = protocols.orientation_tuning()
    model = model_named(request.param).prepared(insilico.Preparation().replaced(**SETTINGS))
    return experiment, model, experiment.run(model, perturbations=ACTS)


def test_the_dimension_holds_none_sham_and_all(run):
    experiment, model, responses = run
    assert list(responses["perturbation"].values) == ["none", "sham", *ACTS]
    assert responses["response"].dims[0] == "perturbation"
    intact = experiment.run(model)
    for name in ("none", "sham"):
        assert np.array_equal(responses["response"].sel(perturbation=name), intact["response"])
    assert set(perturbations_of(responses)) == set(ACTS)
    assert perturbations_of(responses)["light and drive"][0]["mode"] == "light"


def test_each_entry_is_the_run_of_the_perturbed_model(run):
    experiment, model, responses = run
    for name, acts in ACTS.items():
        alone = experiment.run(model.perturbed(*(acts if isinstance(acts, list) else [acts])))
        assert np.array_equal(responses["response"].sel(perturbation=name), alone["response"])
    changed = responses["response"].sel(perturbation="light and drive") != responses["response"].sel(
        perturbation="none"
    )
    assert changed.any()


def test_one_entry_is_taken_to_be_measured(run):
    experiment, _, responses = run
    with pytest.raises(ValueError, match="take one"):
        experiment.findings(responses)
    assert experiment.findings(responses.sel(perturbation="silence"))


def test_names_of_the_entries_that_every_run_has_are_refused():
    with pytest.raises(ValueError, match="is taken"):
        protocols.orientation_tuning().run(model_named("feedforward"), perturbations={"sham": Lesion("T")})
    with pytest.raises(TypeError, match="must be a Lesion"):
        protocols.orientation_tuning().run(model_named("feedforward"), perturbations={"a": ["T"]})


def test_a_file_says_the_same(tmp_path):
    path = tmp_path / "light.yaml"
    path.write_text(YAML)
    read = read_perturbations(path)
    assert read == {name: acts if isinstance(acts, list) else [acts] for name, acts in ACTS.items()}
    path.write_text("train: [{mode: light, spots: [[0, 0]], power: 1, pulses: {start: 3, width: 1, period: 2, n: 3}}]")
    assert [a.window for a in read_perturbations(path)["train"]] == [(3, 4), (5, 6), (7, 8)]
    path.write_text("no T: {mode: lesion, name: T}")
    assert read_perturbations(path) == {"no T": [Lesion("T")]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [{mode: silense}]", "Did you mean 'silence'"),
        ("a: [{mode: silence, radios: 1}]", "Did you mean 'radius'"),
        ("a: [{mode: light, spots: [[0, 0]], power: 1, opsin: {strenght: 1}}]", "Did you mean 'strength'"),
        ("a: [{mode: lesion, nam: T}]", "Did you mean 'name'"),
        ("a: [{preferred: 1}]", "with a mode"),
        ("a: [{mode: drive, preferred: 1}]", "value = None"),
        ("a: {mode: lesion}", "lesion needs name"),
        ("a: {mode: light, power: 1}", "light needs spots, power"),
        ("a: {mode: light, spots: [0, 0], power: 1}", "spots = 0: must be two numbers"),
        ("a: {mode: light, spots: [[0, 0]], power: 1, opsin: chr2}", "opsin = 'chr2': must be a mapping"),
        ("a: {mode: silence, window: 60}", "window = 60: must be two numbers"),
        ("a: {mode: silence, pulses: [0, 10]}", "pulses = .*must be a mapping"),
        ("a: {mode: silence, pulses: {start: 0, width: 1}}", "there is no period"),
        ("a: {mode: drive, value: strong}", "value = 'strong': must be a number"),
        ("a: {mode: silence, preferred: north}", "preferred = 'north': must be a number"),
        ("a: {mode: silence, radius: 2}", "radius = 2 says nothing without position"),
        ("- 1", "must hold names"),
        ("a: [}", "not YAML"),
    ],
)
def test_a_file_with_mistakes_is_refused(tmp_path, text, message):
    path = tmp_path / "light.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_perturbations(path)


def test_silencing_what_a_pool_hears_does_what_its_removal_does():
    experiment = protocols.trott_born2015_matrix()
    model = insilico.load_model("mely2018").prepared(experiment.preparation.replaced(n_channels=12, spacing="even"))
    acts = protocols.surround_under_light(model)
    assert {"silence far output", "drive far output", "silence near input"} < set(acts)
    assert {"without T", "without U", "without P", "without Q"} < set(acts)
    shown = {name: acts[name] for name in ("silence far output", "without T")}
    experiment = replace(experiment, preparation=model.preparation)
    responses = experiment.run(model, perturbations=shown)
    score = {str(n): experiment.compare(responses.sel(perturbation=n)).r2 for n in responses["perturbation"].values}
    assert score["none"] > 0.75
    assert score["silence far output"] < 0.7  # that of the centre alone is .67
    assert score["without T"] < 0.55
    assert set(protocols.surround_under_light(insilico.load_model("feedforward"))) == {
        "silence far output",
        "drive far output",
    }


def test_the_command_runs_a_file(tmp_path, capsys):
    path, out = tmp_path / "light.yaml", tmp_path / "out"
    path.write_text("without T: {mode: lesion, name: T}\n")
    small = ["--set", "preparation.shape=(31, 31)", "preparation.n_channels=12"]
    arguments = ["run", "busse2009", "--model", "mely2018", "--perturbations", path, "--out", out, *small]
    assert main([str(a) for a in arguments]) == 0
    printed = capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text())
    assert [s["perturbation"] for s in summary["scores"]] == ["none", "sham", "without T"]
    assert summary["scores"][0]["value"] == summary["scores"][1]["value"] != summary["scores"][2]["value"]
    assert summary["provenance"]["perturbations"] == {"without T": [{"mode": "lesion", "name": "T"}]}
    assert "without T: 25 stimuli" in printed
    assert isinstance(insilico.load_result(out / "result.nc"), xr.Dataset)
    assert "without T" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (Perturbation(units=Targets(populations=("middle",)), mode="silence"), "'bad': no population 'middle'"),
        (Perturbation(units=Targets(position=(90, 0)), mode="silence"), r"'bad': position = .* off the sheet"),
        (Light(spots=((0, 0), (90, 0)), power=1), r"'bad': spot = \(90.0, 0.0\) deg lies off the sheet"),
        (Perturbation(units="input", mode="silence", window=(0, 10)), "'bad': window = .*needs window"),
        (Lesion("Z"), "'bad': no lesion"),
        (
            Perturbation(units=Targets(preferred=3.3, within=0.1), mode="silence"),
            "'bad': populations = .*, preferred = 3.3, within = 0.1: no unit",
        ),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_run(act, message):
    model = insilico.load_model("mely2018")
    with pytest.raises(ValueError, match=message):
        protocols.orientation_tuning().run(model, perturbations={"good": Lesion("T"), "bad": act})


@pytest.mark.parametrize("name", ["mely2018", "contextual", "linear"])
def test_a_sham_is_nothing_where_its_window_falls_between_two_steps(name):
    act = Perturbation(units="output", mode="silence", window=(6.06, 12.01))
    recording = insilico.Recording(window=(0, 24), cadence=3.0)
    responses = protocols.orientation_tuning().run(model_named(name), perturbations={"dark": act}, recording=recording)[
        "response"
    ]
    assert responses.sel(perturbation="sham").equals(
        responses.sel(perturbation="none").assign_coords(perturbation="sham")
    )
    early = responses["time"] <= 6
    before = responses.isel(time=early)
    np.testing.assert_array_equal(before.sel(perturbation="dark"), before.sel(perturbation="none"))
    assert not np.array_equal(responses.sel(perturbation="dark"), responses.sel(perturbation="none"))


def test_a_window_before_the_run_is_refused():
    act = Perturbation(units="output", mode="silence", window=(-10, -5))
    with pytest.raises(ValueError, match="ends before the run begins"):
        insilico.record(
            model_named("mely2018").perturbed(act),
            StimulusSet.of([Grating(orientation=0, spatial_frequency=2, diameter=2)]),
            recording=insilico.Recording(window=(0, 24)),
        )


@pytest.mark.parametrize("spots", [(), ((float("nan"), 0),), ((float("inf"), 0),)])
def test_spots_that_are_nowhere_are_refused(spots):
    with pytest.raises(ValueError, match="one or more"):
        Light(spots=spots, power=1)


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("a: [{mode: lesion, name: T}]\na: [{mode: lesion, name: U}]")
    with pytest.raises(ValueError, match="'a' is there twice"):
        read_perturbations(path)


@pytest.mark.parametrize("extra", [{"within": 1.0}, {"radius": 1.0}, {"beyond": 1.0}, {"seed": 1}])
def test_targets_with_half_a_condition_are_refused(extra):
    [name] = extra
    with pytest.raises(ValueError, match=f"{name} = .* says nothing without"):
        Targets(**extra)
