"""Sets keep order and labels."""

import json

import numpy as np
import pytest
import xarray as xr

from stimuli import Blank, Grating, StimulusSet


def grating(**fields):
    return Grating(**({"orientation": 30, "spatial_frequency": 2} | fields))


def of_orientation(orientation):
    return grating(orientation=orientation)


GRID = StimulusSet.grid(
    lambda orientation, contrast, shape: grating(orientation=orientation, contrast=contrast, aperture=shape),
    orientation=range(0, 90, 30),
    contrast=np.array([0.1, 0.5]),
    shape=["disc", "square"],
)


def test_the_first_axis_of_a_grid_is_the_slowest():
    assert len(GRID) == 12
    assert GRID.parameters["orientation"].to_numpy().tolist() == [0] * 4 + [30] * 4 + [60] * 4
    assert GRID.parameters["contrast"].to_numpy().tolist() == [0.1, 0.1, 0.5, 0.5] * 3
    assert GRID.parameters["shape"].to_numpy().tolist() == ["disc", "square"] * 6
    for i, stimulus in enumerate(GRID):
        labels = GRID.parameters.isel(stimulus=i)
        assert stimulus.orientation == labels["orientation"]
        assert stimulus.contrast == labels["contrast"]
        assert stimulus.aperture == labels["shape"]


def test_parameters_are_plain_coordinates_along_stimulus():
    parameters = GRID.parameters
    assert not parameters.data_vars
    assert not parameters.indexes
    assert all(column.dims == ("stimulus",) for column in parameters.coords.values())
    assert parameters["orientation"].dtype == np.float64
    assert parameters["shape"].dtype.kind == "U"


def test_a_grid_can_be_unstacked():
    index = GRID.parameters.assign(number=("stimulus", np.arange(12)))
    table = index.set_index(stimulus=["orientation", "contrast", "shape"]).unstack("stimulus")
    assert table["number"].sizes == {"orientation": 3, "contrast": 2, "shape": 2}
    assert int(table["number"].sel(orientation=30, contrast=0.5, shape="disc")) == 6


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("orientation", "deg"), ("surround_orientation", "deg"), ("direction", "deg"), ("mask_phase", "deg"),
        ("inner_diameter", "deg"), ("gap", "deg"), ("size", "deg"), ("position_x", "deg"), ("edge_width", "deg"),
        ("mask_contrast", "1"), ("spatial_frequency", "cycles/deg"), ("mask_spatial_frequency", "cycles/deg"),
        ("temporal_frequency", "Hz"), ("anything", "1"),
    ],
)  # fmt: skip
def test_units_follow_from_names(name, unit):
    shown = StimulusSet.of([grating()], **{name: [1]})
    assert shown.parameters[name].attrs == {"units": unit}
    assert StimulusSet.of([grating()], units={name: "m"}, **{name: [1]}).parameters[name].attrs == {"units": "m"}


def test_zip_pairs_the_axes():
    shown = StimulusSet.zip(
        lambda orientation, contrast: grating(orientation=orientation, contrast=contrast),
        orientation=[0, 10],
        contrast=[0.3, 0.2],
    )
    assert [(s.orientation, s.contrast) for s in shown] == [(0, 0.3), (10, 0.2)]


def test_a_sum_of_sets_has_the_union_of_their_parameters():
    first = StimulusSet.grid(of_orientation, orientation=[0, 90])
    second = StimulusSet.of([Blank(), grating()], kind=["blank", "other"], contrast=[0, 1])
    both = first + second
    assert len(both) == 4
    assert list(both) == [*first, *second]
    np.testing.assert_array_equal(both.parameters["orientation"], [0, 90, np.nan, np.nan])
    np.testing.assert_array_equal(both.parameters["contrast"], [np.nan, np.nan, 0, 1])
    assert both.parameters["kind"].to_numpy().tolist() == ["", "", "blank", "other"]
    assert both.parameters["orientation"].attrs == {"units": "deg"}


def test_adding_sets_is_associative():
    a, b, c = (StimulusSet.of([grating()], **{name: [value]}) for name, value in [("p", 1), ("q", "x"), ("p", 2)])
    xr.testing.assert_identical(((a + b) + c).parameters, (a + (b + c)).parameters)


def test_indexing_gives_a_stimulus_and_slicing_a_set():
    assert GRID[-1] == list(GRID)[-1]
    part = GRID[2:8:3]
    assert list(part) == [GRID[2], GRID[5]]
    xr.testing.assert_identical(part.parameters, GRID.parameters.isel(stimulus=slice(2, 8, 3)))


def test_batches_are_the_set_in_order():
    batches = list(GRID.batches(5))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    xr.testing.assert_identical((batches[0] + batches[1] + batches[2]).parameters, GRID.parameters)
    with pytest.raises(ValueError, match="at least 1"):
        next(GRID.batches(0))


def test_a_set_cannot_be_changed_through_its_parameters():
    with pytest.raises(ValueError, match="read-only"):
        GRID.parameters["contrast"][0] = 7
    parameters = GRID.parameters
    parameters["contrast"].attrs["units"] = "nonsense"
    assert GRID.parameters["contrast"].attrs["units"] == "1"
    assert GRID.parameters["contrast"][0] == 0.1


def test_none_means_does_not_apply():
    shown = StimulusSet.grid(lambda diameter: grating(diameter=diameter), diameter=[1, None])
    np.testing.assert_array_equal(shown.parameters["diameter"], [1, np.nan])


def test_the_specification_of_a_set_is_json():
    both = GRID + StimulusSet.of([Blank()], extra=[3])
    spec = json.loads(json.dumps(both.spec(), allow_nan=False))
    assert spec == both.spec()
    assert len(spec["stimuli"]) == 13
    assert spec["parameters"]["extra"] == {"values": [None] * 12 + [3], "units": "1"}


def test_a_set_names_its_parameters():
    assert repr(GRID).splitlines()[:2] == ["StimulusSet of 12", "  orientation [deg]: 0, 30, 60"]


def test_parameters_survive_a_file(tmp_path):
    GRID.parameters.to_netcdf(tmp_path / "set.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "set.nc", engine="h5netcdf") as back:
        xr.testing.assert_identical(back.load(), GRID.parameters)


@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (lambda: StimulusSet.grid(of_orientation), ValueError, "no axis was given"),
        (lambda: StimulusSet.grid(of_orientation, orientation=[]), ValueError, "orientation has no values"),
        (lambda: StimulusSet.grid(of_orientation, orientation=3), TypeError, "a sequence of values is needed"),
        (lambda: StimulusSet.grid(of_orientation, orientation="30"), TypeError, "a sequence of values is needed"),
        (lambda: StimulusSet.grid(lambda x: grating(orientation=x), x=[1]), ValueError, "the name of a dimension"),
        (lambda: StimulusSet.grid(lambda a: a, a=[1]), TypeError, r"stimuli\[0\] = 1"),
        (lambda: StimulusSet.grid(of_orientation, orientation=[1, "a"]), TypeError, "numbers only or strings only"),
        (lambda: StimulusSet.grid(of_orientation, orientation=[[1, 2]]), TypeError, "numbers only or strings only"),
        (lambda: StimulusSet.grid(of_orientation, orientation=[0], units={"o": "deg"}), ValueError, "is no axis"),
        (lambda: StimulusSet.zip(grating, phase=[1], contrast=[1, 1]), ValueError, "equally many.*Use grid"),
        (lambda: StimulusSet.of([]), ValueError, "at least one"),
        (lambda: StimulusSet.of(grating()), TypeError, "Put one in a list"),
        (lambda: StimulusSet.of([grating()], a=[1, 2]), ValueError, "2 values for 1 stimuli"),
        (lambda: GRID[3:3], ValueError, "at least one"),
        (lambda: GRID + StimulusSet.of([grating()], orientation=["a"], units={"orientation": "deg"}), ValueError,
         "text in one set"),
        (lambda: GRID + StimulusSet.of([grating()], orientation=[1], units={"orientation": "rad"}), ValueError,
         "'deg' and 'rad'"),
        (lambda: GRID + grating(), TypeError, "unsupported operand"),
    ],
)  # fmt: skip
def test_a_set_that_means_nothing_is_refused(build, error, says):
    with pytest.raises(error, match=says):
        build()


def test_an_error_of_the_factory_says_for_which_values():
    with pytest.raises(ValueError, match="contrast is 2") as caught:
        StimulusSet.grid(lambda contrast: grating(contrast=contrast), contrast=[1, 2])
    assert caught.value.__notes__ == ["while building the stimulus of {'contrast': 2}"]
