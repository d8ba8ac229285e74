"""What is no model, no contract, no encoder, no fixed point, and what numbers cannot hold, is said so."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import insilico
import protocols
from insilico import PreparationNameWarning
from insilico.analysis import finite_influence, implicit_influence
from insilico.circuits import linear
from insilico.influence.fixed_point import fixed_point
from insilico.influence.stimulation import Site, changed
from insilico.light import Light, as_perturbations
from insilico.preparation import SHIPPED
from insilico.provenance import read_provenance
from protocols.cli import main
from protocols.papers import CAT_BUSSE2009
from protocols.registry import PROTOCOLS, protocol_named
from stimuli import Grating, StimulusSet

SMALL = insilico.Preparation(sheet=insilico.Sheet(shape=(21, 21)), n_channels=8, center_diameter=1.25)
STIMULI = StimulusSet.of([Grating(orientation=a, spatial_frequency=2, diameter=3) for a in (0, 30)])
NARROW = {"ssn": 5, "ssf": 15}
UNIT = (21 * 21 * 8 + (10 * 21 + 10) * 8,)  # output, at the centre, the first channel


def test_what_is_no_model_is_told_what_one_is():
    def my_function(stimuli):
        return stimuli

    for call in (protocols.busse2009().run, lambda m: insilico.record(m, STIMULI)):
        with pytest.raises(TypeError, match=r"my_function.*must be a Model .it has no .*load_model"):
            call(my_function)
        with pytest.raises(TypeError, match=r"SheetModel.*must be a Model"):
            call(insilico.SheetModel)


class Rounding:
    """A model whose last bits depend on the size of the batch, as those of a matrix product do."""

    def __init__(self, inner, size=4e-15):
        self.inner, self.size = inner, size

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def respond(self, drive, *, recording=insilico.Recording()):
        data = self.inner.respond(drive, recording=recording)
        return data.assign(response=data["response"] * (1 + self.size * drive.sizes["stimulus"]))


def test_a_model_may_round_by_the_size_of_the_batch_and_no_more():
    model = insilico.load_model("feedforward").prepared(SMALL)
    insilico.check_model(Rounding(model), STIMULI)
    with pytest.raises(insilico.contract.ContractError, match=r"depends on the others in its batch \(by"):
        insilico.check_model(Rounding(model, size=1e-6), STIMULI)


def test_a_setting_of_the_encoder_is_true_or_false(tmp_path, capsys):
    with pytest.raises(TypeError, match=r"cell_average = 'no' .*must be True or False"):
        insilico.PopulationCode(preparation=SMALL, cell_average="no")
    fast = ["--set", "preparation.shape=(15, 15)", "preparation.n_channels=8"]
    command = ["run", "orientation_tuning", "--model", "feedforward", "--out", str(tmp_path / "r"), *fast]
    assert main([*command, "encoder.cell_average=no"]) != 0
    assert "cell_average = 'no'" in capsys.readouterr().err
    assert main([*command, "encoder.cell_average=false"]) == 0
    spec = read_provenance(insilico.load_result(tmp_path / "r" / "result.nc").attrs)["model"]
    assert spec["encoder_settings"] == {"cell_average": False}


def test_provenance_says_how_the_encoder_was_really_set():
    assert insilico.load_model("contextual").spec()["encoder_settings"]["cell_average"] is True
    assert insilico.load_model("mely2018").spec()["encoder_settings"]["cell_average"] is False
    with pytest.raises(ValueError, match=r"encoder.cell_average = False: is True in contextual"):
        insilico.load_model("contextual", **{"encoder.cell_average": False}).spec()


def test_a_preparation_of_another_name_is_not_changed_in_silence():
    model = insilico.load_model("normalization")
    assert model.prepared(CAT_BUSSE2009).preparation.tuning_width == 0.6943
    with pytest.warns(PreparationNameWarning, match=r"changes tuning_width.* in cat_busse2009; the preparation 'mine'"):
        renamed = model.prepared(replace(CAT_BUSSE2009, name="mine"))
    assert renamed.preparation.tuning_width == 1.0
    said = insilico.load_model("normalization", **{"preparation.tuning_width": 1.1})
    assert said.prepared(replace(CAT_BUSSE2009, name="mine")).preparation.tuning_width == 1.1


def test_the_names_of_all_experiments_and_sets_are_known():
    used = {p.preparation.name for p in map(protocol_named, PROTOCOLS) if p.preparation is not None}
    sets = {n for m in insilico.list_models() for s in insilico.parameter_sets(m).values() for n in s.preparations}
    assert used | sets <= set(SHIPPED)


@pytest.mark.parametrize("tol", [0.5, 1e-2, 1e-4, 0.0, float("nan")])
def test_tolerances_that_give_wrong_influences_are_refused(tol):
    model = insilico.load_model("mely2018", **NARROW).prepared(SMALL)
    with pytest.raises(ValueError, match=r"tol = .*: must be > 0 and at most 1e-05"):
        implicit_influence(model, STIMULI, UNIT, method="gmres", tol=tol)
    with pytest.raises(ValueError, match=r"tol = .*: must be > 0 and at most 1e-10"):
        finite_influence(model, STIMULI, UNIT, r=0.1, tol=tol)


def test_the_loosest_tolerances_still_give_the_right_influences():
    model = insilico.load_model("mely2018", **NARROW).prepared(SMALL)
    one = StimulusSet.of([STIMULI[0]])
    exact, loose = (implicit_influence(model, one, UNIT, method="gmres", tol=t)["influence"] for t in (1e-10, 1e-5))
    others = exact["unit"] != UNIT[0]
    largest = float(abs(exact.where(others)).max())
    assert float(abs(loose - exact).max()) < 1e-4 * largest
    small = finite_influence(model, one, UNIT, r=1e-3, tol=1e-10, check_stability=False)["influence"]
    assert float(abs((small - exact).where(others)).max()) < 1e-3 * largest


@dataclass(frozen=True)
class Doubled:
    """Equations of which one unit answers with twice its input, without saying so; all else is as it was."""

    inner: object

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def under(self, forces):
        return Doubled(self.inner.under(forces))

    def rates(self, state):
        rate, (argument,) = self.inner.rates(state)[0].copy(), self.inner.inputs(state)
        unit = 10, 10, 0
        if not self.inner.forces.held[(0, *unit)]:
            rate[unit] = 2 * argument[unit] - state[0][unit]
        return (rate,)


def test_no_drive_is_invented_for_an_output_that_was_not_inverted():
    model = insilico.load_model("feedforward").prepared(SMALL)
    [equations] = model.equations(model.encode(StimulusSet.of([STIMULI[0]])))
    point = fixed_point(equations, tol=1e-13)
    site = Site(population=0, driven=(0,), row=10, column=10, channel=0)
    assert changed(point, site, 0.2, tol=1e-13).drive == pytest.approx(0.2)
    strange = replace(point, equations=Doubled(equations))
    with pytest.raises(ValueError, match=r"no drive is known that holds the target at 1.2"):
        changed(strange, site, 0.2, tol=1e-13)


def test_light_of_any_power_saturates():
    units = insilico.load_model("feedforward").prepared(SMALL).units
    bright = insilico.Opsin(strength=2, exponent=2)
    [act] = as_perturbations([Light(spots=((0, 0),), power=1e155, opsin=bright)], units)
    assert np.isfinite(act.value).all()
    assert max(act.value) == 2.0
    with pytest.raises(ValueError, match="finite in sum"):
        Light(spots=((0, 0), (1, 0)), power=1e308)


def test_numbers_that_overflow_are_refused_and_never_converge():
    with pytest.raises(ValueError, match=r"n = 1000000000.0: c50ⁿ is below 1e-100"):
        insilico.load_model("normalization", n=1e9)
    model = insilico.load_model("mely2018", tau=6e9, eta=6e9, **NARROW).prepared(SMALL)
    with pytest.raises(ValueError, match=r"time constant 6e\+09: at most 600"):
        insilico.record(model, STIMULI)
    huge = insilico.load_model("normalization", rmax=1e308, baseline=1e308).prepared(SMALL)
    with np.errstate(over="ignore"), pytest.warns(insilico.NotConvergedWarning):
        assert not insilico.record(huge, STIMULI)["converged"].any()
    state = linear.steady_state(np.full((1, 9, 9, 4), 1e-3), linear.LinearParameters(tau=1e6), tol=1.0, max_steps=1)
    assert not state.converged.any() or state.residual.max() <= 1e-6


def test_what_is_not_finite_has_not_converged():
    model = insilico.load_model("mely2018", xi=1e308, gamma=1e10, **NARROW).prepared(SMALL)
    with np.errstate(all="ignore"), pytest.warns(insilico.NotConvergedWarning):
        data = insilico.record(model, STIMULI)
    assert not np.isfinite(data["response"]).all()
    assert not data["converged"].any()


def test_a_change_that_drowns_in_the_tolerance_is_refused():
    model = insilico.load_model("mely2018", **NARROW).prepared(SMALL)
    one = StimulusSet.of([STIMULI[0]])
    with pytest.raises(ValueError, match=r"the target changes by .*: influences .* would be wrong"):
        finite_influence(model, one, UNIT, r=1e-12, tol=1e-10, check_stability=False)
