"""A score is that of a whole recording, finite and shown once, and of a response that rises with the data."""

import functools
import json

import numpy as np
import pytest
import xarray as xr

import insilico
from insilico import plotting
from protocols import trott_born2015_plaid
from protocols.report import score_table
from protocols.summary import as_json, score_line


@functools.cache
def recorded():
    experiment = trott_born2015_plaid()
    return experiment, experiment.run(insilico.load_model("feedforward"))


def inverted():
    experiment, responses = recorded()
    return experiment.compare(responses.assign(response=1 - responses["response"]))


def test_an_inverted_response_scores_nothing():
    experiment, responses = recorded()
    assert experiment.compare(responses).r2 > 0.3
    comparison = inverted()
    assert comparison.failed
    assert comparison.gain < 0
    assert (comparison.r2, comparison.low, comparison.high) == pytest.approx((0, 0, 0), abs=1e-12)


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        lambda c: c._repr_html_(),
        lambda c: score_line(c.score()),
        lambda c: score_line(json.loads(as_json(c.score()))),
        lambda c: score_table([c]),
        lambda c: "".join(text.get_text() for ax in plotting.score_table([c]).axes for text in ax.texts),
        lambda c: "".join(ax.get_title() for ax in c.plot().axes),
    ],
    ids=["repr", "notebook", "command", "summary.json", "report", "overview", "figure"],
)
def test_every_output_says_that_the_gain_is_negative(shown):
    experiment, responses = recorded()
    assert "FAILED" in shown(inverted())
    assert "FAILED" not in shown(experiment.compare(responses))


def test_gain_and_offset_are_in_the_score():
    experiment, responses = recorded()
    comparison = experiment.compare(responses)
    score = comparison.score()
    data = score["gain"] * comparison.prediction + score["offset"]
    assert np.allclose(data, comparison.fitted)
    assert score["failed"] is False


def test_part_of_the_channels_is_refused():
    experiment, responses = recorded()
    with pytest.raises(ValueError, match=r"holds 8 channels .* of 32"):
        experiment.compare(responses.isel(unit=slice(0, 8)))
    with pytest.raises(ValueError, match="31 different"):
        experiment.compare(responses.isel(unit=[0, *range(31)]))


def test_two_runs_joined_along_stimulus_are_refused():
    experiment, responses = recorded()
    joined = xr.concat([responses, responses.assign(response=2 * responses["response"])], dim="stimulus")
    joined.attrs = responses.attrs
    with pytest.raises(ValueError, match=r"there twice, the first with .*orientation.* one run at a time"):
        experiment.compare(joined)


def test_responses_that_are_not_finite_are_refused():
    experiment, responses = recorded()
    values = responses["response"].copy()
    values[2, 3] = np.nan
    with pytest.raises(ValueError, match="response is not finite for 1 of"):
        experiment.compare(responses.assign(response=values))


def test_a_condition_that_was_shown_twice_has_no_one_answer():
    shown = {"orientation": np.array([0.0, 30.0, 0.0]), "contrast": np.array([1.0, 1.0, 0.5])}
    with pytest.raises(ValueError, match="2 stimuli have orientation = 0: the answer to one of them"):
        insilico.analysis.lookup.stimulus_rows(shown, {"orientation": np.array([0.0])})
    both = {"orientation": np.array([0.0]), "contrast": np.array([0.5])}
    assert insilico.analysis.lookup.stimulus_rows(shown, both).tolist() == [2]
