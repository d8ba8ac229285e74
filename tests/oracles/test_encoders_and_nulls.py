"""Population code, normalization, decoding and fits against closed forms."""

import numpy as np
import pytest
import xarray as xr
from scipy import optimize

import insilico
import protocols
from insilico.comparison import fit_linear
from stimuli import CenterSurround, Display, Grating, Plaid, StimulusSet
from tests.tolerances import FIT


def test_population_code_adds_the_layers_of_a_plaid():
    preparation = insilico.Preparation(n_channels=24, tuning_width=0.7, center_diameter=2.25)
    code = insilico.PopulationCode(preparation=preparation)
    plaid = Plaid(
        orientation=20, mask_orientation=80, contrast=0.3, mask_contrast=0.5, spatial_frequency=2, diameter=2.25
    )
    drive = code.encode(StimulusSet.of([plaid]))
    theta = np.deg2rad(preparation.preferences)
    expected = sum(c * np.exp((np.cos(2 * (theta - np.deg2rad(a))) - 1) / 0.7**2) for c, a in ((0.3, 20), (0.5, 80)))
    assert np.allclose(drive.isel(stimulus=0, y=25, x=25), expected, atol=1e-14)
    assert float(drive.isel(stimulus=0, y=0, x=0).max()) == 0  # background is no input


def test_tuning_peaks_at_one_wherever_the_value_falls():
    for feature, period in (("orientation", 180), ("direction", 360)):
        preparation = insilico.Preparation(feature=feature, n_channels=4 * period)
        code = insilico.PopulationCode(preparation=preparation)
        assert code.tuning(77.25).max() == pytest.approx(1.0)
        assert np.allclose(code.tuning(10.0), code.tuning(10.0 + period))


def test_bounded_features_do_not_wrap():
    preparation = insilico.Preparation(feature="spatial_frequency", domain=(0.5, 8.0), n_channels=16, tuning_width=0.5)
    tuned = insilico.PopulationCode(preparation=preparation).tuning(0.5)
    assert tuned[0] == 1.0
    assert tuned[-1] < 1e-12
    assert np.allclose(tuned, np.exp(-0.5 * ((preparation.preferences - 0.5) / 0.5) ** 2))


def test_duplicated_channels_share_the_preference_at_the_ends():
    preparation = insilico.Preparation(n_channels=37, first_preference=-45.0, spacing="duplicated")
    assert preparation.preferences[0] == -45
    assert preparation.preferences[-1] == 135
    tuned = insilico.PopulationCode(preparation=preparation).tuning(12.0)
    assert tuned[0] == pytest.approx(tuned[-1], rel=1e-12)


def test_an_even_square_centre_covers_the_cells_of_the_published_code():
    from protocols.base import center_position

    pitch = 0.25
    preparation = insilico.Preparation(center_diameter=8 * pitch, aperture="square")
    center = Grating(
        orientation=0,
        spatial_frequency=2,
        aperture="square",
        diameter=8 * pitch,
        position=center_position(preparation),
    )
    drive = insilico.PopulationCode(preparation=preparation).encode(StimulusSet.of([center]))
    rows, columns = np.nonzero(drive.isel(stimulus=0).max("feature").values)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (21, 28, 21, 28)


def test_cell_average_measures_the_covered_area():
    preparation = insilico.Preparation(n_channels=8)
    disc = Grating(orientation=0, spatial_frequency=2, diameter=3.1)
    averaged = insilico.PopulationCode(preparation=preparation, cell_average=True).encode(StimulusSet.of([disc]))
    area = float(averaged.isel(feature=0).sum()) * 0.25**2
    assert area == pytest.approx(np.pi * 1.55**2, rel=1e-9)


def test_normalization_of_a_uniform_plaid_is_the_closed_form():
    model = insilico.load_model("normalization", **{"preparation.shape": (41, 41), "preparation.boundary": "periodic"})
    p = model.parameters
    plaid = Plaid(orientation=0, mask_orientation=90, contrast=0.5, mask_contrast=0.12, spatial_frequency=2)
    stimuli = StimulusSet.of([plaid])
    response = model.respond(model.encode(stimuli))["response"].values[0]
    code = insilico.PopulationCode(preparation=model.preparation)
    power = 0.5**p.n * code.tuning(0) + 0.12**p.n * code.tuning(90)
    rms = np.hypot(0.5, 0.12)
    expected = p.rmax * (power + p.baseline * p.c50**p.n) / (p.c50**p.n + rms**p.n)
    assert np.allclose(response, expected, rtol=1e-9)


def test_the_normalization_pool_is_untuned_and_wider_than_a_cell():
    model = insilico.load_model("normalization")

    def at_center(surround):
        center = Grating(orientation=90, spatial_frequency=2, contrast=0.5, diameter=1.25)
        shown = [center]
        if surround is not None:
            ring = Grating(orientation=surround, spatial_frequency=2, contrast=0.5)
            shown = [CenterSurround(center=center, surround=ring)]
        return float(model.respond(model.encode(StimulusSet.of(shown)))["response"].max())

    assert at_center(0) == pytest.approx(at_center(90), rel=1e-9)
    assert at_center(0) < 0.9 * at_center(None)


@pytest.mark.slow
def test_the_shipped_normalization_is_the_least_squares_fit_to_busse():
    experiment = protocols.busse2009()
    data = experiment.reference.values.values
    shipped = insilico.load_model("normalization")
    width = shipped.prepared(experiment.preparation).preparation.tuning_width

    def misfit(q):
        model = insilico.load_model(
            "normalization", c50=q[0], n=q[1], baseline=q[2], **{"preparation.tuning_width": q[3]}
        )
        prediction = experiment.predict(experiment.checked(experiment.run(model)))
        return fit_linear(data, prediction).apply(prediction) - data

    p = shipped.parameters
    start = np.array([0.1, 2.0, 0.2, 0.9])
    found = optimize.least_squares(misfit, start, x_scale=start, bounds=([0.005, 0.5, 0, 0.2], [1, 8, 2, 3])).x
    assert np.allclose(found, [p.c50, p.n, p.baseline, width], rtol=FIT)
    assert insilico.parameter_sets("normalization")["default"].n_fitted == found.size


def test_vector_average_recovers_the_mean_of_a_symmetric_curve():
    theta = np.arange(-90, 90, 5.0)
    for mean in (-80.0, 0.0, 33.0):
        curve = xr.DataArray(np.exp(np.cos(2 * np.deg2rad(theta - mean))), dims="z", coords={"z": theta})
        assert float(insilico.analysis.vector_average(curve, "z")) == pytest.approx(mean, abs=1e-9)
    flat = xr.DataArray(np.ones(36), dims="z", coords={"z": theta})
    assert np.isnan(float(insilico.analysis.vector_average(flat, "z")))


def test_fits_recover_what_made_the_curve():
    theta = np.arange(0, 180, 10.0)
    values = 0.3 + 2 * np.exp(3.0 * (np.cos(2 * np.deg2rad(theta - 62)) - 1))
    fit = insilico.analysis.fit_von_mises(xr.DataArray(values, dims="orientation", coords={"orientation": theta}))
    assert (fit.preferred, fit.kappa, fit.amplitude, fit.baseline) == pytest.approx((62, 3, 2, 0.3), rel=1e-5)
    assert fit.half_width == pytest.approx(np.rad2deg(np.arccos(1 - np.log(2) / 3)) / 2)
    c = np.linspace(0, 1, 12)
    values = 0.1 + 1.7 * c**2.2 / (0.2**2.2 + c**2.2)
    fit = insilico.analysis.fit_naka_rushton(xr.DataArray(values, dims="contrast", coords={"contrast": c}))
    assert (fit.rmax, fit.c50, fit.n, fit.baseline) == pytest.approx((1.7, 0.2, 2.2, 0.1), rel=1e-4)


def test_size_measures_on_a_curve_drawn_by_hand():
    curve = xr.DataArray([0.0, 1.0, 2.0, 1.0], dims="diameter", coords={"diameter": [1.0, 2.0, 3.0, 4.0]})
    assert float(insilico.analysis.suppression_index(curve)) == 0.5
    assert float(insilico.analysis.preferred_size(curve)) == 3.0
    assert float(insilico.analysis.summation_size(curve)) == pytest.approx(2.9)


def test_energy_pools_by_the_area_that_pixel_and_cell_share():
    from insilico.energy import overlap

    display = Display(size_px=(10, 12), ppd=3.0)
    shares = overlap(4, 0.7, display, 1)
    assert np.allclose(shares.sum(axis=1), 1)
    fine = np.repeat(np.arange(12), 1000)
    edges = (np.arange(12000) + 0.5) / 3000 - 2.0
    for i in range(4):
        inside = (edges >= (i - 2) * 0.7) & (edges < (i - 1) * 0.7)
        assert np.allclose(shares[i], np.bincount(fine[inside], minlength=12) / inside.sum(), atol=2e-3)
