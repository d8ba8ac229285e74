"""What is drawn is what was asked for: fitted parameters, symmetries, motion."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

import stimuli

FIT = 1e-6  # parameters fitted to float64 images; rounding leaves about 1e-10
SAME = 1e-11  # two float64 routes to one image; arguments of the cosine reach 1e3 rad
DISPLAY = stimuli.Display(size_px=(96, 128), ppd=16)

orientations = st.floats(-1000, 1000, allow_nan=False)
frequencies = st.floats(0.5, 5)
phases = st.floats(-720, 720)
contrasts = st.floats(0.05, 1)
quick = settings(deadline=None, max_examples=25)


def fitted(image, display):
    """Fit a sinusoid without the package: the spectrum's peak, then least squares over its wave vector."""
    height, width = display.size_px
    x = (np.arange(width) - (width - 1) / 2) / display.ppd
    y = -(np.arange(height) - (height - 1) / 2) / display.ppd
    padded = 512
    spectrum = np.abs(np.fft.fft2(image, (padded, padded)))[:, : padded // 2]
    row, column = np.unravel_index(spectrum.argmax(), spectrum.shape)
    start = np.array([column, -(row if row < padded // 2 else row - padded)]) * display.ppd / padded

    def design(k):
        angle = 2 * np.pi * (k[0] * x + k[1] * y[:, None])
        return np.stack([np.cos(angle).ravel(), -np.sin(angle).ravel()], axis=1)

    def residual(k):
        basis = design(k)
        return basis @ np.linalg.lstsq(basis, image.ravel(), rcond=None)[0] - image.ravel()

    k = least_squares(residual, start, xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    c, s = np.linalg.lstsq(design(k), image.ravel(), rcond=None)[0]
    # k = f (−sinθ, cosθ)
    return np.rad2deg(np.arctan2(-k[0], k[1])), np.hypot(*k), np.rad2deg(np.arctan2(s, c)), np.hypot(c, s)


@quick
@given(orientation=orientations, spatial_frequency=frequencies, phase=phases, contrast=contrasts)
def test_fitted_frequency_orientation_phase_and_contrast_are_those_asked_for(
    orientation, spatial_frequency, phase, contrast
):
    grating = stimuli.Grating(
        orientation=orientation, spatial_frequency=spatial_frequency, phase=phase, contrast=contrast
    )
    found, frequency, angle, amplitude = fitted(grating.contrast_image(DISPLAY), DISPLAY)
    turns = round((found - orientation) / 180)
    assert found - 180 * turns == pytest.approx(orientation, abs=FIT * 100)
    sign = 1 if turns % 2 == 0 else -1
    assert (sign * angle - phase + 180) % 360 - 180 == pytest.approx(0, abs=FIT * 100)  # degrees: 1e-6 rad
    assert frequency == pytest.approx(spatial_frequency, rel=FIT)
    assert amplitude == pytest.approx(contrast, rel=FIT)


@quick
@given(orientation=orientations, phase=phases)
def test_half_a_turn_with_reversed_phase_is_the_same_image(orientation, phase):
    one = stimuli.Grating(orientation=orientation, spatial_frequency=2, phase=phase, diameter=5)
    other = dataclasses.replace(one, orientation=orientation + 180, phase=-phase)
    np.testing.assert_allclose(other.contrast_image(DISPLAY), one.contrast_image(DISPLAY), atol=SAME)


@pytest.mark.parametrize("waveform", ["sine", "square"])
@pytest.mark.parametrize(
    "window", [{}, {"diameter": 4}, {"diameter": 4, "edge_width": 1}, {"diameter": 4, "aperture": "square"},
               {"diameter": 4, "aperture": "square", "edge_width": 1}, {"diameter": 5, "aperture": "gaussian"}],
    ids=["full", "disc", "soft disc", "square", "soft square", "gaussian"],
)  # fmt: skip
def test_a_quarter_turn_turns_the_image(window, waveform):
    display = stimuli.Display(size_px=(96, 96), ppd=16, allow_undersampling=True)  # of harmonics
    one = stimuli.Grating(orientation=17, spatial_frequency=2, phase=33, waveform=waveform, **window)
    turned = dataclasses.replace(one, orientation=17 + 90)
    np.testing.assert_allclose(turned.contrast_image(display), np.rot90(one.contrast_image(display)), atol=SAME)


def test_orientation_0_is_horizontal_and_45_rises_to_the_right():
    flat = stimuli.Grating(orientation=0, spatial_frequency=1).contrast_image(DISPLAY)
    assert np.ptp(flat, axis=1).max() < SAME
    rising = stimuli.Grating(orientation=45, spatial_frequency=1).contrast_image(stimuli.Display(size_px=(9, 9), ppd=8))
    np.testing.assert_allclose(np.fliplr(rising).diagonal(), 1, atol=SAME)  # from the lower left to the upper right


@quick
@given(orientation=orientations, temporal_frequency=st.sampled_from([2.0, -3.0]), t=st.floats(0.001, 0.1))
def test_a_positive_temporal_frequency_moves_the_bars_towards_orientation_plus_90(orientation, temporal_frequency, t):
    moving = stimuli.Grating(orientation=orientation, spatial_frequency=2, temporal_frequency=temporal_frequency)
    step = temporal_frequency / 2 * t
    towards = np.deg2rad(orientation + 90)
    shifted = stimuli.Grating(
        orientation=orientation, spatial_frequency=2, position=(step * np.cos(towards), step * np.sin(towards))
    )
    np.testing.assert_allclose(moving.contrast_image(DISPLAY, t), shifted.contrast_image(DISPLAY), atol=SAME)


def test_a_vertical_grating_of_orientation_minus_90_drifts_to_the_right():
    moving = stimuli.Grating(orientation=-90, spatial_frequency=0.5, temporal_frequency=1)
    row = moving.contrast_image(DISPLAY, 0.25)[0]
    x, _ = DISPLAY.grid()
    assert x[np.abs(x) < 0.9][row[np.abs(x) < 0.9].argmax()] == pytest.approx(0.5, abs=0.5 / DISPLAY.ppd + 1e-9)


def test_counterphase_is_the_mean_of_two_opposite_drifts_and_stands_still():
    flicker = stimuli.Grating(
        orientation=30, spatial_frequency=2, phase=40, temporal_frequency=3, modulation="counterphase"
    )
    drifts = [dataclasses.replace(flicker, modulation="drift", temporal_frequency=hz) for hz in (3, -3)]
    for t in (0.0, 0.05, 0.21):
        mean = sum(drift.contrast_image(DISPLAY, t) for drift in drifts) / 2
        np.testing.assert_allclose(flicker.contrast_image(DISPLAY, t), mean, atol=SAME)
        still = np.cos(2 * np.pi * 3 * t) * flicker.contrast_image(DISPLAY)
        np.testing.assert_allclose(flicker.contrast_image(DISPLAY, t), still, atol=SAME)


def test_a_square_wave_is_the_sign_of_the_sine_and_zero_on_its_edges():
    sine = stimuli.Grating(orientation=20, spatial_frequency=1, phase=10, contrast=0.4)
    square = dataclasses.replace(sine, waveform="square")
    display = dataclasses.replace(DISPLAY, allow_undersampling=True)  # of harmonics
    np.testing.assert_array_equal(square.contrast_image(display), 0.4 * np.sign(sine.contrast_image(DISPLAY)))
    edge = stimuli.Grating(orientation=0, spatial_frequency=1, phase=90, waveform="square")
    assert np.all(edge.contrast_image(stimuli.Display(size_px=(1, 5), ppd=8)) == 0)


def test_a_gabor_has_the_envelope_of_its_sigma():
    gabor = stimuli.Gabor(orientation=90, spatial_frequency=2, sigma=0.5, position=(0.5, -0.25), contrast=0.8)
    x, y = DISPLAY.grid()
    expected = np.exp(-((x - 0.5) ** 2 + (y[:, None] + 0.25) ** 2) / (2 * 0.25)) * np.cos(4 * np.pi * (x - 0.5))
    np.testing.assert_allclose(gabor.contrast_image(DISPLAY), 0.8 * expected, atol=SAME)


def test_a_blank_is_nothing():
    assert not stimuli.Blank().contrast_image(DISPLAY).any()
    assert stimuli.Blank().layers("orientation", 0.0, 0.0) == ()


def test_equal_values_of_other_types_make_equal_stimuli():
    plain = stimuli.Grating(orientation=30, spatial_frequency=2, position=(0, 1))
    numpy = stimuli.Grating(orientation=np.float64(30), spatial_frequency=np.int64(2), position=np.array([0, 1]))
    assert plain == numpy
    assert hash(plain) == hash(numpy)
    assert repr(plain) == repr(numpy)
    assert plain.spec() == numpy.spec()
