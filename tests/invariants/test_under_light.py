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
