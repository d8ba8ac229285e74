"""Windows partition the plane, and their averages over cells are exact."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad

from stimuli import Window

EXACT = 1e-12  # closed forms; rounding of areas relative to a cell
QUADRATURE = 1e-8  # radii over the ramp of a soft disc, see stimuli.areas.RAMP_NODES
quick = settings(deadline=None, max_examples=60)


def strip_average(x, y, cell, radius):
    """Average a disc over a cell by one-dimensional adaptive integration, column by column."""
    x0, x1, y0, y1 = x - cell / 2, x + cell / 2, y - cell / 2, y + cell / 2

    def column(u):
        s = np.sqrt(max(radius**2 - u**2, 0))
        return max(min(s, y1) - max(-s, y0), 0)

    kinks = [sign * np.sqrt(max(radius**2 - v**2, 0)) for v in (y0, y1) for sign in (-1, 1)] + [-radius, radius]
    edges = np.unique(np.clip([x0, x1, *kinks], x0, x1))
    return sum(quad(column, a, b, epsabs=1e-13, epsrel=1e-13, limit=200)[0] for a, b in pairwise(edges)) / cell**2


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")  # quad, where a kink is an end
@quick
@given(x=st.floats(-2, 2), y=st.floats(-2, 2), cell=st.floats(0.05, 4), radius=st.floats(0.02, 2))
def test_a_disc_in_a_cell_agrees_with_adaptive_integration(x, y, cell, radius):
    ours = Window(diameter=2 * radius).average(x, y, cell=cell)
    assert ours == pytest.approx(strip_average(x, y, cell, radius), abs=1e-9)  # quad's own error at the kinks


@pytest.mark.parametrize(
    ("window", "area", "tolerance"),
    [
        (Window(diameter=3.3, position=(0.13, -0.21)), np.pi * 3.3**2 / 4, EXACT),
        (Window(diameter=3.3, aperture="square", position=(0.13, -0.21)), 3.3**2, EXACT),
        (Window(diameter=3.3, aperture="square", edge_width=0.7), 3.3**2, EXACT),
        (Window(diameter=3, aperture="gaussian"), 2 * np.pi * 0.25, EXACT),
        # of a raised cosine of width e about r: π r² + π e² (1/4 − 2/π²)
        (Window(diameter=3.3, edge_width=0.7), np.pi * (3.3**2 / 4 + 0.49 * (0.25 - 2 / np.pi**2)), QUADRATURE),
        (Window(diameter=4, hole=Window(diameter=1.5, position=(0.3, 0.2))), np.pi * (4 - 0.5625), EXACT),
    ],
    ids=["disc", "square", "soft square", "gaussian", "soft disc", "ring"],
)
@pytest.mark.parametrize("cell", [0.25, 0.37, 1.0])
def test_averages_over_all_cells_add_up_to_the_area_of_the_window(window, area, tolerance, cell):
    centres = np.arange(-20, 21) * cell
    total = window.average(centres, centres[:, None], cell=cell).sum() * cell**2
    assert total == pytest.approx(area, rel=tolerance * 10)


@pytest.mark.parametrize("edge_width", [0.02, 0.5, 2.0])
def test_averages_agree_with_brute_force_supersampling(edge_width):
    for window in (
        Window(diameter=2, edge_width=edge_width, position=(0.1, 0.05)),
        Window(diameter=2, edge_width=edge_width, aperture="square"),
        Window(diameter=2, aperture="gaussian", position=(0.1, 0.05)),
    ):
        cell, fine, n = 0.25, 40, 13
        centres = (np.arange(n) - n // 2) * cell
        samples = (np.arange(n * fine) - (n * fine - 1) / 2) * cell / fine
        brute = window.sample(samples, samples[:, None]).reshape(n, fine, n, fine).mean(axis=(1, 3))
        # the mid-point rule over 40 x 40 points leaves 5e-3 on a ramp narrower than its spacing
        np.testing.assert_allclose(window.average(centres, centres[:, None], cell=cell), brute, atol=5e-3)


def test_a_soft_disc_in_cells_is_as_exact_as_its_documentation_says():
    window, cell = Window(diameter=2, edge_width=0.3), 0.25
    for x, y in [(0.75, 0.5), (1.0, 0.0), (0.7, 0.7), (0.875, 0.125), (0.0, 1.125)]:
        exact, _ = dblquad(
            lambda v, u: float(window.sample(u, v)),
            x - cell / 2, x + cell / 2, y - cell / 2, y + cell / 2, epsabs=1e-11, epsrel=1e-11,
        )  # fmt: skip
        assert window.average(x, y, cell=cell) == pytest.approx(exact / cell**2, abs=QUADRATURE)


def test_a_narrow_ramp_approaches_the_hard_edge():
    centres = (np.arange(21) - 10) * 0.25
    for aperture in ("disc", "square"):
        hard = Window(diameter=3, aperture=aperture).average(centres, centres[:, None], cell=0.25)
        soft = Window(diameter=3, aperture=aperture, edge_width=1e-7).average(centres, centres[:, None], cell=0.25)
        np.testing.assert_allclose(soft, hard, atol=1e-6)


@quick
@given(
    diameter=st.floats(0.1, 5),
    edge=st.floats(0, 1),
    aperture=st.sampled_from(["disc", "square"]),
    position=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    cell=st.sampled_from([0.0, 0.25]),
)
def test_a_window_and_its_hole_sum_to_one_everywhere(diameter, edge, aperture, position, cell):
    inner = Window(aperture=aperture, diameter=diameter, edge_width=min(edge, diameter), position=position)
    outer = Window(hole=inner)
    places = np.linspace(-4, 4, 33)
    total = inner.average(places, places[:, None], cell=cell) + outer.average(places, places[:, None], cell=cell)
    np.testing.assert_allclose(total, 1, atol=1e-15)


def test_a_disc_that_is_all_edge_may_end_on_the_border_of_a_cell():
    soft = Window(diameter=1.0, edge_width=1.0, position=(0.0, 0.125))
    places = np.linspace(-4, 4, 33)
    covered = soft.average(places, places[:, None], cell=0.25)
    assert np.isfinite(covered).all()
    assert covered.sum() * 0.25**2 == pytest.approx(soft_area(radius=0.5, edge=1.0), rel=1e-9)


def soft_area(radius, edge):
    """Area under a disc with a raised-cosine edge about its radius, by quadrature."""
    r, weights = np.polynomial.legendre.leggauss(60)
    r, weights = (r + 1) / 2 * (radius + edge / 2), weights / 2 * (radius + edge / 2)
    ramp = np.where(r < radius - edge / 2, 1.0, (1 + np.cos(np.pi * (r - radius + edge / 2) / edge)) / 2)
    return float((2 * np.pi * r * ramp * weights).sum())


def test_pixels_on_the_edge_are_inside_whatever_the_rounding():
    for ppd in (7, 10, 16, 30, 36.0403):
        places = np.arange(-40, 41) / ppd
        for steps in (3, 7, 10, 30):
            disc = Window(diameter=2 * steps / ppd)
            assert disc.sample(places, 0.0).sum() == 2 * steps + 1
            assert Window(hole=disc).sample(places, 0.0).sum() == 81 - (2 * steps + 1)
            assert Window(diameter=2 * steps / ppd, aperture="square").sample(places, places[:, None]).sum() == (
                (2 * steps + 1) ** 2
            )


def test_an_even_sized_square_covers_its_cells_and_no_others():
    pitch = 0.25
    cells = (np.arange(51) - 25) * pitch
    square = Window(aperture="square", diameter=4 * pitch, position=(-pitch / 2, pitch / 2))
    covered = square.average(cells, -cells[:, None], cell=pitch)
    assert set(np.unique(covered.round(12))) == {0.0, 1.0}
    assert covered.sum() == pytest.approx(16, abs=EXACT * 100)
    np.testing.assert_array_equal(covered.round(12), square.sample(cells, -cells[:, None]))
    rows, columns = np.nonzero(covered > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (23, 26, 23, 26)


def test_tiny_cells_far_from_the_centre_keep_full_precision():
    radius, cell = 10.0, 0.01
    x = radius / np.sqrt(2)
    (inside,) = np.atleast_1d(Window(diameter=2 * radius).average(x, x, cell=cell))
    # the circle touches the cell's diagonal at its centre and falls behind it by t²/(2 r), by d at the two corners
    chord = cell * np.sqrt(2)
    d = chord**2 / (8 * radius)
    assert inside == pytest.approx(0.5 - (chord**3 / (24 * radius) - d**2) / cell**2, abs=1e-10)


def test_windows_are_equal_exactly_if_their_keys_are():
    one = Window(diameter=2, hole=Window(diameter=1))
    assert one.key == Window(diameter=2.0, hole=Window(diameter=1.0)).key
    assert one.key != Window(diameter=2).key
    assert one.key != Window(diameter=2, hole=Window(diameter=1, position=(0.1, 0))).key
