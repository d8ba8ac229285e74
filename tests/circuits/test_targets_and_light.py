"""Targets name the same units on every sheet; light saturates, spreads, and adds up before it does."""

import math

import numpy as np
import pytest

import insilico
from insilico import Light, Opsin, Perturbation, Preparation, Recording, Sheet, Targets, pulses
from insilico.light import as_perturbations
from stimuli import Grating, StimulusSet

SMALL = Preparation(sheet=Sheet(shape=(21, 21)), n_channels=8, center_diameter=1.25)
STIMULI = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, diameter=3)])


@pytest.fixture(scope="module")
def model():
    return insilico.load_model("mely2018", ssn=5, ssf=15).prepared(SMALL)


def where(model, ids):
    return model.units.isel(unit=np.asarray(ids))


def test_targets_are_what_they_say(model):
    near = where(model, Targets(position=(0.5, -0.25), radius=0.5).ids(model.units))
    assert np.hypot(near["unit_x"] - 0.5, near["unit_y"] + 0.25).max() <= 0.5
    assert set(near["population"].values) == {"output"}
    assert near.sizes["unit"] == 13 * 8
    around = where(model, Targets(position=(0, 0), radius=1, beyond=0.5).ids(model.units))
    distance = np.hypot(around["unit_x"], around["unit_y"])
    assert (distance.min(), distance.max()) == (pytest.approx(0.559, abs=1e-3), 1.0)
    tuned = where(model, Targets(populations=("input", "output"), preferred=170, within=25).ids(model.units))
    assert set(tuned["preferred_orientation"].values) == {0, 157.5}  # round the circle
    assert set(tuned["population"].values) == {"input", "output"}
    one = Targets(position=(0.3, 0.3), preferred=90).ids(model.units)
    assert len(one) == 1
    half = Targets(fraction=0.5, seed=3).ids(model.units)
    assert len(half) == 21 * 21 * 8 // 2
    assert half == Targets(fraction=0.5, seed=3).ids(model.units) != Targets(fraction=0.5, seed=4).ids(model.units)


def test_the_same_targets_hold_on_another_sheet(model):
    driven = model.perturbed(Perturbation(units=Targets(position=(1, 0)), mode="silence"))
    for preparation in (SMALL, SMALL.replaced(shape=(31, 25))):
        moved = driven.prepared(preparation)
        [act] = moved.effective_perturbations
        place = where(moved, act.units)
        assert set(place["unit_x"].values) == {1.0}
        assert set(place["unit_y"].values) == {0.0}


def test_two_beams_of_half_the_power_are_one(model):
    opsin = Opsin(strength=2, half_power=1.5, exponent=2)
    one = Light(spots=((0, 0),), power=3, opsin=opsin)
    halves = [Light(spots=((0, 0),), power=1.5, opsin=opsin)] * 2
    two_spots = Light(spots=((0, 0), (0, 0)), power=1.5, opsin=opsin)
    [whole] = as_perturbations([one], model.units)
    assert [whole] == as_perturbations(halves, model.units) == as_perturbations([two_spots], model.units)
    responses = [model.perturbed(*acts).respond(model.encode(STIMULI)) for acts in ([one], halves)]
    assert np.array_equal(responses[0]["response"], responses[1]["response"])


def test_light_saturates_spreads_and_fades_with_depth(model):
    def drive(**settings):
        given = {"spots": ((0, 0),), "power": 1.0, "opsin": Opsin(strength=2, half_power=1), **settings}
        [act] = as_perturbations([Light(**given)], model.units)
        return dict(zip(act.units, act.value, strict=True))

    center = Targets(position=(0, 0)).ids(model.units)[0]
    beside = Targets(position=(0.25, 0)).ids(model.units)[0]
    assert drive()[center] == pytest.approx(1.0)  # half of its strength at half_power
    assert drive(power=1e6)[center] == pytest.approx(2.0, rel=1e-5)
    reached = math.exp(-0.5 * (0.25 / 0.5) ** 2)
    assert drive(lateral=0.5)[beside] == pytest.approx(2 * reached / (1 + reached))
    assert drive(lateral=1.0)[beside] > drive(lateral=0.5)[beside]
    in_focus = math.exp(-0.5 * 2**2)
    assert drive(axial=1, depth=2)[center] == pytest.approx(2 * in_focus / (1 + in_focus))
    assert drive(opsin=Opsin(strength=-2))[center] == pytest.approx(-1.0)
    dark = Light(spots=((0, 0),), power=0)
    [nothing] = as_perturbations([dark], model.units)
    assert set(nothing.value) == {0.0}  # as a sham is: the cells are addressed, nothing is done


def test_only_cells_that_express_the_opsin_are_driven(model):
    opsin = Opsin(expressed=Targets(preferred=90, populations=("output",)))
    [act] = as_perturbations([Light(spots=((0, 0),), power=5, opsin=opsin)], model.units)
    assert set(where(model, act.units)["preferred_orientation"].values) == {90}


def test_light_acts_in_its_windows_only(model):
    windows = pulses(start=30, width=6, period=15, n=2)
    assert windows == ((30, 36), (45, 51))
    lit = model.perturbed(*(Light(spots=((0, 0),), power=5, window=w) for w in windows))
    recording = Recording(window=(0, 60), cadence=3)
    intact, course = (m.respond(m.encode(STIMULI), recording=recording)["response"] for m in (model, lit))
    before = course["time"] <= 30
    assert np.array_equal(course.sel(time=before), intact.sel(time=before))
    assert (course != intact).sel(time=33).any()
    overlapping = [
        Light(spots=((0, 0),), power=1, window=(0, 20)),
        Light(spots=((0, 0),), power=1, window=(10, 30)),
    ]
    acts = as_perturbations(overlapping, model.units)
    assert [a.window for a in acts] == [(0, 10), (10, 20), (20, 30)]
    assert max(acts[1].value) == pytest.approx(2 / 3)
    assert max(acts[0].value) == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: Targets(position=(9, 0)).ids(m.units), "off the sheet"),
        (lambda m: Targets(preferred=10, within=1).ids(m.units), "no unit is all that"),
        (lambda m: Targets(populations=("outputs",)).ids(m.units), "Did you mean 'output'"),
        (lambda m: Targets(fraction=0), "fraction"),
        (lambda m: Targets(radius=-1), "radius"),
        (lambda m: Targets(position=(0, 0), radius=1, beyond=2), "beyond"),
        (lambda m: Light(spots=((0, 0),), power=-1), "power"),
        (lambda m: Light(spots=((0, 0),), power=(1, 2)), "2 values for 1 spots"),
        (lambda m: Light(spots=((0, 0),), power=1, lateral=0), "lateral"),
        (lambda m: Opsin(half_power=0), "half_power"),
        (lambda m: pulses(start=0, width=5, period=4, n=2), "width < period"),
        (
            lambda m: m.perturbed(Perturbation(units="output", mode="silence", window=(70, 80))).respond(
                m.encode(STIMULI), recording=Recording(window=(0, 60))
            ),
            "begins when the recording has ended",
        ),
        (lambda m: m.perturbed("T"), "Lesion"),
    ],
)
def test_what_cannot_be_stimulated_is_refused(model, make, message):
    with pytest.raises((ValueError, KeyError, TypeError), match=message):
        make(model)
