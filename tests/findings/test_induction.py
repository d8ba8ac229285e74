"""Tilt illusion and induced direction: what the 2018 circuit was published to show, and its scores in degrees."""

import numpy as np
import pytest

import insilico
import protocols
from protocols.induction_curve import MEASURES
from tests.tolerances import HONEST_SCORE, SHIFT

TENS = tuple(float(a) for a in range(0, 91, 10))
DATA_DIRECTIONS = tuple(22.5 * i for i in range(9))


def run(name, angles, lesions=()):
    experiment = protocols.protocol_named(name, angles=angles)
    model = insilico.load_model("mely2018").perturbed(*map(insilico.Lesion, lesions))
    return experiment, experiment.run(model)


@pytest.fixture(scope="module")
def tilt():
    experiment, responses = run("otoole_wenderoth1977", TENS)
    return experiment.compare(responses)


@pytest.fixture(scope="module")
def direction():
    experiment, responses = run("kim_wilson1997", (*DATA_DIRECTIONS, 55.0, 60.0, 65.0))
    return experiment.compare(responses)


def test_tilt_is_repelled_at_10_deg_and_attracted_beyond_37(tilt):
    shift = dict(zip(TENS, tilt.prediction, strict=True))
    assert shift[10.0] == pytest.approx(3.26, abs=SHIFT)
    assert shift[60.0] == pytest.approx(-0.47, abs=SHIFT)
    assert shift[0.0] == pytest.approx(0, abs=1e-6)
    assert shift[90.0] == pytest.approx(0, abs=1e-6)
    measured = {f.name: f for f in tilt.findings}
    assert measured["tilt_zero"].value == pytest.approx(37, abs=1)
    assert measured["tilt_peak"].data == pytest.approx(2.45)
    assert measured["tilt_peak_angle"].data == 20.0
    assert 40 < measured["tilt_zero"].data < 50
    assert measured["tilt_trough"].data == pytest.approx(-0.7)


def test_tilt_correlates_with_the_black_series_as_published(tilt):
    black = tilt.reference.series.sel(series="black").values
    assert np.corrcoef(tilt.prediction, black)[0, 1] == pytest.approx(0.815, abs=HONEST_SCORE)


def test_direction_is_repelled_throughout_most_near_60_deg(direction):
    assert direction.prediction.min() > -1e-6
    measured = {f.name: f for f in direction.findings}
    assert measured["direction_peak"].value == pytest.approx(32, abs=0.5)
    assert measured["direction_peak_angle"].value == pytest.approx(60, abs=6)
    assert measured["direction_peak"].data == pytest.approx(30.5)


def test_direction_correlates_with_the_mean_observer_as_published(direction):
    ten = np.linspace(0, 180, 10)
    shift = np.interp(ten, DATA_DIRECTIONS, direction.prediction)
    data = np.interp(ten, DATA_DIRECTIONS, direction.reference.values.values)
    assert np.corrcoef(shift, data)[0, 1] == pytest.approx(0.97, abs=1e-2)


def test_scores_are_in_degrees_without_gain_or_offset(tilt, direction):
    assert tilt.r2 == pytest.approx(0.582, abs=HONEST_SCORE)
    assert direction.r2 == pytest.approx(0.861, abs=HONEST_SCORE)
    for comparison in (tilt, direction):
        data = comparison.reference.values.values
        assert comparison.n_free == 0
        assert np.array_equal(comparison.fitted, comparison.prediction)
        assert comparison.nulls == {
            "feedforward": pytest.approx(1 - (data**2).sum() / ((data - data.mean()) ** 2).sum())
        }
        assert comparison.nulls["feedforward"] < 0 < comparison.r2 < comparison.reference.ceiling
        assert comparison.low < comparison.r2 < comparison.high
        for text in (repr(comparison), comparison._repr_html_()):
            assert "unscaled" in text
            assert "gain" not in text


def test_nothing_is_repelled_without_T():
    experiment, responses = run("otoole_wenderoth1977", TENS, ["T"])
    comparison = experiment.compare(responses)
    assert comparison.prediction.max() < 1e-6
    assert comparison.r2 < comparison.nulls["feedforward"]
    experiment, responses = run("kim_wilson1997", (22.5, 45.0, 90.0), ["T"])
    assert np.abs(experiment.curve(experiment.checked(responses))).max() < 1e-6


def test_nothing_is_attracted_without_P():
    experiment, responses = run("otoole_wenderoth1977", TENS, ["P"])
    measured = {f.name: f.value for f in experiment.findings(responses)}
    assert measured["tilt_trough"] > -1e-6
    assert np.isnan(measured["tilt_zero"])


def test_the_figure_shows_every_series_the_mean_and_the_model(tilt, direction):
    for comparison in (tilt, direction):
        axes, scores = comparison.plot().axes
        labels = axes.get_legend_handles_labels()[1]
        assert labels == [*comparison.reference.card["series"], "mean, scored\n(digitised from the figure)", "model"]
        markers = [
            line.get_marker() for line in axes.get_lines() if line.get_label() in comparison.reference.card["series"]
        ]
        assert len(set(markers)) == len(markers)
        assert "deg" in axes.get_xlabel()
        assert "deg" in axes.get_ylabel()
        assert "gain" not in scores.get_xlabel()


def test_the_default_sweep_of_angles_contains_the_data_and_every_degree():
    assert protocols.otoole_wenderoth1977().angles == tuple(range(91))
    assert set(DATA_DIRECTIONS) <= set(protocols.kim_wilson1997().angles)
    assert set(MEASURES) >= {*protocols.TiltInduction.measured, *protocols.DirectionInduction.measured}


def test_summation_does_not_depend_on_contrast_in_the_published_circuit():
    experiment = protocols.SizeTuning(
        contrasts=(0.12, 1.0), diameters=tuple(0.25 * n for n in (1, 3, 5, 7, 9, 11, 15, 29))
    )
    responses = experiment.run(insilico.load_model("mely2018", **{"preparation.aperture": "square"}))
    found = {f.name: f for f in experiment.findings(responses)}
    for name in ("summation_shift_95", "summation_shift_peak"):
        assert found[name].value == pytest.approx(1, abs=0.05)
        assert found[name].unit == "ratio, contrast 0.12 over 1"
    assert found["size_curves_unimodal"].value == 1.0
    assert 0.5 < found["suppression_index"].value < 0.8
