"""Values of the right type that mean nothing are refused before anything is computed."""

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico import analysis
from insilico.experiment import subjects_under
from protocols.perturbation_file import read_perturbations

CURVE = xr.DataArray([1.0, np.nan, 2.0], dims="diameter", coords={"diameter": [1.0, 2.0, 3.0]}, name="response")


@pytest.mark.parametrize("measure", [analysis.unimodal, analysis.preferred_size, analysis.summation_size])
def test_a_curve_with_nan_has_no_measure(measure):
    with pytest.raises(ValueError, match=r"1 of 3 values that are not finite, the first at \{'diameter': 1\}"):
        measure(CURVE)


@pytest.mark.parametrize("name", ["", " ", "a/b", "$x", "a\0b", "a\nb"])
def test_a_perturbation_has_a_name_that_files_can_carry(name):
    with pytest.raises(ValueError, match="a name must have letters"):
        subjects_under({name: insilico.Lesion("T")}, insilico.load_model("mely2018"))


def test_a_unit_that_is_held_twice_is_refused_by_the_name_of_the_perturbation():
    both = [
        insilico.Perturbation(units=(3,), mode="clamp", value=1.0),
        insilico.Perturbation(units=(3,), mode="silence"),
    ]
    with pytest.raises(ValueError, match=r"perturbation 'both'.*unit 3 is clamped"):
        subjects_under({"both": both}, insilico.load_model("mely2018"))


@pytest.mark.parametrize(("text", "value"), [("010", 10.0), ("1e-3", 0.001), ("1_0", None), ("1:30", None)])
def test_numbers_in_a_perturbation_file_are_those_of_yaml_1_2(tmp_path, text, value):
    path = tmp_path / "p.yaml"
    path.write_text(f"a:\n  - {{mode: drive, value: {text}, preferred: 0}}\n", encoding="utf-8")
    if value is None:
        with pytest.raises(ValueError, match="must be a number"):
            read_perturbations(path)
    else:
        assert read_perturbations(path)["a"][0].value == value


def test_a_file_that_is_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text("a: " + "[" * 5000, encoding="utf-8")
    with pytest.raises(ValueError, match="nested too deeply"):
        read_perturbations(path)


def test_a_grating_of_no_contrast_has_no_orientation_tuning():
    with pytest.raises(ValueError, match=r"contrast = 0.*above 0"):
        protocols.orientation_tuning(contrast=0)


def test_contrasts_are_a_sequence_and_each_is_there_once():
    with pytest.raises(TypeError, match=r"contrasts = 0.5 .*sequence"):
        protocols.size_tuning(contrasts=0.5)
    with pytest.raises(ValueError, match=r"contrasts = .*0.5 is there twice"):
        protocols.size_tuning(contrasts=(0.5, 0.5, 1.0)).run(insilico.load_model("feedforward"))


@pytest.mark.parametrize("seed", [None, "abc", True, 1.5])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(TypeError, match="seed = "):
        protocols.orientation_tuning().run(insilico.load_model("feedforward"), seed=seed)


@pytest.mark.parametrize("stimuli", [3, None, "grating"])
def test_what_is_shown_is_a_set_of_stimuli(stimuli):
    with pytest.raises(TypeError, match=r"must be a StimulusSet.*StimulusSet\.of"):
        insilico.record(insilico.load_model("feedforward"), stimuli)


def test_a_table_without_its_conditions_is_refused_before_anything_is_solved(tmp_path, capsys):
    from protocols.cli import main

    arguments = ["run", "busse2009", "--model", "mely2018", "--set", "contrasts=(0.0, 0.1)", "--out"]
    assert main([*arguments, str(tmp_path / "r")]) == 2
    assert "Traceback" not in capsys.readouterr().err
