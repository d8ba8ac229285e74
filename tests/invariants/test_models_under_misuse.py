"""What could go wrong in silence is refused, or does not matter."""

import numpy as np
import pytest

import insilico
import protocols
from insilico.circuits.mely2018 import simulate, steady_state
from stimuli import Display, Grating, StimulusSet

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 12}


def grating(**changes):
    return StimulusSet.of([Grating(**{"orientation": 0, "spatial_frequency": 2, "diameter": 2, **changes})])


@pytest.fixture(scope="module")
def circuit():
    return insilico.load_model("mely2018", **SMALL)


def test_unit_ids_of_one_sheet_are_refused_on_another():
    ids = insilico.unit_ids((51, 51, 36), population="output", y=25, x=25, feature=0)
    silenced = insilico.load_model("mely2018").perturbed(insilico.Perturbation(units=ids, mode="silence"))
    with pytest.raises(ValueError, match=r"the same ids are other units\. Prepare first"):
        protocols.busse2009().run(silenced)
    prepared = insilico.load_model("mely2018").prepared(protocols.busse2009().preparation)
    with pytest.raises(ValueError, match="does not exist"):
        prepared.perturbed(insilico.Perturbation(units=(10**7,), mode="silence"))


def test_a_pulse_shorter_than_a_step_acts_for_its_own_time(circuit):
    drive = circuit.encode(grating()).values

    def after(window):
        pulse = insilico.Perturbation(units="output", mode="drive", value=50.0, window=window)
        return simulate(drive, circuit.parameters, n_steps=62, perturbations=(pulse,)).output

    free = simulate(drive, circuit.parameters, n_steps=62).output
    short, longer, step = (np.abs(after((60.2, stop)) - free).max() for stop in (60.3, 60.6, 61.2))
    assert 0 < short < longer < step
    assert longer / short == pytest.approx(4, rel=0.1)


def test_time_courses_do_not_depend_on_what_is_recorded(circuit):
    def at_twelve(cadence, start=0.0):
        request = insilico.Recording(window=(start, 12.0), cadence=cadence)
        return insilico.record(circuit, grating(), recording=request)["response"].sel(time=12.0).values

    reference = at_twelve(12.0)
    for cadence, start in ((1.0, 0.0), (0.3, 0.0), (4.0, 4.0)):
        assert np.allclose(at_twelve(cadence, start), reference, rtol=0, atol=1e-12)


def test_a_drive_is_read_by_its_labels(circuit):
    drive = circuit.encode(grating())
    response = circuit.respond(drive)["response"].values
    turned = circuit.respond(drive.transpose("feature", "x", "stimulus", "y"))["response"].values
    assert np.array_equal(turned, response)
    with pytest.raises(ValueError, match="encode the stimuli with this model"):
        circuit.respond(insilico.load_model("mely2018").encode(grating()))
    with pytest.raises(ValueError, match="negative"):
        insilico.load_model("feedforward", **SMALL).respond(drive - 1)


def test_lesions_may_come_from_a_generator(circuit):
    drive = circuit.encode(grating(diameter=7)).values
    expected = steady_state(drive, circuit.parameters, lesions=("T",)).output
    found = steady_state(drive, circuit.parameters, lesions=(name for name in ["T"])).output
    assert np.array_equal(found, expected)
    with pytest.raises(TypeError, match="single Perturbation"):
        steady_state(drive, perturbations=insilico.Perturbation(units="output", mode="silence"))


@pytest.mark.parametrize(
    ("stimuli", "message"),
    [(grating(diameter=9), "diameter is 9"), (grating(spatial_frequency=12), "spatial_frequency is 12")],
)
def test_what_the_display_cannot_show_is_refused_by_every_encoder(circuit, stimuli, message):
    with pytest.raises(ValueError, match=message):
        insilico.record(circuit, stimuli, Display(size_px=(128, 128), ppd=20))


def test_the_normalization_pool_from_frames_prefers_no_orientation():
    experiment = protocols.busse2009()  # whose channels share a preference at the ends
    model = insilico.load_model("normalization", encoder="energy").prepared(experiment.preparation)
    shown = StimulusSet.grid(
        lambda orientation: Grating(orientation=orientation, spatial_frequency=2, contrast=0.5),
        orientation=[-45, 0, 45, 90],
    )
    drive = model.encode(shown, experiment.display(experiment.preparation))
    power = drive["power"].isel(y=25, x=25).values
    assert np.allclose(power, 0.25, rtol=2e-3)
