"""Layers describe the scene of the image: the same contrasts, frequencies and phases at the same places."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stimuli
from stimuli import Annulus, Blank, CenterSurround, Gabor, Grating, Plaid, TiltIllusion

SAME = 1e-10
DISPLAY = stimuli.Display(size_px=(80, 96), ppd=12)
X, ROWS = DISPLAY.grid()
Y = ROWS[:, None]


def grating(**fields):
    return Grating(**({"orientation": 30, "spatial_frequency": 2} | fields))


SCENES = {
    "grating": grating(phase=40, contrast=0.3, position=(0.5, -1)),
    "gabor": Gabor(orientation=100, spatial_frequency=3, sigma=0.6, position=(0.3, 0.2)),
    "plaid": Plaid(orientation=-20, mask_orientation=250, spatial_frequency=1, mask_spatial_frequency=3, diameter=4,
                   mask_contrast=0.2, edge_width=1, phase=10),
    "centre and surround": CenterSurround(center=grating(diameter=2, contrast=0.4, position=(0.1, 0)),
                                          surround=grating(orientation=200, diameter=6), gap=0.3),
    "annulus": Annulus(inner_diameter=2, outer_diameter=5, orientation=3, spatial_frequency=2, aperture="square"),
    "tilt illusion": TiltIllusion(center_orientation=90, surround_orientation=75, spatial_frequency=2,
                                  center_diameter=2, edge_width=0.4),
    "one wave in two parts": grating(contrast=0.5, diameter=3) + grating(contrast=0.4, orientation=210, phase=0),
    "blank": Blank(),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_the_image_can_be_drawn_from_the_layers(name):
    image = np.zeros(DISPLAY.size_px)
    for layer in SCENES[name].layers("orientation", X, Y):
        theta = np.deg2rad(layer.value)
        u = -X * np.sin(theta) + Y * np.cos(theta)
        image += layer.contrast * np.cos(2 * np.pi * layer.spatial_frequency * u + np.deg2rad(layer.phase))
    np.testing.assert_allclose(image, SCENES[name].contrast_image(DISPLAY), atol=SAME)


@pytest.mark.parametrize("aperture", ["disc", "square"])
def test_the_contrast_demodulated_from_images_is_that_of_the_layer(aperture):
    shown = CenterSurround(
        center=grating(diameter=2.5, contrast=0.3, aperture=aperture), surround=grating(orientation=120), gap=0.2
    )
    quadrature = CenterSurround(
        center=grating(diameter=2.5, contrast=0.3, aperture=aperture, phase=90),
        surround=grating(orientation=120, phase=90),
        gap=0.2,
    )
    amplitude = np.hypot(shown.contrast_image(DISPLAY), quadrature.contrast_image(DISPLAY))
    total = sum(layer.contrast for layer in shown.layers("orientation", X, Y))
    np.testing.assert_allclose(amplitude, total, atol=SAME)  # centre, gap and surround do not overlap


def test_a_plaid_has_two_layers_and_a_grating_one():
    plaid = Plaid(orientation=0, mask_orientation=90, contrast=0.5, mask_contrast=0.25, spatial_frequency=2)
    first, second = plaid.layers("orientation", 0.0, 0.0)
    assert (first.value, float(first.contrast), first.spatial_frequency, first.phase) == (0, 0.5, 2, 0)
    assert (second.value, float(second.contrast)) == (90, 0.25)
    assert [layer.value for layer in plaid.layers("spatial_frequency", 0.0, 0.0)] == [2, 2]
    assert len(grating().layers("orientation", 0.0, 0.0)) == 1


def test_labels_keep_the_angle_that_was_asked_for():
    assert [layer.value for layer in grating(orientation=-60).layers("orientation", 0.0, 0.0)] == [-60]


@settings(deadline=None, max_examples=40)
@given(
    orientation=st.floats(-360, 360),
    phase=st.floats(-360, 360),
    half_turns=st.integers(-3, 3),
    turns=st.integers(-2, 2),
)
def test_descriptions_of_one_wave_are_one_layer_of_summed_contrast(orientation, phase, half_turns, turns):
    sign = -1 if half_turns % 2 else 1
    one = grating(orientation=orientation, phase=phase, contrast=0.25)
    other = grating(
        orientation=orientation + 180 * half_turns, phase=sign * phase + 360 * turns, contrast=0.5, diameter=2
    )
    (layer,) = (one + other).layers("orientation", np.array([0.0, 3.0]), 0.0)
    np.testing.assert_allclose(layer.contrast, [0.75, 0.25], atol=1e-15)
    assert layer.value == orientation


@pytest.mark.parametrize(
    "change",
    [{"orientation": 31}, {"phase": 1}, {"spatial_frequency": 2.1}, {"waveform": "square"}, {"temporal_frequency": 1},
     {"orientation": 210, "phase": 90}, {"position": (0.1, 0)}],
)  # fmt: skip
def test_different_waves_are_different_layers(change):
    phase = {"phase": 90} if change.get("orientation") == 210 else {}
    shown = grating(contrast=0.5, **phase) + grating(**({"contrast": 0.5} | phase | change))
    assert len(shown.layers("orientation", 0.0, 0.0)) == 2


def test_a_wave_that_continues_across_apertures_at_two_positions_is_one_layer():
    along = np.deg2rad(30)  # moving along the bars keeps the phase
    shown = CenterSurround(
        center=grating(diameter=2, position=(0.2 * np.cos(along), 0.2 * np.sin(along))), surround=grating()
    )
    (layer,) = shown.layers("orientation", X, Y)
    np.testing.assert_allclose(layer.contrast, 1)


def test_a_layer_that_is_zero_everywhere_is_left_out():
    shown = CenterSurround(center=grating(diameter=2), surround=grating(orientation=0, contrast=0))
    assert [layer.value for layer in shown.layers("orientation", X, Y)] == [30]
    ringed = CenterSurround(center=grating(diameter=2), surround=grating(orientation=0, diameter=5))
    assert [layer.value for layer in ringed.layers("orientation", 0.0, 0.0)] == [30]
    assert ringed.layers("orientation", 4.0, 4.0) == ()


def test_places_broadcast_together():
    (layer,) = grating(diameter=2).layers("orientation", np.zeros((1, 5)), np.zeros((4, 1)), cell=0.25)
    assert layer.contrast.shape == (4, 5)


def test_cells_average_the_contrast():
    shown = grating(diameter=1, aperture="square", contrast=0.8)
    (layer,) = shown.layers("orientation", np.array([0.0, 0.5, 0.375, 1.0]), 0.0, cell=0.5)
    np.testing.assert_allclose(layer.contrast, [0.8, 0.4, 0.6, 0], atol=1e-15)


def test_direction_follows_the_sign_of_the_temporal_frequency():
    forward, backward = (
        grating(temporal_frequency=hz).layers("direction", 0.0, 0.0)[0].value for hz in (4, -4)
    )  # fmt: skip
    assert (forward, backward) == (120, -60)


def test_counterphase_has_two_directions_of_half_the_contrast_and_one_orientation():
    flicker = grating(temporal_frequency=4, modulation="counterphase", contrast=0.6)
    assert [(layer.value, float(layer.contrast)) for layer in flicker.layers("direction", 0.0, 0.0)] == [
        (120, 0.3),
        (-60, 0.3),
    ]
    assert [float(layer.contrast) for layer in flicker.layers("orientation", 0.0, 0.0)] == [0.6]


def test_opposite_directions_are_two_layers_of_direction_and_of_orientation():
    shown = grating(temporal_frequency=2, contrast=0.5) + grating(temporal_frequency=-2, contrast=0.5)
    assert len(shown.layers("direction", 0.0, 0.0)) == 2
    same = grating(temporal_frequency=2, contrast=0.5) + grating(
        orientation=210, temporal_frequency=-2, contrast=0.5
    )  # fmt: skip
    (layer,) = same.layers("direction", 0.0, 0.0)
    assert float(layer.contrast) == 1
    assert layer.value % 360 == 120


def test_a_static_grating_has_no_direction():
    with pytest.raises(ValueError, match=r"static grating .* has no direction.*temporal_frequency"):
        grating().layers("direction", 0.0, 0.0)


def test_an_unknown_feature_gets_a_suggestion():
    with pytest.raises(ValueError, match=r"no feature 'orientaton'. Did you mean 'orientation'"):
        grating().layers("orientaton", 0.0, 0.0)


def test_contrasts_beyond_1_are_an_error_in_layers_too():
    beside = grating(contrast=0.9, diameter=2, position=(-0.9, 0)) + grating(
        orientation=0, contrast=0.9, diameter=2, position=(0.9, 0)
    )
    assert len(beside.layers("orientation", 0.0, 2.0)) == 0
    with pytest.raises(ValueError, match=r"add up to 1\.8 at some place"):
        beside.layers("orientation", 0.0, 0.0)
    with pytest.raises(ValueError, match=r"add up to 1\.8 at some place"):
        beside.contrast_image(DISPLAY)
