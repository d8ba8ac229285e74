"""From frames through Gabor energy, the same protocols tell the same story as the population code."""

import warnings

import numpy as np
import pytest
from scipy import optimize

import insilico
import protocols
from insilico.encode import refuse_off_sheet, warn_of_motion
from stimuli.limits import warn_of_losses
from tests.tolerances import SHAPE_CORRELATION


@pytest.fixture(scope="module")
def matched():
    """The energy encoder, and a population code whose width is fitted to its single-grating curve."""
    experiment = protocols.OrientationTuning()
    energy = insilico.load_model("feedforward", encoder="energy")
    curve = experiment.curve(experiment.run(energy))

    def population(width):
        return insilico.load_model("feedforward", **{"preparation.tuning_width": float(width)})

    def misfit(width):
        other = experiment.curve(experiment.run(population(width[0])))
        return (other / other.max() - curve / curve.max()).values

    [width] = optimize.least_squares(misfit, [0.5], bounds=(0.1, 3)).x
    return energy, population(width)


@pytest.mark.parametrize("name", ["orientation_tuning", "contrast_response", "busse2009"])
def test_shape_agrees_with_the_population_code(matched, name):
    experiment = protocols.protocol_named(name)
    drives = [experiment.run(model)["drive"].values.ravel() for model in matched]
    assert np.corrcoef(*drives)[0, 1] >= SHAPE_CORRELATION


@pytest.mark.slow
@pytest.mark.parametrize("table", ["busse2009", "trott_born2015_plaid", "trott_born2015_matrix"])
@pytest.mark.parametrize("circuit", ["mely2018", "normalization"])
def test_published_protocols_run_from_frames(table, circuit):
    experiment = protocols.protocol_named(table)
    comparison = experiment.compare(experiment.run(insilico.load_model(circuit, encoder="energy")))
    assert comparison.converged
    assert "energy encoder" in comparison.model
    assert 0 < comparison.r2 < comparison.reference.ceiling


def test_energy_of_a_grating_is_its_contrast_times_the_closed_form_tuning():
    from stimuli import Display, Grating, StimulusSet

    model = insilico.load_model("feedforward", encoder="energy")
    stimuli = StimulusSet.grid(
        lambda contrast, orientation: Grating(orientation=orientation, spatial_frequency=2, contrast=contrast),
        contrast=[0.25, 1.0],
        orientation=[0, 33.0, 90.0],
    )
    drive = model.encode(stimuli, Display(size_px=(256, 256), ppd=16))
    encoder = insilico.EnergyModel(preparation=model.preparation)
    for i, (contrast, orientation) in enumerate((c, o) for c in (0.25, 1.0) for o in (0, 33.0, 90.0)):
        middle = drive.isel(stimulus=i, y=25, x=25).values
        assert np.allclose(middle, contrast * encoder.tuning(orientation), atol=2e-3)


@pytest.mark.parametrize("name", protocols.list_protocols())
def test_no_experiment_is_cropped_undersampled_or_off_its_sheet(name):
    experiment = protocols.protocol_named(name)
    preparation = experiment.preparation or insilico.Preparation()
    shown, display = experiment.stimuli(preparation), experiment.display(preparation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_losses((component for stimulus in shown for component in stimulus.scene), display)
        if preparation.feature != "direction":
            warn_of_motion(shown, "a static encoder")
    for stimulus in shown:
        stimulus.refuse_display(display)
        refuse_off_sheet(stimulus, preparation.sheet.extent)
