"""Units are addressed once and by whole numbers, places wrap where the sheet does, windows end where they say."""

import numpy as np
import pytest

import insilico
from insilico import Light, Perturbation, Preparation, Recording, Sheet, Targets, pulses
from insilico.experiment import record_under, subjects_under
from insilico.light import as_perturbations
from insilico.perturb import Forces, unit_ids
from stimuli import Grating, StimulusSet

STIMULI = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, diameter=3)])
SHEET = Sheet(shape=(21, 21), boundary="periodic")


def on_a_torus(name="feedforward", **settings):
    return insilico.load_model(name, **settings).prepared(Preparation(sheet=SHEET, n_channels=8, center_diameter=1.25))


def test_a_mask_is_no_index():
    with pytest.raises(TypeError, match=r"must be a whole number"):
        unit_ids((5, 5, 4), population="output", y=np.arange(5) > 2)
    with pytest.raises(TypeError, match=r"y = 1\.9 .*must be a whole number"):
        unit_ids((5, 5, 4), population="output", y=1.9)
    assert unit_ids((5, 5, 4), population="output", y=np.int64(1)) == unit_ids((5, 5, 4), population="output", y=[1])


def test_no_unit_is_addressed_twice():
    with pytest.raises(ValueError, match=r"x = \[1, 1\]: name each index once"):
        unit_ids((5, 5, 4), population="output", x=[1, 1])
    with pytest.raises(ValueError, match=r"unit 7 is listed 2 times"):
        Perturbation(units=(3, 7, 7), mode="drive", value=1.0)


def test_a_population_that_not_every_circuit_has_needs_the_circuits_names():
    with pytest.raises(ValueError, match=r"population = 'input': not every circuit has one"):
        unit_ids((5, 5, 4), population="input")
    with pytest.raises(ValueError, match=r"no population 'input'"):
        unit_ids((5, 5, 4), population="input", populations=on_a_torus().circuit.populations)


def test_light_and_targets_go_round_a_periodic_sheet():
    model = on_a_torus()
    edge = float(SHEET.x[-1])
    ids = Targets(position=(edge, 0), radius=0.25).ids(model.units)
    assert set(model.units["column"].values[list(ids)]) == {0, 19, 20}
    [lit] = as_perturbations([Light(spots=((edge, 0),), power=1, lateral=0.25)], model.units)
    drive = np.zeros(model.units.sizes["unit"])
    drive[list(lit.units)] = lit.value
    row = drive.reshape(21, 21, 8)[10, :, 0]
    assert row[0] == pytest.approx(row[19])
    assert row[0] > 0.3
    bounded = insilico.load_model("feedforward").prepared(model.preparation.replaced(boundary="zero"))
    ids = Targets(position=(edge, 0), radius=0.25).ids(bounded.units)
    assert set(bounded.units["column"].values[list(ids)]) == {19, 20}


def test_windows_of_a_static_circuit_end_where_they_say_to_the_rounding_of_time():
    act = Perturbation(units="output", mode="clamp", value=9.0, window=(2.1, 4.2))
    data = insilico.record(
        on_a_torus().perturbed(act), STIMULI, recording=Recording(window=(0.0, 7.0), cadence=0.7, cells="center")
    )
    held = (data["response"] == 9.0).all(("stimulus", "unit")).values
    assert np.flatnonzero(held).tolist() == [3, 4, 5]  # 2.1, 2.8, 3.5


def test_trains_and_recordings_have_an_end():
    with pytest.raises(ValueError, match=r"n = 1000000000: .* 10000 pulses are the most"):
        pulses(start=0, width=1, period=2, n=10**9)
    with pytest.raises(TypeError, match=r"n = inf"):
        pulses(start=0, width=1, period=2, n=float("inf"))
    with pytest.raises(ValueError, match=r"is 3.33e\+08 samples: 100000 are the most"):
        Recording(window=(0, 1e9))


def test_acts_that_exclude_each_other_fail_before_anything_is_run_and_by_name(monkeypatch):
    model = on_a_torus()
    both = [
        Perturbation(units=Targets(position=(0, 0)), mode="clamp", value=1.0),
        Perturbation(units=Targets(position=(0, 0), preferred=0), mode="silence"),
    ]
    monkeypatch.setattr(type(model), "respond", lambda *_, **__: pytest.fail("something was run"))
    with pytest.raises(ValueError, match=r"perturbation 'held': unit \d+ is clamped to 1.0 and 0.0 at once"):
        record_under({"held": both}, model, STIMULI)
    low = Perturbation(units="output", mode="clamp", value=-1.0)
    with pytest.raises(ValueError, match=r"perturbation 'low': value = -1 with mode 'clamp': must be >= 0"):
        record_under({"low": low}, model, STIMULI)


def test_a_rate_that_may_be_negative_may_be_held_there():
    model = on_a_torus("linear", sigma_I=4.0, core_I=1.0, sigma_E=2.0)
    low = Perturbation(units=Targets(position=(0, 0)), mode="clamp", value=-0.5)
    held = insilico.record(model.perturbed(low), STIMULI)
    assert (held["response"] == -0.5).all()
    course = insilico.record(model.perturbed(low), STIMULI, recording=Recording(window=(1, 2), cadence=1))
    assert (course["response"] == -0.5).all()


@pytest.mark.parametrize("name", ["mely2018", "contextual", "linear", "normalization", "feedforward"])
@pytest.mark.parametrize("recording", [Recording(), Recording(window=(0, 6), cadence=3)], ids=["settled", "in time"])
def test_a_sham_is_forced_like_any_perturbation_and_changes_no_bit(name, recording, monkeypatch):
    settings = {
        "mely2018": {"ssn": 5, "ssf": 15},
        "contextual": {"rP": 2.0, "rTin": 2.0, "rT": 6.0},
        "linear": {"sigma_I": 4.0, "core_I": 1.0, "sigma_E": 2.0},
    }
    model = on_a_torus(name, **settings.get(name, {}))
    window = (0.0, np.inf) if recording.window is None else (1.05, 4.0)
    acts = {
        "silence": Perturbation(units=Targets(position=(0.5, 0)), mode="silence", window=window),
        "light": Light(spots=((0.5, 0),), power=2, window=window),
    }
    none_and_sham = list(subjects_under(acts, model, recording=recording).values())[:2]
    made, forces = [], Forces
    monkeypatch.setattr("insilico.perturb.Forces", lambda **arrays: made.append(arrays) or forces(**arrays))
    none, sham = (insilico.record(subject, STIMULI, recording=recording) for subject in none_and_sham)
    assert made
    assert all(not f["drive"].any() and (f["scale"] == 1).all() and not f["held"].any() for f in made)
    for variable in ("response", "residual", "n_steps", "converged"):
        assert np.array_equal(none[variable].values, sham[variable].values)
