"""Pools against loops over every pair of cells and channels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insilico.pools import Ring, circulant, gaussian_over_features, hard_ring, ring_pool, soft_ring

QUICK = settings(deadline=None, max_examples=25)


def looped_ring(activity: np.ndarray, outer: int, inner: int, boundary: str) -> np.ndarray:
    height, width, _ = activity.shape
    pooled = np.zeros_like(activity)
    for y in range(height):
        for x in range(width):
            for dy in range(-(outer // 2), outer // 2 + 1):
                for dx in range(-(outer // 2), outer // 2 + 1):
                    if max(abs(dy), abs(dx)) <= inner // 2:
                        continue
                    if boundary == "periodic":
                        pooled[y, x] += activity[(y + dy) % height, (x + dx) % width]
                    elif 0 <= y + dy < height and 0 <= x + dx < width:
                        pooled[y, x] += activity[y + dy, x + dx]
    return pooled / (outer**2 - inner**2)


@QUICK
@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(0, 2), st.integers(1, 3), st.sampled_from(["zero", "periodic"]),
    st.integers(0, 99),
)  # fmt: skip
def test_a_hard_ring_is_the_mean_over_its_cells_with_the_full_denominator(height, width, inner, more, boundary, seed):
    outer, inner = 2 * (inner + more) + 1, 2 * inner + 1
    activity = np.random.default_rng(seed).uniform(size=(height, width, 2))
    pooled = ring_pool(activity, hard_ring(outer=outer, inner=inner), boundary)
    np.testing.assert_allclose(pooled, looped_ring(activity, outer, inner, boundary), atol=1e-14)


def test_real_valued_half_widths_count_border_cells_by_their_covered_fraction():
    point = np.zeros((9, 9, 1))
    point[4, 4] = 1
    spread_out = ring_pool(point, Ring(boxes=((1.25, 1.0),)))[:, :, 0]
    line = np.array([0, 0, 0.25, 1, 1, 1, 0.25, 0, 0])
    np.testing.assert_allclose(spread_out, np.outer(line, line), atol=1e-15)


def test_a_soft_ring_without_spread_is_the_hard_ring_and_any_ring_has_unit_mass():
    activity = np.random.default_rng(0).uniform(size=(15, 15, 2))
    sharp = ring_pool(activity, soft_ring(outer=4, inner=1, spread=0))
    np.testing.assert_allclose(sharp, ring_pool(activity, hard_ring(outer=9, inner=3)), atol=1e-14)
    ones = np.ones((41, 41, 1))
    np.testing.assert_allclose(ring_pool(ones, soft_ring(outer=6.3, inner=2.1), "periodic"), 1, atol=1e-13)


@QUICK
@given(st.integers(1, 40), st.floats(1e-3, 10), st.booleans())
def test_weights_over_features_sum_to_one_and_are_the_same_in_both_directions(k, omega, continuous):
    weights = gaussian_over_features(k, omega, continuous=continuous)
    assert weights.shape == (k,)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(weights[1:], weights[1:][::-1], rtol=1e-9, atol=1e-300)


def test_weights_over_features_follow_the_published_formula():
    k, omega = 32, 0.15
    weights = gaussian_over_features(k, omega)
    for lag in range(k // 2 + 1):
        expected = np.exp(-0.5 * (lag / ((k - 1) * omega)) ** 2)
        assert weights[lag] / weights[0] == pytest.approx(expected, rel=1e-12)
    unordered = gaussian_over_features(k, omega, continuous=False)
    assert unordered[0] == weights[0]
    assert np.ptp(unordered[1:]) == 0


def test_the_circulant_moves_a_pulse_to_its_lags():
    weights = np.array([0.5, 0.3, 0.1, 0.1])
    for i in range(4):
        pulse = np.eye(4)[i]
        expected = [weights[(j - i) % 4] for j in range(4)]
        np.testing.assert_array_equal(pulse @ circulant(weights), expected)
