"""What holds for every protocol on every model, whatever the batch, and on disk."""

import json

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from stimuli import Grating, StimulusSet

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 12}


def small(name, **changes):
    parameters = "minimal" if name == "contextual" else None  # whose rings fit on the small sheet
    return insilico.load_model(name, parameters, **{**SMALL, **changes})


def sweep(n=5):
    return StimulusSet.grid(
        lambda orientation: Grating(orientation=orientation, spatial_frequency=2, diameter=2),
        orientation=np.linspace(0, 150, n),
    )


INFLUENCE = ("chettih_harvey2019", "influence_mapping", "mask_optimisation")  # record pairs of units, not units


@pytest.mark.parametrize("name", [n for n in protocols.list_protocols() if n not in INFLUENCE])
@pytest.mark.parametrize("model", insilico.list_models())
def test_every_protocol_runs_on_every_model(name, model):
    experiment = protocols.protocol_named(name)
    responses = experiment.run(small(model))
    assert responses["response"].dims == ("stimulus", "unit")
    assert responses["drive"].dims == ("stimulus", "unit")
    assert bool(responses["converged"].all())
    for variable, values in responses.variables.items():
        assert values.attrs.get("units"), variable
    undefined = {f.name for f in experiment.findings(responses) if not np.isfinite(f.value) and f.data is not None}
    assert undefined <= {"tilt_zero"}  # a curve without attraction does not cross zero
    record = json.loads(responses.attrs["provenance"])
    assert record["protocol"]["name"] == name
    assert record["model"]["name"] == model
    assert record["protocol"]["spatial_frequency"] == 2.0
    assert record["versions"]["numpy"] == np.__version__
    assert record["seed"] == 0


@pytest.mark.parametrize("name", ["busse2009", "size_tuning"])
def test_responses_survive_netcdf(tmp_path, name):
    experiment = protocols.protocol_named(name)
    responses = experiment.run(small("mely2018"))
    loaded = insilico.load_result(insilico.save_result(responses, tmp_path / "result.nc"))
    xr.testing.assert_identical(responses, loaded)
    assert [f.value for f in experiment.findings(loaded)] == [f.value for f in experiment.findings(responses)]
    assert loaded["response"].attrs["units"] == "1"
    assert not list(tmp_path.glob("*.part"))


def test_a_comparison_from_disk_is_that_from_memory(tmp_path):
    experiment = protocols.busse2009()
    responses = experiment.run(small("feedforward"))
    path = insilico.save_result(responses, tmp_path / "result.nc")
    first, second = (experiment.compare(r, seed=3).score() for r in (responses, insilico.load_result(path)))
    assert first == second


@pytest.mark.parametrize("model", insilico.list_models())
@pytest.mark.parametrize("encoder", ["population", "energy"])
def test_the_batch_never_changes_a_response(model, encoder):
    subject = small(model, encoder=encoder)
    display = protocols.OrientationTuning().display(subject.preparation)
    whole, pairs = (insilico.record(subject, sweep(), display, batch=b) for b in (16, 2))
    assert np.array_equal(whole["response"].values, pairs["response"].values)
    assert np.array_equal(whole["residual"].values, pairs["residual"].values)


@pytest.mark.parametrize("model", insilico.list_models())
def test_every_model_keeps_the_contract(model):
    insilico.check_model(small(model), sweep(3))


def test_a_model_that_forgets_its_labels_breaks_the_contract():
    class Unlabelled:
        def __init__(self):
            self._model = small("feedforward")

        def __getattr__(self, name):
            return getattr(self._model, name)

        def respond(self, drive, *, recording=insilico.Recording()):
            return self._model.respond(drive, recording=recording).rename(unit="neuron")

    with pytest.raises(insilico.contract.ContractError, match="dims"):
        insilico.check_model(Unlabelled(), sweep(2))


def test_recording_more_cells_contains_the_centre_column():
    subject = small("mely2018")
    center = insilico.record(subject, sweep())
    row = insilico.record(subject, sweep(), recording=insilico.Recording(cells="row", populations=("input", "output")))
    assert row.sizes["unit"] == 2 * 31 * 12
    assert np.array_equal(row["response"].sel(unit=center["unit"]).values, center["response"].values)
    assert set(np.unique(row["population"])) == {"input", "output"}
    some = insilico.record(subject, sweep(), recording=insilico.Recording(cells=((15, 15), (0, 3))))
    assert np.array_equal(some["response"].sel(unit=center["unit"]).values, center["response"].values)


def test_a_time_course_ends_in_the_steady_state():
    subject = small("mely2018")
    steady = insilico.record(subject, sweep(2))
    course = insilico.record(subject, sweep(2), recording=insilico.Recording(window=(0, 600), cadence=60))
    assert course["response"].dims == ("stimulus", "time", "unit")
    assert float(course["response"].isel(time=0).max()) == 0.0  # from rest
    assert np.allclose(course["response"].isel(time=-1).values, steady["response"].values, atol=1e-5)


def test_cadence_does_not_change_the_sampled_response():
    subject = small("mely2018")
    fine, coarse = (
        insilico.record(subject, sweep(2), recording=insilico.Recording(window=(0, 24), cadence=c)) for c in (2, 8)
    )
    common = fine["response"].sel(time=coarse["time"])
    assert np.allclose(common.values, coarse["response"].values, atol=1e-12)


@pytest.mark.parametrize("model", insilico.list_models())
def test_silencing_the_output_silences_the_response(model):
    silent = small(model).perturbed(insilico.Perturbation(units="output", mode="silence"))
    assert float(abs(insilico.record(silent, sweep(2))["response"]).max()) == 0.0


def test_a_windowed_perturbation_leaves_everything_before_it_unchanged():
    subject = small("mely2018")
    ids = insilico.unit_ids((31, 31, 12), population="output", y=15, x=15)
    pulse = insilico.Perturbation(units=ids, mode="clamp", value=2.0, window=(12.0, 24.0))
    request = insilico.Recording(window=(0, 60), cadence=3)
    free = insilico.record(subject, sweep(2), recording=request)["response"]
    lit = insilico.record(subject.perturbed(pulse), sweep(2), recording=request)["response"]
    assert np.array_equal(free.sel(time=slice(0, 12)).values, lit.sel(time=slice(0, 12)).values)
    assert np.all(lit.sel(time=slice(15, 24)).values == 2.0)
    assert not np.array_equal(free.sel(time=60).values, lit.sel(time=60).values)


def test_a_driven_neighbour_is_heard_inside_the_integration():
    subject = small("mely2018")
    ids = insilico.unit_ids((31, 31, 12), population="output", y=15, x=3)
    driven = subject.perturbed(insilico.Perturbation(units=ids, mode="drive", value=5.0))
    free, lit = (insilico.record(m, sweep(2))["response"].values for m in (subject, driven))
    assert lit.max() < free.max()  # far cells suppress through T


def test_unit_ids_of_the_table_are_those_of_the_perturbations():
    subject = small("mely2018")
    table = subject.units
    ids = insilico.unit_ids((31, 31, 12), population="output", y=4, x=7, feature=3)
    picked = table.sel(unit=list(ids))
    assert (int(picked["row"][0]), int(picked["column"][0]), int(picked["channel"][0])) == (4, 7, 3)
    assert str(picked["population"].values[0]) == "output"
    assert float(picked["preferred_orientation"][0]) == 45.0


def test_models_are_never_changed_by_what_is_done_with_them():
    subject = small("mely2018")
    before = json.dumps(subject.spec(), sort_keys=True, default=str)
    experiment = protocols.busse2009()
    experiment.run(subject.perturbed(insilico.Lesion("T")))
    assert json.dumps(subject.spec(), sort_keys=True, default=str) == before


def test_a_parameter_set_overrides_fields_of_a_named_preparation_and_the_user_all():
    experiment = protocols.busse2009()
    shipped = insilico.load_model("normalization").prepared(experiment.preparation).preparation
    assert shipped.tuning_width == 0.6943
    mine = insilico.load_model("normalization", **{"preparation.tuning_width": 1.1})
    assert mine.prepared(experiment.preparation).preparation.tuning_width == 1.1
    assert insilico.load_model("mely2018").prepared(experiment.preparation).preparation.tuning_width == 1.0


def test_a_response_that_has_not_converged_says_so_wherever_it_is_shown():
    unstable = small("mely2018", alpha=0, beta=0, mu=7, nu=7, gamma=7, delta=7)
    experiment = protocols.SurroundOrientation(orientations=(0.0, 90.0))
    with pytest.warns(insilico.NotConvergedWarning, match="did not converge"):
        responses = experiment.run(unstable)
    assert not bool(responses["converged"].all())


def test_tuning_curves_keep_every_label():
    responses = protocols.SizeTuning(contrasts=(0.1, 0.5, 1.0), diameters=(0.5, 1.0, 2.0)).run(small("mely2018"))
    curve = insilico.analysis.tuning_curve(responses, along="diameter")
    assert curve.dims == ("diameter", "contrast")
    assert curve["diameter"].attrs["units"] == "deg"
    best = responses["response"].sel(unit=int(curve["unit"]))
    assert float(curve.sel(diameter=2.0, contrast=0.5)) == float(
        best.values[(responses["diameter"].values == 2.0) & (responses["contrast"].values == 0.5)][0]
    )


def test_interpolation_over_preferences_wraps_and_merges_duplicates():
    preferred = np.array([-45.0, 0.0, 45.0, 90.0, 135.0])  # the ends are one preference
    data = xr.DataArray(
        [[1.0, 2.0, 3.0, 4.0, 3.0]],
        dims=("stimulus", "unit"),
        coords={"preferred_orientation": ("unit", preferred, {"units": "deg"})},
    )
    found = insilico.analysis.at_preference(data, np.array([-45, 135, 22.5, 112.5, 180]))
    assert found.values[0].tolist() == [2.0, 2.0, 2.5, 3.0, 2.0]
