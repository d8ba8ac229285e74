"""The circuit of 2018 gives the scores that were published, and the honest ones of this project."""

import numpy as np
import pytest

import insilico
import protocols
from insilico.circuits.mely2018 import simulate
from tests.tolerances import HONEST_SCORE, NULL_SCORE, PUBLISHED_SCORE

TABLES = ("busse2009", "trott_born2015_plaid", "trott_born2015_matrix")


@pytest.mark.parametrize(
    ("parameters", "lesions", "score"),
    [
        ("default", (), 0.886352),
        ("published_best", (), 0.869480),
        ("published_P", ("P",), 0.834065),
        ("published_T", ("T",), 0.662024),
        ("published_alpha_beta", (), 0.807125),
    ],
)
def test_published_integration_gives_the_published_per_panel_score(parameters, lesions, score):
    experiment = protocols.busse2009()
    model = insilico.load_model("mely2018", parameters).prepared(experiment.preparation)
    shown = experiment.stimuli(model.preparation)
    drive = model.encode(shown)
    state = simulate(drive.values, model.parameters, method="euler", step=3.0, n_steps=100, lesions=lesions)
    column = drive.isel(y=25, x=25).copy(data=state.output[:, 25, 25]).rename(feature="unit")
    found = protocols.per_panel_squared_correlation(column, experiment.reference)
    assert found == pytest.approx(score, abs=PUBLISHED_SCORE)


@pytest.fixture(scope="module")
def honest():
    def compared(table, *, lesions=(), **settings):
        experiment = protocols.protocol_named(table, **settings)
        model = insilico.load_model("mely2018").perturbed(*map(insilico.Lesion, lesions))
        return experiment.compare(experiment.run(model))

    return compared


@pytest.mark.parametrize(("table", "score"), list(zip(TABLES, (0.8175, 0.8940, 0.8082), strict=True)))
def test_honest_scores_at_the_default_parameters(honest, table, score):
    comparison = honest(table)
    assert comparison.converged
    assert comparison.r2 == pytest.approx(score, abs=HONEST_SCORE)
    assert comparison.low < comparison.r2 < comparison.high
    assert comparison.n_free == 2


@pytest.mark.parametrize(
    ("table", "nulls"),
    [
        (
            "busse2009",
            {
                "feedforward": 0.368,
                "linear_sum": 0.626,
                "winner_take_all": 0.753,
                "winner_take_all_averaged": 0.848,
                "dedicated_normalization_3_free": 0.946,
            },
        ),
        ("trott_born2015_plaid", {"feedforward": 0.335, "no_surround": 0.334, "dedicated_input_gain_4_free": 0.943}),
        (
            "trott_born2015_matrix",
            {
                "feedforward": 0.680,
                "no_surround": 0.674,
                "untuned_surround": 0.818,
                "dedicated_tuned_gain_4_free": 0.961,
            },
        ),
    ],
)
def test_nulls_stand_beside_the_score(honest, table, nulls):
    found = honest(table).nulls
    assert set(found) == set(nulls)
    for name, value in nulls.items():
        assert found[name] == pytest.approx(value, abs=NULL_SCORE), name


@pytest.mark.parametrize(("table", "score"), list(zip(TABLES, (0.812, 0.887, 0.802), strict=True)))
def test_discs_and_even_channels_stay_near(honest, table, score):
    assert honest(table, geometry="discs").r2 == pytest.approx(score, abs=NULL_SCORE)


def test_surround_effects_need_T_and_plaids_of_unequal_contrast_do_not(honest):
    assert honest("trott_born2015_plaid", lesions=["T"]).r2 <= 0.45
    assert honest("trott_born2015_matrix", lesions=["T"]).r2 <= 0.45
    assert honest("busse2009", lesions=["T"]).r2 == pytest.approx(0.8385, abs=HONEST_SCORE)


def test_normalization_fits_busse():
    experiment = protocols.busse2009()
    comparison = experiment.compare(experiment.run(insilico.load_model("normalization")))
    assert comparison.r2 >= 0.945
    assert comparison.n_free == 6


def test_weak_component_loses_and_equal_components_share(honest):
    weights = {f.name: f for f in honest("busse2009").findings}
    assert weights["w2_50_12"].value == pytest.approx(0.01, abs=0.02)
    assert weights["w1_50_12"].value > 0.9
    for c in ("6", "12", "25", "50"):
        assert 0.6 < weights[f"w1_{c}_{c}"].value < 0.75
        assert 0.3 < weights[f"w1_{c}_{c}"].data < 0.5


def test_surround_pulls_the_decoded_plaid_towards_the_other_component(honest):
    decoded = {f.name: f for f in honest("trott_born2015_plaid").findings}
    assert decoded["decoded_alone_60"].value == pytest.approx(30.2, abs=0.5)
    assert decoded["decoded_alone_30"].value == pytest.approx(15.0, abs=0.5)
    assert decoded["decoded_surrounded_60"].value == pytest.approx(2.2, abs=0.5)
    assert decoded["decoded_alone_60"].data == pytest.approx(29.1, abs=0.5)
    assert decoded["decoded_surrounded_60"].data == pytest.approx(10.5, abs=0.5)


def test_size_tuning_peaks_at_the_near_ring_and_is_suppressed_beyond():
    experiment = protocols.SizeTuning()
    model = insilico.load_model("mely2018", **{"preparation.aperture": "square"})
    responses = experiment.run(model)
    findings = {f.name: f.value for f in experiment.findings(responses)}
    assert findings["preferred_size_at_1"] == pytest.approx(9 * 0.25, abs=0.05)  # the maximum of a parabola
    assert 0.5 < findings["suppression_index"] < 0.8
    without = {f.name: f.value for f in experiment.findings(experiment.run(model.perturbed(insilico.Lesion("T"))))}
    assert without["suppression_index"] < 0.1


def test_surround_of_the_same_orientation_suppresses_most():
    experiment = protocols.SurroundOrientation()
    curve = experiment.curve(experiment.run(insilico.load_model("mely2018")))
    assert float(curve.idxmin()) == 90.0
    assert float(curve.min()) < 0.6 < float(curve.max())
    assert np.allclose(curve.sel(surround_orientation=75), curve.sel(surround_orientation=105), atol=1e-6)
