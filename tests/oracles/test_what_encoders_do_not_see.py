"""A drift before a static encoder and a stimulus off the sheet are no silent responses."""

import warnings

import numpy as np
import pytest

import insilico
import protocols
from stimuli import CenterSurround, Display, Gabor, Grating, StimulusSet, memory

SMALL = {"preparation.shape": (9, 9), "preparation.n_channels": 4}


def one(**fields):
    return StimulusSet.of([Grating(**({"orientation": 0, "spatial_frequency": 2} | fields))])


@pytest.mark.parametrize("modulation", ["drift", "counterphase"])
@pytest.mark.parametrize("circuit", ["feedforward", "normalization"])
def test_motion_before_a_static_population_code_is_warned_of_and_is_the_standing_grating(circuit, modulation):
    model = insilico.load_model(circuit, **SMALL)
    with pytest.warns(insilico.StaticEncoderWarning, match=rf"4 Hz \({modulation}\).*population code of orientation"):
        moving = insilico.record(model, one(temporal_frequency=4, modulation=modulation))
    np.testing.assert_array_equal(moving["response"], insilico.record(model, one())["response"])


def test_motion_before_the_energy_encoder_is_warned_of():
    model = insilico.load_model("feedforward", encoder="energy", **SMALL)
    with pytest.warns(insilico.StaticEncoderWarning, match="-3 Hz.*energy encoder"):
        model.encode(one(temporal_frequency=-3), Display(size_px=(64, 64), ppd=16))


def test_motion_is_the_feature_of_a_direction_population_and_nothing_moves_at_contrast_0():
    direction = insilico.load_model("feedforward", **SMALL, **{"preparation.feature": "direction"})
    insilico.record(direction, one(temporal_frequency=4))
    insilico.record(insilico.load_model("feedforward", **SMALL), one(temporal_frequency=4, contrast=0))


def test_the_published_experiment_with_motion_is_not_warned_of():
    experiment = protocols.kim_wilson1997()
    shown = experiment.stimuli(experiment.preparation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        insilico.PopulationCode(preparation=experiment.preparation).layer_fields(shown[:2])


def test_a_display_whose_filters_do_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2**30)
    model = insilico.load_model("feedforward", encoder="energy", **SMALL)
    with pytest.raises(ValueError, match=r"filters of .* take .* GiB; 1 GiB .*fewer pixels"):
        model.encode(one(), Display(size_px=(10**5, 10**5), ppd=16))


@pytest.mark.parametrize(
    "stimulus",
    [
        Grating(orientation=0, spatial_frequency=2, diameter=2, position=(9, 0)),
        Gabor(orientation=0, spatial_frequency=2, sigma=0.3, position=(0, -4)),
    ],
)
def test_a_stimulus_wholly_off_the_sheet_is_refused(stimulus):
    shown = StimulusSet.of([stimulus])
    for circuit in ("feedforward", "normalization"):
        with pytest.raises(ValueError, match=r"nothing of .* lies on the sheet, 2\.25 deg wide.*no cell"):
            insilico.record(insilico.load_model(circuit, **SMALL), shown)
    energy = insilico.load_model("feedforward", encoder="energy", **SMALL)
    with pytest.raises(ValueError, match="lies on the sheet"):
        energy.encode(shown, Display(size_px=(400, 400), ppd=16))


def test_what_reaches_beyond_the_sheet_or_has_no_contrast_is_not_refused():
    model = insilico.load_model("feedforward", **SMALL)
    surround = Grating(orientation=90, spatial_frequency=2, diameter=30)
    center = Grating(orientation=0, spatial_frequency=2, diameter=1)
    insilico.record(model, StimulusSet.of([CenterSurround(center=center, surround=surround), surround]))
    assert not insilico.record(model, one(diameter=1, position=(9, 0), contrast=0))["response"].any()
