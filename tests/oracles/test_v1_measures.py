"""Measures of the facts of primary visual cortex against closed forms."""

import numpy as np
import pytest

import insilico
import protocols
from insilico.expected import v1_card, v1_expectations
from protocols import v1_measures as measure
from protocols.v1_battery import CONTRASTS
from tests.tolerances import CHANNEL_STEP

ANGLES = np.arange(-90.0, 91.0)
CIRCLE = np.arange(0, 180, 5.0)


def von_mises(angles, width):
    return np.exp((np.cos(2 * np.deg2rad(angles)) - 1) / width**2)


def half_width_of(width):
    return np.rad2deg(np.arccos(1 + width**2 * np.log(0.5))) / 2


@pytest.mark.parametrize("width", [0.3, 0.6, 1.0])
def test_half_width_of_a_von_mises(width):
    assert measure.half_width(von_mises(ANGLES, width)) == pytest.approx(half_width_of(width), abs=0.02)


def test_half_width_of_what_never_falls_to_half_and_of_silence():
    assert measure.half_width(np.ones(181)) == 90
    assert np.isnan(measure.half_width(np.zeros(181)))


def test_first_reached_is_interpolated_and_never_beyond_the_maximum():
    contrasts, response = np.array([0.0, 0.1, 0.2, 1.0]), np.array([0.0, 0.0, 1.0, 0.5])
    assert measure.first_reached(contrasts, response, share=0.2) == pytest.approx(0.12)
    assert measure.first_reached(contrasts, response + 1, share=0.2) == 0.0
    assert np.isnan(measure.first_reached(contrasts, 0 * response, share=0.2))
    assert measure.supersaturation(response) == 0.5
    assert measure.supersaturation(np.arange(3.0)) == 0


def test_a_power_law_of_contrast_is_interpolated_exactly():
    contrasts = np.array([0.03, 0.1, 1.0])
    assert measure.at_contrast(contrasts, contrasts**-0.3, 0.05) == pytest.approx(0.05**-0.3)
    assert np.isnan(measure.at_contrast(contrasts, contrasts, 0.02))
    assert np.isnan(measure.at_contrast(contrasts, contrasts * np.nan, 0.05))


def test_weights_of_a_sum_are_found_again():
    first, second = von_mises(CIRCLE, 0.5), von_mises(CIRCLE - 90, 0.5)
    assert measure.plaid_weights(0.7 * first + 0.2 * second, first, second) == pytest.approx((0.7, 0.2))


def test_peaks_of_two_components_merge_when_they_are_close():
    for angle, expected in ((20, 1), (60, 2), (90, 2)):
        assert measure.peaks(von_mises(CIRCLE, 0.4) + von_mises(CIRCLE - angle, 0.4)) == expected
    assert measure.peaks(von_mises(CIRCLE - 175, 0.4)) == 1
    assert measure.peaks(np.ones(36)) == 0
    assert np.isnan(measure.peaks(np.zeros(36)))


def test_tuning_of_suppression():
    assert measure.tuning_of_suppression(0.4, 0.1) == pytest.approx(0.75)
    assert np.isnan(measure.tuning_of_suppression(-0.1, 0.1))


@pytest.fixture(scope="module")
def normalization():
    local = {"pool_sigma": 1e-6, "baseline": 0.0}  # the pool is the unit's own place: contrast in closed form
    model = insilico.load_model("normalization", **local, **{"preparation.shape": (27, 27)})
    experiment = protocols.v1_facts()
    responses = experiment.run(model)
    return model, {f.name: f for f in experiment.findings(responses)}


def test_the_normalization_model_shows_its_own_parameters_and_no_surround(normalization):
    model, found = normalization
    value = {name: finding.value for name, finding in found.items()}
    assert value["contrast_c50"] == pytest.approx(model.parameters.c50, rel=1e-3)
    assert value["contrast_exponent"] == pytest.approx(model.parameters.n, rel=1e-3)
    half = half_width_of(model.preparation.tuning_width)
    assert value["half_width"] == pytest.approx(half, abs=CHANNEL_STEP)
    assert value["half_width_spread"] == pytest.approx(1)
    assert value["suppression_iso"] == pytest.approx(0, abs=1e-12)
    assert value["surround_alone"] == value["blank_response"] == 0
    assert value["facilitation_iso"] == value["maximum_ratio_under_surround"] == 1
    c = np.array([0.12, 0.12])
    rms = np.sqrt((c**2).sum())
    c50, n = model.parameters.c50, model.parameters.n
    weight = (c50**n + c[0] ** n) / (c50**n + rms**n)
    assert value["plaid_weight_equal_low"] == pytest.approx(weight, rel=1e-6)
    assert value["peaks_90"] == 2


def test_every_fact_is_measured_once_and_says_whether_it_is_met(normalization):
    _, found = normalization
    assert list(found) == ["facts_met", *v1_expectations()]
    judged = {name: f for name, f in found.items() if f.expected is not None}
    assert found["facts_met"].value == sum(f.met for f in judged.values())
    assert found["facts_met"].unit == f"of {len(judged)}"
    for finding in judged.values():
        low, high = finding.expected
        assert finding.met == (low <= finding.value <= high)
        assert finding.to_dict()["met"] is finding.met
        assert finding.source


def test_every_expectation_names_its_study_and_how_well_it_is_known():
    studies = v1_card()["studies"]
    for fact, expected in v1_expectations().items():
        assert (expected.low is None) == (expected.high is None) == (not expected.study), fact
        if expected.low is not None:
            assert expected.low <= expected.high
            assert expected.citation == studies[expected.study]
            assert expected.status != "reported only"
    assert {e.study for e in v1_expectations().values() if e.study} == set(studies)
    assert list(CONTRASTS) == sorted(CONTRASTS)
