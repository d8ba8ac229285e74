"""What the mechanisms contribute sums to what the equations say."""

import numpy as np
import pytest

import insilico
from insilico.plotting import contributions
from stimuli import Grating, StimulusSet

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 12}
BOTH = {"populations": ("input", "output"), "mechanisms": True}


def small(name):
    return insilico.load_model(name, "minimal" if name == "contextual" else None, **SMALL)


def shown():
    return StimulusSet.of([Grating(orientation=angle, spatial_frequency=2, diameter=2) for angle in (0, 30)])


@pytest.mark.parametrize("name", ["mely2018", "contextual"])
def test_at_the_fixed_point_the_contributions_balance_the_leak(name):
    model = small(name)
    data = insilico.record(model, shown(), recording=insilico.Recording(cells=((15, 15), (13, 12)), **BOTH))
    assert data["contribution"].dims == ("stimulus", "mechanism", "unit")
    p = model.effective_parameters
    leak = np.where(data["population"] == "input", p.epsilon**2, p.sigma**2)
    given = np.maximum(data["contribution"].sum("mechanism"), 0)
    assert np.abs(given - leak * data["response"]).max() < 1e-8  # tau times the residual
    assert float(data["response"].max()) > 0.5


def test_over_time_the_contributions_drive_the_response():
    model, step = small("contextual"), 0.125
    recording = insilico.Recording(window=(0, 3), cadence=step, **BOTH)
    data = insilico.record(model, shown(), recording=recording)
    assert data["contribution"].dims == ("stimulus", "time", "mechanism", "unit")
    output = data.isel(unit=np.flatnonzero(data["population"] == "output"))
    p = model.effective_parameters
    rate = (np.maximum(output["contribution"].sum("mechanism"), 0) - p.sigma**2 * output["response"]) / p.tau
    moved = np.diff(output["response"].transpose("stimulus", "time", "unit"), axis=1) / step
    between = (rate.values[:, 1:] + rate.values[:, :-1]) / 2
    assert np.abs(moved - between).max() < 0.02 * np.abs(moved).max()  # a step of 1/8 of the unit of time


@pytest.mark.parametrize(
    ("lesion", "terms"), [("P", ["gamma P"]), ("Q", ["delta Q"]), ("T", ["beta I T", "nu T"]), ("U", ["mu U"])]
)
def test_a_lesioned_mechanism_contributes_nothing(lesion, terms):
    recording = insilico.Recording(**BOTH)
    intact = insilico.record(small("mely2018"), shown(), recording=recording)["contribution"]
    without = insilico.record(small("mely2018").perturbed(insilico.Lesion(lesion)), shown(), recording=recording)
    for term in terms:
        assert np.abs(intact.sel(mechanism=term)).max() > 0
        assert not without["contribution"].sel(mechanism=term).any()


def test_only_mechanisms_of_recorded_populations_and_of_the_circuit_are_listed():
    data = insilico.record(small("mely2018"), shown(), recording=insilico.Recording(mechanisms=True))
    assert data["mechanism"].values.tolist() == ["zeta I", "gamma P", "delta Q"]
    data = insilico.record(small("contextual"), shown(), recording=insilico.Recording(**BOTH))
    assert data["mechanism"].values.tolist() == [m.term for m in small("contextual").circuit.mechanisms]
    assert {"gO N", "thO"} < set(data["mechanism"].values.tolist())


@pytest.mark.parametrize("name", ["feedforward", "normalization", "linear"])
def test_other_circuits_refuse_by_name(name):
    model = insilico.load_model(name, **SMALL)
    with pytest.raises(ValueError, match=f"{name} does not tell its mechanisms apart; mely2018 and contextual do"):
        insilico.record(model, shown(), recording=insilico.Recording(mechanisms=True))


def test_mechanisms_must_be_true_or_false():
    with pytest.raises(TypeError, match="must be True or False"):
        insilico.Recording(mechanisms="P")


def test_contributions_survive_netcdf_and_are_drawn(tmp_path):
    recording = insilico.Recording(window=(0, 9), **BOTH)
    data = insilico.record(small("mely2018"), shown(), recording=recording)
    loaded = insilico.load_result(insilico.save_result(data, tmp_path / "result.nc"))
    assert loaded.identical(data)
    assert len(contributions(loaded).axes) == 2
    steady = insilico.record(small("mely2018"), shown(), recording=insilico.Recording(mechanisms=True))
    assert len(contributions(steady, stimulus=1).axes) == 1


def test_a_figure_without_contributions_says_how_to_record_them():
    with pytest.raises(ValueError, match=r"Recording\(mechanisms=True\)"):
        contributions(insilico.record(small("mely2018"), shown()))
