"""Plaids, surrounds, the tilt illusion, sums."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stimuli
from stimuli import Annulus, CenterSurround, Gabor, Grating, Plaid, Superposition, TiltIllusion

SAME = 1e-12
DISPLAY = stimuli.Display(size_px=(96, 96), ppd=12)


def grating(**fields):
    return Grating(**({"orientation": 30, "spatial_frequency": 2} | fields))


def test_a_plaid_with_an_empty_mask_is_the_grating():
    fields = {"orientation": 20, "spatial_frequency": 1.5, "phase": 50, "contrast": 0.7, "diameter": 4, "edge_width": 1}
    plaid = Plaid(mask_orientation=110, mask_contrast=0, **fields)
    np.testing.assert_array_equal(plaid.contrast_image(DISPLAY), Grating(**fields).contrast_image(DISPLAY))


@settings(deadline=None, max_examples=20)
@given(
    contrast=st.floats(0, 0.5),
    mask_contrast=st.floats(0, 0.5),
    mask_orientation=st.floats(-180, 180),
    mask_spatial_frequency=st.none() | st.floats(0.5, 4),
)
def test_a_plaid_is_the_sum_of_its_gratings(contrast, mask_contrast, mask_orientation, mask_spatial_frequency):
    shape = {"diameter": 5, "aperture": "square", "position": (0.5, -0.5)}
    plaid = Plaid(
        orientation=10, mask_orientation=mask_orientation, contrast=contrast, mask_contrast=mask_contrast,
        spatial_frequency=2, mask_spatial_frequency=mask_spatial_frequency, mask_phase=70, **shape,
    )  # fmt: skip
    parts = grating(orientation=10, contrast=contrast, **shape), grating(
        orientation=mask_orientation, contrast=mask_contrast, phase=70,
        spatial_frequency=2 if mask_spatial_frequency is None else mask_spatial_frequency, **shape,
    )  # fmt: skip
    expected = sum(part.contrast_image(DISPLAY) for part in parts)
    np.testing.assert_allclose(plaid.contrast_image(DISPLAY), expected, atol=SAME)
    np.testing.assert_allclose((parts[0] + parts[1]).contrast_image(DISPLAY), expected, atol=SAME)


@pytest.mark.parametrize("aperture", ["disc", "square"])
@pytest.mark.parametrize("edge_width", [0.0, 0.8])
def test_centre_and_abutting_surround_of_one_grating_are_that_grating(aperture, edge_width):
    center = grating(diameter=3, aperture=aperture, edge_width=edge_width)
    whole = CenterSurround(center=center, surround=grating())
    np.testing.assert_allclose(whole.contrast_image(DISPLAY), grating().contrast_image(DISPLAY), atol=SAME)


def test_nothing_is_drawn_in_the_gap_and_the_surround_begins_after_it():
    shown = CenterSurround(
        center=grating(diameter=2, contrast=0.5),
        surround=grating(diameter=6, orientation=90, spatial_frequency=1),
        gap=0.5,
    )
    x, y = DISPLAY.grid()
    r = np.hypot(x, y[:, None])
    image = shown.contrast_image(DISPLAY)
    gap = (r > 1 + 1e-9) & (r <= 1.5)
    assert gap.any()
    assert not image[gap | (r > 3 + 1e-9)].any()
    inside = r <= 1
    np.testing.assert_array_equal(image[inside], grating(contrast=0.5).contrast_image(DISPLAY)[inside])
    around = (r > 1.5 + 1e-9) & (r <= 3)
    expected = grating(orientation=90, spatial_frequency=1).contrast_image(DISPLAY)
    np.testing.assert_array_equal(image[around], expected[around])


def test_a_square_centre_off_the_middle_has_a_square_hole_there():
    center = grating(diameter=2, aperture="square", position=(-0.5, 0.5), contrast=0)
    image = CenterSurround(center=center, surround=grating(aperture="square", diameter=8)).contrast_image(DISPLAY)
    x, y = DISPLAY.grid()
    hole = (np.abs(x + 0.5) <= 1) & (np.abs(y[:, None] - 0.5) <= 1)
    assert not image[hole].any()
    np.testing.assert_array_equal(image[~hole], grating().contrast_image(DISPLAY)[~hole])


def test_the_phase_of_a_surround_is_that_at_its_own_position():
    center = grating(diameter=2, position=(0.3, 0.2), contrast=0)
    shown = CenterSurround(center=center, surround=grating(phase=20, position=(0.1, 0)))
    np.testing.assert_allclose(
        shown.contrast_image(DISPLAY)[0], grating(phase=20, position=(0.1, 0)).contrast_image(DISPLAY)[0], atol=SAME
    )


def test_an_annulus_is_a_disc_without_its_middle():
    ring = Annulus(inner_diameter=2, outer_diameter=5, orientation=30, spatial_frequency=2, edge_width=0.5)
    outer, inner = (grating(diameter=d, edge_width=0.5).contrast_image(DISPLAY) for d in (5, 2))
    np.testing.assert_allclose(ring.contrast_image(DISPLAY), outer - inner, atol=SAME)


def test_the_tilt_illusion_is_a_centre_with_a_surround():
    tilt = TiltIllusion(
        center_orientation=90, surround_orientation=75, spatial_frequency=2, center_diameter=2, surround_diameter=7,
        contrast=0.5, surround_contrast=0.8, gap=0.2, surround_phase=90,
    )  # fmt: skip
    same = CenterSurround(
        center=grating(orientation=90, contrast=0.5, diameter=2),
        surround=grating(orientation=75, contrast=0.8, diameter=7, phase=90),
        gap=0.2,
    )
    np.testing.assert_array_equal(tilt.contrast_image(DISPLAY), same.contrast_image(DISPLAY))
    assert tilt.tilt == -15
    assert dataclasses.replace(tilt, surround_orientation=180).tilt == 90
    assert dataclasses.replace(tilt, surround_orientation=175).tilt == 85
    assert dataclasses.replace(tilt, surround_orientation=-5).tilt == 85


def test_sums_are_flat_and_keep_their_order():
    a, b, c = (grating(contrast=0.2, phase=phase) for phase in (0, 10, 20))
    assert (a + b) + c == a + (b + c) == Superposition(parts=(a, b, c))
    assert (a + stimuli.Blank()).components() == a.components()


@pytest.mark.parametrize(
    "stimulus",
    [
        grating(diameter=2, position=(1, 0)),
        Gabor(orientation=1, spatial_frequency=2, sigma=0.5),
        CenterSurround(center=grating(diameter=2), surround=grating()),
        grating(contrast=0.5) + Plaid(orientation=0, mask_orientation=90, spatial_frequency=1, contrast=0.1,
                                      mask_contrast=0.1),
    ],
)  # fmt: skip
def test_a_specification_is_json_and_tells_stimuli_apart(stimulus):
    import json

    spec = json.loads(json.dumps(stimulus.spec(), allow_nan=False))
    assert spec["kind"] == type(stimulus).__name__
    assert spec == stimulus.spec()
    assert spec != grating().spec()
