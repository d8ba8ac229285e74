"""The kernel agrees with the reference, and a frame does not depend on its batch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stimuli
from stimuli import Annulus, Blank, CenterSurround, Gabor, Grating, Plaid, StimulusSet, frames

TOLERANCE = {
    "float32": 1e-6,  # three roundings of 6e-8 per component
    "float64": 1e-12,  # products of short tables instead of one cosine for each pixel
}
DISPLAY = stimuli.Display(size_px=(75, 93), ppd=11.3, allow_undersampling=True)  # of harmonics of square waves
TIMES = [0.0, 0.013, 0.4, 2.5]


def grating(**fields):
    return Grating(**({"orientation": 30, "spatial_frequency": 2} | fields))


SCENES = {
    "blank": Blank(),
    "full grating": grating(phase=77, contrast=0.4),
    "drifting disc": grating(diameter=4, edge_width=0.7, temporal_frequency=3.3, position=(0.5, -0.4)),
    "counterphase square wave": grating(waveform="square", temporal_frequency=2, modulation="counterphase", phase=10),
    "drifting square wave": grating(waveform="square", temporal_frequency=-7, aperture="square", diameter=5),
    "square wave on its edges": grating(orientation=0, waveform="square", phase=90, spatial_frequency=1),
    "counterphase": grating(orientation=-500, temporal_frequency=5, modulation="counterphase", phase=33),
    "gabor": Gabor(orientation=111, spatial_frequency=4, sigma=0.4, position=(1, 1), temporal_frequency=1),
    "plaid": Plaid(orientation=5, mask_orientation=95, spatial_frequency=1, mask_temporal_frequency=4, diameter=6),
    "centre and surround": CenterSurround(
        center=grating(diameter=2, edge_width=0.4), surround=grating(orientation=0, temporal_frequency=2)
    ),
    "annulus": Annulus(inner_diameter=2, outer_diameter=5, orientation=60, spatial_frequency=3, aperture="square"),
    "sum": grating(contrast=0.3, diameter=3) + grating(contrast=0.3, waveform="square") + Blank(),
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("times", [None, TIMES], ids=["still", "movie"])
def test_the_kernel_agrees_with_the_reference(dtype, times):
    everything = StimulusSet.of(SCENES.values(), scene=list(SCENES))
    fast = everything.render(DISPLAY, times, dtype=dtype)
    reference = everything.render(DISPLAY, times, dtype="float64", backend="numpy")
    assert fast.dtype == dtype
    np.testing.assert_allclose(fast, reference, atol=TOLERANCE[dtype], rtol=0)


def test_the_reference_is_the_contrast_image():
    for name, scene in SCENES.items():
        movie = stimuli.render(scene, DISPLAY, TIMES, dtype="float64", backend="numpy")
        for t, frame in zip(TIMES, movie[0], strict=True):
            np.testing.assert_array_equal(frame, scene.contrast_image(DISPLAY, t), err_msg=name)


@settings(deadline=None, max_examples=30)
@given(
    orientation=st.floats(-1000, 1000),
    spatial_frequency=st.floats(0.01, 5.6),
    phase=st.floats(-1000, 1000),
    temporal_frequency=st.floats(-30, 30),
    position=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    waveform=st.sampled_from(["sine", "square"]),
)
def test_the_kernel_agrees_with_the_reference_anywhere(**fields):
    shown = Grating(**fields)
    fast, slow = (
        stimuli.render(shown, DISPLAY, [0.0, 0.31], dtype="float64", backend=b) for b in frames.BACKENDS
    )  # fmt: skip
    differs = np.abs(fast - slow).to_numpy() > 1e-11
    if fields["waveform"] == "square":  # a pixel within rounding of an edge may fall on either side of its 1e-9 band
        assert differs.mean() < 1e-3
    else:
        assert not differs.any()


@pytest.mark.parametrize("times", [None, TIMES])
def test_frames_are_identical_whatever_the_batch(times):
    everything = StimulusSet.of(SCENES.values())
    whole = everything.render(DISPLAY, times).to_numpy()
    for n in (1, 5):
        parts = [batch.render(DISPLAY, times).to_numpy() for batch in everything.batches(n)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
    backwards = everything[::-1].render(DISPLAY, times).to_numpy()
    np.testing.assert_array_equal(backwards[::-1], whole)


def test_frames_are_identical_whatever_the_chunk_and_the_movie(monkeypatch):
    everything = StimulusSet.of(SCENES.values())
    whole = everything.render(DISPLAY, TIMES).to_numpy()
    monkeypatch.setattr(frames, "WINDOW_BYTES", 1)  # one stimulus at a time
    np.testing.assert_array_equal(everything.render(DISPLAY, TIMES), whole)
    np.testing.assert_array_equal(everything.render(DISPLAY, TIMES[2:]), whole[:, 2:])


def test_rendering_leaves_nothing_from_memory_that_was_not_cleared():
    shown = StimulusSet.of([Blank(), grating(diameter=1)])
    assert not shown.render(DISPLAY).to_numpy()[0].any()
    assert shown.render(DISPLAY).to_numpy()[1, 0, 0] == 0


def test_frames_are_labelled():
    shown = StimulusSet.grid(
        lambda orientation, contrast: grating(orientation=orientation, contrast=contrast),
        orientation=[0, 45],
        contrast=[0.1, 0.2, 0.3],
    )
    movie = shown.render(DISPLAY, TIMES)
    assert movie.dims == ("stimulus", "time", "y", "x")
    assert movie.sizes == {"stimulus": 6, "time": 4, "y": 75, "x": 93}
    assert movie.attrs == {"units": "1", "long_name": "signed contrast"}
    assert {name: movie[name].attrs["units"] for name in movie.coords} == {
        "orientation": "deg", "contrast": "1", "time": "s", "x": "deg", "y": "deg",
    }  # fmt: skip
    np.testing.assert_array_equal(movie.x, DISPLAY.grid()[0])
    np.testing.assert_array_equal(movie.y, DISPLAY.grid()[1])
    np.testing.assert_array_equal(movie.contrast, [0.1, 0.2, 0.3] * 2)
    assert shown.render(DISPLAY).dims == ("stimulus", "y", "x")


def test_a_single_stimulus_is_a_set_of_one():
    assert stimuli.render(grating(), DISPLAY).shape == (1, 75, 93)


def test_frames_survive_a_file(tmp_path):
    import xarray as xr

    frames_ = StimulusSet.of(SCENES.values(), scene=list(SCENES)).render(DISPLAY).rename("frames")
    frames_.to_netcdf(tmp_path / "frames.nc", engine="h5netcdf")
    with xr.open_dataarray(tmp_path / "frames.nc", engine="h5netcdf") as back:
        xr.testing.assert_identical(back.load(), frames_)


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"dtype": "float16"}, ValueError, "no dtype 'float16'.*Known: float32, float64"),
        ({"backend": "nunba"}, ValueError, "Did you mean 'numba'"),
        ({"times": [0, np.nan]}, ValueError, "finite numbers of seconds"),
        ({"times": 0.5}, ValueError, "a list of finite numbers"),
        ({"times": []}, ValueError, "a list of finite numbers"),
    ],
)
def test_a_rendering_that_means_nothing_is_refused(fields, error, says):
    with pytest.raises(error, match=says):
        stimuli.render(grating(), DISPLAY, **fields)


def test_only_stimuli_are_rendered():
    with pytest.raises(TypeError, match="must be a StimulusSet or an AbstractStimulus"):
        stimuli.render([grating()], DISPLAY)
