"""Scores, intervals and ceilings against independent computations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import insilico
from insilico.comparison import bootstrap_interval, fit_linear
from tests.tolerances import CEILING

TABLES = ("busse2009", "trott_born2015_plaid", "trott_born2015_matrix")


@given(st.integers(0, 2**32 - 1), st.integers(3, 60))
def test_r2_of_one_gain_and_one_offset_is_the_squared_correlation_of_what_rises(seed, n):
    rng = np.random.default_rng(seed)
    prediction = rng.normal(size=n)
    data = rng.normal(size=n) + rng.normal() * prediction
    line = stats.linregress(prediction, data)
    fit = fit_linear(data, prediction)
    assert fit.free_weights[0] == pytest.approx(line.slope, abs=1e-9)
    if line.slope > 0:
        assert fit.r2 == pytest.approx(line.rvalue**2, abs=1e-10)
        assert np.allclose(fit.apply(prediction), line.slope * prediction + line.intercept)
    else:
        assert fit.r2 == pytest.approx(0, abs=1e-12)
        assert np.allclose(fit.apply(prediction), data.mean())


def test_an_inverted_prediction_explains_nothing_and_says_so():
    data = np.array([1.0, 2.0, 4.0, 3.0])
    fit = fit_linear(data, -data)
    assert (fit.r2, fit.weights, fit.offset) == (0.0, (0.0,), 2.5)
    assert fit.free_weights[0] == pytest.approx(-1)


def test_several_columns_may_have_weights_of_any_sign():
    data, first = np.array([1.0, 2.0, 4.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    assert fit_linear(data, np.stack([first, -data], axis=1)).r2 == pytest.approx(1)


def test_rounding_about_a_constant_is_no_prediction():
    data = np.array([1.0, 2.0, 4.0, 3.0])
    fit = fit_linear(data, 7.0 + 1e-15 * data)
    assert fit.free_weights == (0.0,)


def test_a_constant_prediction_scores_zero():
    assert fit_linear(np.array([1.0, 2.0, 3.0]), np.full(3, 7.0)).r2 == pytest.approx(0)


def test_the_interval_is_seeded_and_covers_the_truth():
    panel = np.repeat(np.arange(20), 10)
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        prediction = rng.normal(size=200)
        data = prediction + rng.normal(size=200)
        low, high = bootstrap_interval(data, prediction, panel, seed=1)
        covered += low <= 0.5 <= high
    assert covered >= 33  # 95 % of 40, less three binomial standard deviations
    assert bootstrap_interval(data, prediction, panel, seed=1) == (low, high)
    assert bootstrap_interval(data, prediction, panel, seed=2) != (low, high)


@pytest.mark.parametrize("table", TABLES)
def test_the_ceiling_of_the_card_is_that_of_the_symmetrised_data(table):
    reference = insilico.load_reference(table)
    data = reference.values
    names = list(reference.card["coordinates"])

    def wrapped(angle, low):
        return (angle - low) % 180 + low

    def mirror(point):
        return {k: v if k.startswith("contrast") else wrapped(-v, low) for k, v in point.items()}

    def exchange(point):
        turned = wrapped(point["preferred_orientation"] + 90, low)
        return {
            "contrast_1": point["contrast_2"],
            "contrast_2": point["contrast_1"],
            "preferred_orientation": turned,
        }

    low = -45 if table == "busse2009" else -90
    known = {"mirror": mirror, "exchange": exchange}
    points = [dict(zip(names, row, strict=True)) for row in zip(*(data[n].values for n in names), strict=True)]

    def key(point):
        return tuple(round(float(point[n]), 6) if np.isfinite(point[n]) else None for n in names)

    value = {key(p): v for p, v in zip(points, data.values, strict=True)}
    symmetric = []
    for point in points:
        orbit = [point]
        for name in reference.card["ceiling_symmetries"]:
            orbit += [known[name](p) for p in orbit]
        symmetric.append(np.mean([value[key(p)] for p in orbit]))
    error = ((data.values - symmetric) ** 2).sum() / ((data.values - data.values.mean()) ** 2).sum()
    assert 1 - error == pytest.approx(reference.ceiling, abs=CEILING)


def test_tables_have_the_published_size_and_every_card_is_complete():
    sizes = {"busse2009": (300, 25), "trott_born2015_plaid": (72, 12), "trott_born2015_matrix": (42, 6)}
    for name in insilico.list_references():
        reference = insilico.load_reference(name)
        for entry in ("citation", "doi", "figure", "panel", "unit", "axes", "digitisation_error", "not_known", "nulls"):
            assert entry in reference.card, (name, entry)
        assert "digitised from the figure" in reference.card["how_obtained"]
        assert reference.card["doi"] in reference.cite()
        if name in sizes:
            assert (reference.values.size, len(set(reference.panel))) == sizes[name]


def test_published_vector_averages_follow_from_the_published_responses():
    decoded = insilico.load_reference("trott_born2015_decoded").values
    plaid = insilico.load_reference("trott_born2015_plaid").values
    for angle, surround, marker in zip(
        decoded["component_2_orientation"].values, decoded["surround"].values, decoded.values, strict=True
    ):
        here = (plaid["component_2_orientation"] == angle) & (
            np.isfinite(plaid["surround_orientation"]) == bool(surround)
        )
        theta = np.deg2rad(plaid["preferred_orientation"].values[here.values])
        mean = np.rad2deg(0.5 * np.angle((plaid.values[here.values] * np.exp(2j * theta)).sum()))
        assert abs(mean - marker) < 2.2
