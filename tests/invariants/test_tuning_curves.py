"""A curve shows what was recorded under each condition, those that do not apply among them."""

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico.analysis import tuning_curve
from stimuli import CenterSurround, Grating, StimulusSet

SMALL = {"preparation.shape": (27, 27), "preparation.n_channels": 12}
CENTER = {"orientation": 90, "spatial_frequency": 2, "diameter": 2}


def surrounded(contrast, surround_orientation):
    center = Grating(contrast=contrast, **CENTER)
    if surround_orientation is None:
        return center
    around = Grating(orientation=surround_orientation, spatial_frequency=2, diameter=6, contrast=1)
    return CenterSurround(center=center, surround=around)


def recorded(stimuli):
    """Return a recording whose values are all different, so that none can stand for another."""
    data = insilico.record(insilico.load_model("feedforward", **SMALL), stimuli)
    different = np.arange(data["response"].size, dtype=float).reshape(data["response"].shape)
    return data.assign(response=data["response"].copy(data=different))


@pytest.mark.parametrize("surrounds", [[0.0, 90.0, None], [None, 0.0, 90.0]])
def test_a_curve_of_two_parameters_holds_at_each_condition_what_was_recorded_there(surrounds):
    responses = recorded(StimulusSet.grid(surrounded, contrast=[0.5, 1.0], surround_orientation=surrounds))
    curve = tuning_curve(responses, along="contrast")
    unit = responses["response"].sel(unit=int(curve["unit"]))
    assert curve.sizes == {"contrast": 2, "surround_orientation": 3}
    for row in range(responses.sizes["stimulus"]):
        one = unit.isel(stimulus=row)
        at = {name: float(one[name]) for name in ("contrast", "surround_orientation")}
        assert float(curve.sel(at)) == float(one), at


@pytest.mark.parametrize(
    ("experiment", "along"),
    [
        (protocols.trott_born2015_plaid(), "component_2_orientation"),
        (protocols.trott_born2015_matrix(), "center_orientation"),
    ],
)
def test_curves_of_the_shipped_results_keep_the_centre_alone(experiment, along):
    responses = experiment.run(insilico.load_model("feedforward"))
    curve = tuning_curve(responses, along=along)
    alone = np.isnan(responses["surround_orientation"].values)
    unit = responses["response"].sel(unit=int(curve["unit"]))
    expected = unit.isel(stimulus=alone).values
    assert np.array_equal(curve.sel(surround_orientation=np.nan).values, expected)
    shown = responses["surround_orientation"].values == 60
    column = curve.sel(surround_orientation=60)
    assert np.array_equal(column.values[np.isfinite(column.values)], unit.isel(stimulus=shown).values)


def test_protocol_curves_keep_conditions_that_do_not_apply():
    responses = recorded(StimulusSet.grid(surrounded, contrast=[0.5, 1.0], surround_orientation=[0.0, None]))
    curve = protocols.base.curve_at(responses["response"], 90.0, along=("surround_orientation", "contrast"))
    unit = responses["response"].isel(unit=int(np.flatnonzero(responses["preferred_orientation"] == 90)[0]))
    assert np.array_equal(curve.values, unit.values.reshape(2, 2).T)


def test_text_keeps_the_order_in_which_it_was_shown():
    def grating(aperture, contrast):
        return Grating(aperture=aperture, contrast=contrast, **CENTER)

    stimuli = StimulusSet.grid(grating, aperture=["square", "disc"], contrast=[1.0, 0.5])
    curve = tuning_curve(recorded(stimuli), along="aperture")
    assert curve["aperture"].values.tolist() == ["square", "disc"]
    assert curve["contrast"].values.tolist() == [0.5, 1.0]
    alone = tuning_curve(
        recorded(StimulusSet.grid(lambda aperture: grating(aperture, 1.0), aperture=["square", "disc"])),
        along="aperture",
    )
    assert alone["aperture"].values.tolist() == ["square", "disc"]


def test_several_units_keep_their_dimension():
    responses = recorded(StimulusSet.grid(surrounded, contrast=[0.5, 1.0], surround_orientation=[0.0, None]))
    units = responses["unit"].values[[5, 2]]
    curve = tuning_curve(responses, along="contrast", unit=units)
    assert curve.dims == ("contrast", "surround_orientation", "unit")
    for unit in units:
        assert (
            curve.sel(unit=unit)
            .drop_attrs()
            .equals(tuning_curve(responses, along="contrast", unit=int(unit)).drop_attrs())
        )


def test_conditions_shown_twice_are_refused():
    responses = recorded(StimulusSet.grid(surrounded, contrast=[0.5, 0.5], surround_orientation=[0.0, None]))
    with pytest.raises(ValueError, match="shown twice"):
        tuning_curve(responses, along="contrast")


def test_results_under_perturbations_ask_for_one_of_them():
    experiment = protocols.contrast_response(contrasts=(0.1, 0.3, 0.5, 0.7, 1.0))
    model = insilico.load_model("feedforward", **SMALL)
    silence = insilico.Perturbation(units="output", mode="silence")
    responses = experiment.run(model, perturbations={"silence": silence})
    with pytest.raises(ValueError, match=r"take one, responses\.sel\(perturbation='none'\)"):
        tuning_curve(responses, along="contrast")
    assert float(tuning_curve(responses.sel(perturbation="silence"), along="contrast").max()) == 0


def test_a_derived_curve_is_saved_with_where_it_came_from(tmp_path):
    responses = protocols.surround_orientation().run(insilico.load_model("feedforward", **SMALL))
    curve = tuning_curve(responses, along="surround_orientation")
    loaded = insilico.load_result(insilico.save_result(curve, tmp_path / "curve.nc"))
    assert np.array_equal(loaded["response"].values, curve.values)
    record = insilico.provenance.read_provenance(loaded.attrs)
    assert record["protocol"]["name"] == "surround_orientation"
    assert record["derived"] == ["tuning curve of response along surround_orientation"]


def test_measures_of_a_curve_carry_on_where_it_came_from(tmp_path):
    responses = protocols.size_tuning().run(insilico.load_model("feedforward", **SMALL))
    index = insilico.analysis.suppression_index(tuning_curve(responses, along="diameter"))
    loaded = insilico.load_result(insilico.save_result(index, tmp_path / "index.nc"))
    assert insilico.provenance.read_provenance(loaded.attrs)["derived"][-1] == "suppression index over diameter"


def test_what_lost_its_provenance_is_saved_by_naming_its_source(tmp_path):
    responses = protocols.surround_orientation().run(insilico.load_model("feedforward", **SMALL))
    bare = xr.DataArray([1.0, 2.0], dims="x", attrs={"units": "1"}, name="gain")
    with pytest.raises(ValueError, match="source=responses"):
        insilico.save_result(bare, tmp_path / "bare.nc")
    loaded = insilico.load_result(insilico.save_result(bare, tmp_path / "bare.nc", source=responses))
    assert loaded["gain"].values.tolist() == [1.0, 2.0]
    assert insilico.provenance.read_provenance(loaded.attrs)["protocol"]["name"] == "surround_orientation"
