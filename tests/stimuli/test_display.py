"""The display's geometry."""

import numpy as np
import pytest

from stimuli import Display


@pytest.mark.parametrize("size_px", [(1, 1), (7, 8), (128, 64)])
@pytest.mark.parametrize("ppd", [1, 7.3, 32])
def test_pixel_centres_have_pitch_one_over_ppd_and_mean_zero(size_px, ppd):
    x, y = Display(size_px=size_px, ppd=ppd).grid()
    assert (y.size, x.size) == size_px
    np.testing.assert_array_equal(x, -x[::-1])
    np.testing.assert_array_equal(y, -y[::-1])
    np.testing.assert_allclose(np.diff(x), 1 / ppd, rtol=1e-12)
    np.testing.assert_allclose(np.diff(y), -1 / ppd, rtol=1e-12)


def test_row_0_is_the_top():
    assert Display(size_px=(3, 2), ppd=1).grid()[1].tolist() == [1, 0, -1]


def test_extent_and_nyquist_follow_from_the_resolution():
    display = Display(size_px=(100, 200), ppd=20)
    assert display.extent_deg == (5, 10)
    assert display.nyquist == 10


def test_viewing_geometry_gives_the_tangent_form():
    display = Display.from_viewing(size_px=(1080, 1920), width_cm=53, distance_cm=57)
    assert display.ppd == pytest.approx(36.0403, abs=5e-5)  # computed by hand, 2 d tan(0.5°) cm per degree


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"size_px": 128, "ppd": 16}, TypeError, "sequence of 2, each a whole number"),
        ({"size_px": (128.5, 2), "ppd": 16}, TypeError, r"size_px\[0\] = 128.5 .*whole number"),
        ({"size_px": (0, 2), "ppd": 16}, ValueError, "at least 1"),
        ({"size_px": (2, 2), "ppd": 0}, ValueError, "larger than 0"),
        ({"size_px": (2, 2), "ppd": float("nan")}, ValueError, "finite"),
        ({"size_px": (2, 2), "ppd": "16"}, TypeError, "must be a number. Give 16 without quotes"),
        ({"size_px": (2, 2), "ppd": 16, "refresh_hz": -1}, ValueError, "refresh_hz"),
    ],
)
def test_an_impossible_display_is_refused(fields, error, says):
    with pytest.raises(error, match=says):
        Display(**fields)
