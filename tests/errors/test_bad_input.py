"""Bad input gets the value, what is allowed and the remedy; never a wrong answer."""

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from stimuli import Display, Grating, StimulusSet

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 12}


def one(**changes):
    return StimulusSet.of([Grating(**{"orientation": 0, "spatial_frequency": 2, "diameter": 2, **changes})])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: insilico.load_model("mely"), "no model 'mely'"),
        (lambda: insilico.load_model("mely2018", epsilon=0), r"epsilon = 0\.0: must be finite and > 0"),
        (lambda: insilico.load_model("mely2018", eta=-1), "eta = -1"),
        (lambda: insilico.load_model("mely2018", srf=9), "srf < ssn < ssf"),
        (lambda: insilico.load_model("normalization", c50=2), "c50 = 2.0"),
        (lambda: insilico.load_model("mely2018").perturbed("T"), "insilico.Lesion"),
        (lambda: insilico.load_model("mely2018").perturbed(insilico.Lesion("R")), "no lesion of mely2018 'R'"),
        (lambda: insilico.load_reference("busse"), "Did you mean 'busse2009'"),
        (lambda: insilico.Preparation(feature="colour"), "no feature 'colour'"),
        (lambda: insilico.Preparation(spacing="odd"), "no spacing 'odd'"),
        (lambda: insilico.Preparation(n_channels=1), "n_channels = 1"),
        (lambda: insilico.Preparation(feature="spatial_frequency"), "needs a domain"),
        (lambda: insilico.Preparation(domain=(0, 1)), "takes no domain"),
        (lambda: insilico.Preparation(surround_diameter=1.0), "not larger than center_diameter"),
        (lambda: insilico.Sheet(boundary="mirror"), "no boundary 'mirror'"),
        (lambda: insilico.Sheet(shape=(0, 5)), "shape = 0: must be 1 or more"),
        (lambda: insilico.Recording(cells="centre"), "Did you mean 'center'"),
        (lambda: insilico.Recording(populations="output"), "must be a sequence, each text"),
        (lambda: insilico.Recording(window=(5, 2)), "start < stop"),
        (lambda: insilico.EnergyModel(preparation=insilico.Preparation(feature="direction")), "orientation"),
        (lambda: protocols.busse2009(geometry="hex"), "no geometry"),
        (lambda: protocols.SizeTuning().with_settings(contrast=1), "Did you mean 'contrasts'"),
    ],
)
def test_construction(make, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda m: insilico.record(m, one(), recording=insilico.Recording(cells=((40, 0),))), "lies off the sheet"),
        (lambda m: insilico.record(m, one(), recording=insilico.Recording(populations=("O",))), "no population 'O'"),
        (lambda m: insilico.record(m, one(), batch=0), "batch = 0"),
        (
            lambda m: insilico.record(m, StimulusSet.of(list(one()), residual=[1.0])),
            "'residual' is a name that responses use",
        ),
        (
            lambda m: insilico.record(m.perturbed(insilico.Perturbation(units=(10**9,), mode="silence")), one()),
            "unit 1000000000 does not exist",
        ),
        (
            lambda m: insilico.record(
                m.perturbed(insilico.Perturbation(units="output", mode="clamp", value=1.0, window=(0, 9))), one()
            ),
            "steady state needs window",
        ),
        (lambda m: insilico.record(insilico.load_model("feedforward", encoder="energy"), one()), "sees frames"),
        (
            lambda m: insilico.record(
                insilico.load_model("feedforward", encoder="energy"), one(), Display(size_px=(64, 64), ppd=16)
            ),
            "enlarge size_px",
        ),
        (
            lambda m: insilico.record(
                insilico.load_model("feedforward", encoder="energy"), one(), Display(size_px=(90, 90), ppd=4)
            ),
            "shows less than 2",
        ),
    ],
)
def test_recording(make, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        make(insilico.load_model("mely2018", **SMALL))


def test_a_direction_population_refuses_a_static_grating():
    model = insilico.load_model("feedforward", **{"preparation.feature": "direction"})
    with pytest.raises(ValueError, match="direction"):
        insilico.record(model, one())
    drifting = insilico.record(model, one(temporal_frequency=2.0))
    best = int(np.argmax(drifting["response"].values[0]))
    assert float(drifting["preferred_direction"][best]) == 90.0


def test_responses_of_another_experiment_are_not_compared():
    responses = protocols.SizeTuning(contrasts=(1.0,), diameters=(1.0, 2.0)).run(insilico.load_model("feedforward"))
    with pytest.raises(ValueError, match="are of size_tuning, not of busse2009"):
        protocols.busse2009().compare(responses)


def test_responses_without_their_conditions_units_or_dims_are_not_compared():
    experiment = protocols.busse2009()
    responses = experiment.run(insilico.load_model("feedforward"))
    with pytest.raises(ValueError, match="no stimulus with contrast_1"):
        experiment.compare(responses.isel(stimulus=slice(0, 20)))
    wrong = responses.assign(response=responses["response"].assign_attrs(units="spikes/s"))
    with pytest.raises(ValueError, match="'spikes/s'"):
        experiment.compare(wrong)
    with pytest.raises(ValueError, match="has dims"):
        experiment.compare(responses.assign(response=responses["response"].isel(unit=0, drop=True)))
    elsewhere = experiment.run(insilico.load_model("feedforward"), recording=insilico.Recording(cells=((0, 0),)))
    with pytest.raises(ValueError, match="output column at the sheet's centre was not recorded"):
        experiment.compare(elsewhere)


def test_files_that_are_not_ours_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        insilico.load_result(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("not netCDF")
    with pytest.raises(ValueError, match="not a netCDF file"):
        insilico.load_result(tmp_path / "text.nc")
    xr.Dataset({"t": ("x", np.arange(3.0))}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="was not written by this package"):
        insilico.load_result(tmp_path / "other.nc")


def test_a_result_is_saved_whole_or_not_at_all(tmp_path):
    responses = insilico.record(insilico.load_model("feedforward"), one())
    bare = responses.assign(extra=("stimulus", [1.0]))
    with pytest.raises(ValueError, match="'extra' has no units"):
        insilico.save_result(bare, tmp_path / "r.nc")
    bad = responses.assign(extra=("stimulus", np.array([object()]), {"units": "1"}))
    with pytest.raises((ValueError, TypeError), match="object"):
        insilico.save_result(bad, tmp_path / "r.nc")
    assert list(tmp_path.iterdir()) == []


def test_measures_refuse_what_they_cannot_measure():
    responses = insilico.record(insilico.load_model("feedforward"), one())
    with pytest.raises(ValueError, match="no stimulus parameter 'contrast'"):
        insilico.analysis.tuning_curve(responses, along="contrast")
    with pytest.raises(ValueError, match="has dims"):
        insilico.analysis.fit_von_mises(responses["response"])
    row = insilico.record(insilico.load_model("feedforward"), one(), recording=insilico.Recording(cells="row"))
    with pytest.raises(ValueError, match="several values of 'column'"):
        insilico.analysis.at_preference(row["response"], np.array([0.0]))
