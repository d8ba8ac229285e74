"""Measures of tuning against closed forms."""

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico.analysis import (
    circular_variance,
    fit_naka_rushton,
    fit_von_mises,
    summation_size,
    unimodal,
    vector_average,
)
from protocols.summary import finding_line

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 8}


def curve(values, along, at):
    return xr.DataArray(np.asarray(values, dtype=float), dims=along, coords={along: np.asarray(at, dtype=float)})


def naka_rushton(contrasts, *, c50, rmax=10.0, n=2.0):
    c = np.asarray(contrasts, dtype=float)
    return curve(rmax * c**n / (c50**n + c**n), "contrast", c)


ANGLES = np.arange(0, 180, 10.0)
CONTRASTS = (0.0, 0.02, 0.04, 0.08, 0.16, 0.25, 0.5, 1.0)


def test_circular_variance_of_a_cosine_is_one_minus_half_its_depth():
    for depth in (0.0, 0.5, 1.0):
        tuned = curve(1 + depth * np.cos(2 * np.deg2rad(ANGLES - 37)), "orientation", ANGLES)
        assert float(circular_variance(tuned)) == pytest.approx(1 - depth / 2, abs=1e-12)


def test_circular_variance_is_0_for_one_orientation_and_1_for_orthogonal_ones():
    one = curve(ANGLES == 40, "orientation", ANGLES)
    two = curve((ANGLES == 40) | (ANGLES == 130), "orientation", ANGLES)
    assert float(circular_variance(one)) == pytest.approx(0, abs=1e-12)
    assert float(circular_variance(two)) == pytest.approx(1, abs=1e-12)


def test_circular_variance_is_measured_for_each_unit_and_undefined_for_a_silent_one():
    response = xr.DataArray(
        np.stack([ANGLES == 40, 0 * ANGLES]), dims=("unit", "orientation"), coords={"orientation": ANGLES}
    )
    found = circular_variance(response.astype(float))
    assert found.dims == ("unit",)
    assert np.allclose(found, [0, np.nan], atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("angles", [[0, 10, 20, 30], [0, 90, 180], [0], [0, 60, np.nan]])
def test_circular_variance_refuses_angles_that_do_not_cover_the_period(angles):
    with pytest.raises(ValueError, match="evenly spaced"):
        circular_variance(curve(np.ones(len(angles)), "orientation", angles))


def test_circular_variance_refuses_negative_responses():
    with pytest.raises(ValueError, match="responses >= 0"):
        circular_variance(curve(np.cos(np.deg2rad(ANGLES)), "orientation", ANGLES))


def test_orientation_tuning_reports_circular_variance():
    experiment = protocols.orientation_tuning()
    responses = experiment.run(insilico.load_model("mely2018", **SMALL))
    found = {f.name: f for f in experiment.findings(responses)}
    assert found["circular_variance"].value == pytest.approx(float(circular_variance(experiment.curve(responses))))
    assert 0 < found["circular_variance"].value < 1
    uneven = protocols.orientation_tuning(orientations=(60.0, 75.0, 90.0, 105.0, 120.0))
    found = {f.name: f for f in uneven.findings(uneven.run(insilico.load_model("feedforward", **SMALL)))}
    assert np.isnan(found["circular_variance"].value)
    assert "evenly spaced" in found["circular_variance"].note


def test_a_semi_saturation_that_was_shown_is_found():
    fit = fit_naka_rushton(naka_rushton(CONTRASTS, c50=0.2))
    assert (fit.c50, fit.rmax) == (pytest.approx(0.2, rel=1e-4), pytest.approx(10, rel=1e-4))
    assert fit.undetermined == ""


def test_contrast_in_percent_is_fitted_as_well_as_in_fractions():
    fit = fit_naka_rushton(naka_rushton(100 * np.asarray(CONTRASTS), c50=20))
    assert fit.c50 == pytest.approx(20, rel=1e-4)


def test_a_semi_saturation_beyond_what_was_shown_is_not_a_number():
    fit = fit_naka_rushton(naka_rushton(CONTRASTS, c50=4))
    assert fit.r2 > 0.999
    assert np.isnan(fit.c50)
    assert np.isnan(fit.rmax)
    assert fit.undetermined == "not determined: above 1, the largest contrast shown"
    low = fit_naka_rushton(naka_rushton((0.1, 0.2, 0.3, 0.5, 1.0), c50=0.02))
    assert np.isnan(low.c50)
    assert "below 0.1, the smallest" in low.undetermined


def test_a_flat_contrast_response_has_no_semi_saturation():
    fit = fit_naka_rushton(curve(np.ones(5), "contrast", (0.1, 0.2, 0.3, 0.5, 1.0)))
    assert np.isnan([fit.c50, fit.rmax, fit.n, fit.r2]).all()
    assert "same at every contrast" in fit.undetermined


def test_the_finding_of_an_undetermined_semi_saturation_says_so():
    experiment = protocols.contrast_response()
    responses = experiment.run(insilico.load_model("mely2018", **SMALL))
    c50 = next(f for f in experiment.findings(responses) if f.name == "c50")
    assert finding_line(c50) == "  c50  nan (not determined: above 1, the largest contrast shown)"
    assert c50.to_dict()["note"] == "not determined: above 1, the largest contrast shown"


def test_a_preference_lies_below_180_whatever_the_rounding():
    for preferred in (0.0, 180.0, -1e-14, 179.9999999999999):
        tuned = curve(np.exp(2 * (np.cos(2 * np.deg2rad(ANGLES - preferred)) - 1)), "orientation", ANGLES)
        assert 0 <= fit_von_mises(tuned).preferred < 180


@pytest.mark.parametrize("share", [95, 0, -0.5, 1.01, float("nan")])
def test_a_share_of_the_maximum_is_a_fraction(share):
    with pytest.raises(ValueError, match=r"0 < share <= 1"):
        summation_size(curve([1, 2, 3], "diameter", [1, 2, 3]), share=share)


def test_whether_a_curve_with_nan_has_one_maximum_is_not_answered():
    with pytest.raises(ValueError, match="1 of 3 values that are not finite"):
        unimodal(curve([1, np.nan, 3], "diameter", [1, 2, 3]))
    assert float(unimodal(curve([1, 3, 2], "diameter", [1, 2, 3]))) == 1
    assert float(unimodal(curve([0, 0, 0], "diameter", [1, 2, 3]))) == 0


def test_fits_refuse_nan_with_the_remedy():
    holes = curve([1, np.nan, 3, 4, 5, 6], "contrast", (0.1, 0.2, 0.3, 0.5, 0.7, 1.0))
    with pytest.raises(
        ValueError, match=r"1 of 6 values that are not finite, the first at .*leave these conditions out"
    ):
        fit_naka_rushton(holes)


def test_what_cancels_by_symmetry_is_decoded_as_zero():
    angles = np.array([-60.0, -30.0, 0.0, 30.0, 60.0, 90.0])
    response = curve([0.31, 0.77, 1.3, 0.77, 0.31, 0.1], "preferred", angles)
    assert float(vector_average(response, "preferred")) == 0.0
    orthogonal = curve([0.31, 0.1, 0.05, 0.1, 0.31, 1.3], "preferred", angles)
    assert float(vector_average(orthogonal, "preferred")) == 90.0


def test_every_measure_beside_a_plaid_score_says_what_it_is():
    for experiment in (protocols.busse2009(), protocols.trott_born2015_plaid(), protocols.trott_born2015_matrix()):
        found = experiment.findings(experiment.run(insilico.load_model("feedforward")))
        unexplained = [f.name for f in found if not f.note]
        assert unexplained == []
    decoded = {
        f.name: f
        for f in protocols.trott_born2015_plaid().findings(
            protocols.trott_born2015_plaid().run(insilico.load_model("feedforward"))
        )
    }
    assert decoded["decoded_alone_0"].value == 0.0


def test_findings_of_responses_that_are_not_finite_are_refused():
    experiment = protocols.size_tuning(contrasts=(0.5, 1.0), diameters=(0.5, 1.0, 2.0))
    responses = experiment.run(insilico.load_model("feedforward", **SMALL))
    broken = responses["response"].where(responses["contrast"] != 0.5).assign_attrs(responses["response"].attrs)
    assert {f.name: f.value for f in experiment.findings(responses)}["size_curves_unimodal"] == 1
    with pytest.raises(ValueError, match="not finite for 3 of 6 stimuli"):
        experiment.findings(responses.assign(response=broken))
