"""What a display cannot show is refused or warned of by name: off the screen, too fast, too fine, too much memory."""

import dataclasses
import math

import numpy as np
import pytest

import stimuli
from stimuli import AliasingWarning, Annulus, Display, Gabor, Grating, OffScreenWarning, StimulusSet, limits, memory

DISPLAY = Display(size_px=(64, 96), ppd=16)  # 6 deg wide, 4 deg high
BOTH = pytest.mark.parametrize("backend", ["numba", "numpy"])


def grating(**fields):
    return Grating(**({"orientation": 0, "spatial_frequency": 2} | fields))


@BOTH
@pytest.mark.parametrize(
    ("stimulus", "beyond"),
    [
        (grating(diameter=2, position=(2.5, 0)), "0.5 deg beyond"),
        (grating(diameter=2, position=(0, -1.5), aperture="square"), "0.5 deg beyond"),
        (grating(diameter=3.8, edge_width=1), "0.4 deg beyond"),
        (
            Gabor(orientation=0, spatial_frequency=2, sigma=0.5, position=(2, 1)),
            "Gaussian of sigma 0.5.*0.5 deg beyond",
        ),
    ],
    ids=["right", "below", "ramp", "gabor"],
)
def test_a_stimulus_partly_off_the_screen_is_warned_of(stimulus, beyond, backend):
    with pytest.warns(OffScreenWarning, match=f"{beyond}.*cropped; the display is 6 deg wide and 4 deg high"):
        frames = stimuli.render(stimulus, DISPLAY, backend=backend)
    assert frames.to_numpy().any()
    with pytest.warns(OffScreenWarning, match=beyond):
        stimulus.contrast_image(DISPLAY)


@BOTH
@pytest.mark.parametrize(
    "stimulus",
    [
        grating(diameter=2, position=(4.0, 0)),
        grating(diameter=2, position=(3.8, 2.8)),  # its bounding square reaches the corner, the disc does not
        grating(diameter=2, position=(0, -9), aperture="square"),
        Gabor(orientation=0, spatial_frequency=2, sigma=0.5, position=(5, 0)),
        Annulus(inner_diameter=8, outer_diameter=None, orientation=0, spatial_frequency=2),
        grating(diameter=1) + grating(diameter=1, position=(9, 0)),
    ],
    ids=["right", "corner", "below", "gabor", "ring around the screen", "one of two"],
)
def test_a_stimulus_wholly_off_the_screen_is_refused(stimulus, backend):
    with pytest.raises(ValueError, match=r"nothing of .* lies on the screen.*6 deg wide.*Move the stimulus"):
        stimuli.render(stimulus, DISPLAY, backend=backend)
    with pytest.raises(ValueError, match="lies on the screen"):
        stimulus.contrast_image(DISPLAY)


@BOTH
def test_nothing_is_said_of_what_fits_fills_the_screen_or_has_no_contrast(backend):
    for shown in (
        grating(diameter=4),
        grating(position=(50, 0)),
        grating(diameter=1, position=(9, 0), contrast=0),
        Annulus(inner_diameter=7, outer_diameter=None, orientation=0, spatial_frequency=2),
    ):
        stimuli.render(shown, DISPLAY, backend=backend)


@BOTH
@pytest.mark.parametrize("hz", [30, -40, 60])
def test_a_temporal_frequency_that_frames_cannot_show_is_refused(hz, backend):
    times = np.arange(4) / DISPLAY.refresh_hz
    moving = grating(temporal_frequency=hz)
    with pytest.raises(ValueError, match=rf"temporal_frequency is {abs(hz)} Hz; .* 60 frames/s shows less than 30.*re"):
        stimuli.render(moving, DISPLAY, times, backend=backend)
    with pytest.raises(ValueError, match="temporal_frequency"):
        moving.contrast_image(DISPLAY, 0.01)
    faster = dataclasses.replace(DISPLAY, refresh_hz=144)
    assert stimuli.render(moving, faster, times, backend=backend).sizes["time"] == 4
    assert stimuli.render(moving, DISPLAY, backend=backend).shape == (1, 64, 96)  # the onset has no rate


def test_a_drift_beyond_half_the_refresh_rate_is_its_alias_when_asked_for():
    display = dataclasses.replace(DISPLAY, allow_undersampling=True)
    times = np.arange(4) / DISPLAY.refresh_hz
    movies = [
        stimuli.render(grating(temporal_frequency=hz), display, times, dtype="float64", backend="numpy")
        for hz in (40, -20)
    ]
    np.testing.assert_allclose(*movies, atol=1e-12)


@BOTH
def test_a_phase_that_is_lost_in_rounding_is_refused(backend):
    display = dataclasses.replace(DISPLAY, allow_undersampling=True)
    with pytest.raises(ValueError, match=r"at 1e\+300 s .* phase is lost"):
        stimuli.render(grating(temporal_frequency=1), display, [0.0, 1e300], backend=backend)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"temporal_frequency": 1e308}, "temporal_frequency is 1e"),
        ({"phase": 1e308}, "phase is 1e"),
        ({"orientation": 1e308}, "orientation is 1e"),
        ({"spatial_frequency": 1e308}, "spatial_frequency is 1e"),
        ({"position": (1e308, 0)}, "position is"),
        ({"diameter": 1e308}, "diameter is 1e.*diameter=None"),
        ({"diameter": 1e-300}, "diameter is 1e-300"),
    ],
)  # fmt: skip
def test_numbers_that_rounding_makes_meaningless_are_refused(fields, says):
    with pytest.raises(ValueError, match=says):
        grating(**fields)


@BOTH
def test_a_harmonic_of_a_square_wave_too_fine_for_the_pixels_is_warned_of(backend):
    display = Display(size_px=(128, 128), ppd=31.8)
    with pytest.warns(AliasingWarning, match=r"harmonic 3 of .* 6 cycles/deg, at 18, .* shows up at 13\.8"):
        stimuli.render(grating(spatial_frequency=6, waveform="square"), display, backend=backend)
    with pytest.warns(AliasingWarning, match="harmonic 3"):
        grating(spatial_frequency=6, waveform="square").contrast_image(display)
    quiet = dataclasses.replace(display, allow_undersampling=True)
    stimuli.render(grating(spatial_frequency=6, waveform="square"), quiet, backend=backend)
    stimuli.render(grating(spatial_frequency=6), display, backend=backend)


def test_the_false_frequency_is_the_one_in_the_spectrum():
    n, ppd = 1590, 31.8  # 50 deg: a bin is .02 cycles/deg, the wave and its aliases fall on bins
    component = grating(orientation=90, spatial_frequency=6, waveform="square", phase=11).scene[0]
    x = Display(size_px=(1, n), ppd=ppd).grid()[0]
    spectrum = np.abs(np.fft.rfft(component.carrier(x, np.zeros(1), 0.0)))
    without_fundamental = np.where(np.arange(spectrum.size) == 6 * 50, 0, spectrum)
    harmonic, shown_as = limits.first_alias(component, Display(size_px=(1, n), ppd=ppd))
    assert harmonic == 3
    assert without_fundamental.argmax() / 50 == pytest.approx(shown_as, abs=1e-9)


@pytest.mark.parametrize(("pixels", "alias"), [(4, None), (6, None), (8, None), (5, 3), (7, 5), (30, None)])
def test_bars_of_a_whole_number_of_pixels_are_drawn_as_they_are(pixels, alias):
    display = Display(size_px=(60, 60), ppd=30)
    found = limits.first_alias(grating(spatial_frequency=30 / pixels, waveform="square").scene[0], display)
    assert (found and found[0]) == alias


def test_frames_that_do_not_fit_into_memory_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2**30)
    many = StimulusSet.grid(lambda orientation: grating(orientation=orientation), orientation=range(100))
    with pytest.raises(ValueError, match=r"100 x 60 frames of 2000 x 2000 .* GiB; 1 GiB .*render_parts"):
        many.render(Display(size_px=(2000, 2000), ppd=20), np.arange(60) / 60)
    with pytest.raises(ValueError, match=r"take 4.47e\+08 GiB.*fewer pixels"):
        grating().contrast_image(Display(size_px=(10**8, 10**8), ppd=20))
    with pytest.raises(ValueError, match="fewer places"):
        grating().layers("orientation", np.zeros((1, 10**6)), np.zeros((10**6, 1)))


def test_free_memory_is_that_of_a_machine():
    free = memory.free_memory()
    assert free is None or 2**20 < free < 2**50


@pytest.mark.parametrize(("part_mb", "n_parts"), [(0.02, 12), (0.06, 6), (0.16, 2), (100, 1)])
def test_parts_of_a_movie_are_the_movie(part_mb, n_parts):
    shown = StimulusSet.grid(lambda phase: grating(phase=phase, temporal_frequency=2), phase=[0, 50, 90])
    display, times = Display(size_px=(60, 80), ppd=16), np.arange(4) / 60
    parts = list(stimuli.render_parts(shown, display, times, part_mb=part_mb))
    assert len(parts) == n_parts
    assert max(part.nbytes for part in parts) <= max(part_mb * 1e6, 60 * 80 * 4)
    whole = shown.render(display, times)
    drawn = 0
    for part in parts:
        expected = whole.isel(time=slice(None)).where(whole.time.isin(part.time), drop=True)
        expected = expected.isel(stimulus=np.isin(whole.phase, part.phase))
        np.testing.assert_array_equal(part, expected)
        drawn += part.size
    assert drawn == whole.size
    still = list(stimuli.render_parts(shown, display, part_mb=part_mb))
    np.testing.assert_array_equal(np.concatenate(still), shown.render(display))


@pytest.mark.parametrize(("part_mb", "error"), [(0, ValueError), (math.nan, ValueError), ("1", TypeError)])
def test_a_part_without_size_is_refused(part_mb, error):
    with pytest.raises(error, match="part_mb"):
        next(stimuli.render_parts(grating(), DISPLAY, part_mb=part_mb))


@pytest.mark.parametrize("axis", [{0, 90}, frozenset({0, 90}), {0: 1, 90: 2}])
def test_values_without_an_order_are_refused(axis):
    for build in (StimulusSet.grid, StimulusSet.zip):
        with pytest.raises(TypeError, match="orientation"):
            build(lambda orientation: grating(orientation=orientation), orientation=axis)
    with pytest.raises(TypeError, match="orientation"):
        StimulusSet.of([grating(), grating()], orientation=axis)
    with pytest.raises(TypeError, match="stimuli"):
        StimulusSet.of({grating(), grating(phase=1)})


@pytest.mark.parametrize("value", ["no", 1, None])
def test_undersampling_is_allowed_by_true_alone(value):
    with pytest.raises(TypeError, match="allow_undersampling"):
        Display(size_px=(8, 8), ppd=8, allow_undersampling=value)
