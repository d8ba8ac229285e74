"""The contextual circuit: the 2018 circuit with its extensions off, closed forms, and an oracle of its rings."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from insilico.afferent import receptive_field
from insilico.circuits import contextual, mely2018
from insilico.circuits.contextual import ContextualParameters, simulate, steady_state
from insilico.circuits.mely2018 import Mely2018Parameters
from insilico.perturb import Perturbation
from insilico.pools import dense_kernel, gaussian_over_features, hard_ring, ring_pool, soft_ring

SHARED = ("xi", "zeta", "gamma", "delta", "alpha", "mu", "beta", "nu")
BACKENDS = pytest.mark.parametrize("backend", ["numba", "reference"])
QUICK = settings(deadline=None, max_examples=15)
H12 = {
    "beta": 0.0036, "nu": 0.0346, "gamma": 1.335, "omega": 0.371, "thO": 3.13, "sP": 0.0815, "alpha": 0.0, "mu": 0.0,
}  # fmt: skip
S18 = {
    "beta": 0.0003, "nu": 0.105, "gamma": 0.735, "omega": 0.141, "thO": 0.692, "sP": 0.0218, "qP": 0.454, "rP": 6.55,
    "rTin": 3.31, "rT": 12.5, "soft": 0.3, "alpha": 0.0, "mu": 0.0,
}  # fmt: skip
ALL_FIVE = {
    "beta": 0.0020, "nu": 0.0276, "gamma": 0.957, "omega": 0.244, "thO": 2.69, "sP": 0.0791, "sT": 0.0108, "qT": 1.10,
    "gO": 0.05, "alpha": 0.0, "mu": 0.0,
}  # fmt: skip
GATED = {**S18, "gamma": 0.05, "gated": True, "closed": True}


@st.composite
def published_circuits(draw):
    srf = draw(st.sampled_from([1, 3]))
    ssn = srf + draw(st.sampled_from([2, 4]))
    ssf = ssn + draw(st.sampled_from([2, 4]))
    shared = {name: draw(st.sampled_from([0.0, 0.3, 1.0, 4.0])) for name in SHARED}
    shared |= {"omega": draw(st.sampled_from([0.01, 0.15, 2.0])), "continuous": draw(st.booleans())}
    rings = {"rC": (srf - 1) / 2, "rP": (ssn - 1) / 2, "rTin": (ssn - 1) / 2, "rT": (ssf - 1) / 2}
    return Mely2018Parameters(srf=srf, ssn=ssn, ssf=ssf, **shared), ContextualParameters(**rings, **shared)


@QUICK
@given(published_circuits(), st.data())
def test_with_its_extensions_off_it_is_the_2018_circuit(circuits, data):
    drive = np.random.default_rng(0).uniform(size=(2, 11, 12, data.draw(st.sampled_from([1, 6, 20]))))
    options = {
        "backend": data.draw(st.sampled_from(["numba", "reference"])),
        "boundary": data.draw(st.sampled_from(["zero", "periodic"])),
        "lesions": data.draw(st.lists(st.sampled_from(mely2018.LESIONS), max_size=2, unique=True)),
        "perturbations": data.draw(
            st.lists(
                st.builds(
                    Perturbation,
                    units=st.sampled_from(["input", "output", (3, 200)]),
                    mode=st.sampled_from(["drive", "scale"]),
                    value=st.sampled_from([0.5, 2.0]),
                ),
                max_size=2,
            )
        ),
    }
    p, extended = circuits
    runs = [
        (module.simulate(drive, q, n_steps=12, **options), module.steady_state(drive, q, max_steps=60, **options))
        for module, q in ((mely2018, p), (contextual, extended))
    ]
    for expected, got in zip(*runs, strict=True):
        assert np.abs(got.output - expected.output).max() <= 1e-12 * max(1, expected.output.max())
        assert np.abs(got.inhibited - expected.inhibited).max() <= 1e-12 * max(1, expected.inhibited.max())
        np.testing.assert_array_equal(got.converged, expected.converged)


@BACKENDS
def test_the_defaults_are_the_published_circuit(backend, plaid):
    expected = mely2018.simulate(plaid, n_steps=5, backend=backend)
    got = simulate(plaid, n_steps=5, backend=backend)
    assert np.abs(got.output - expected.output).max() <= 1e-12


def pools_by_convolution(I, O, p):
    """U, T, P, Q, N by direct convolution with a ring drawn cell by cell and explicit Gaussians."""
    near, far = (drawn_ring(*half_widths, p.soft) for half_widths in ((p.rP, p.rC), (p.rT, p.rTin)))
    P, N, T = (
        scipy.signal.convolve(s, ring[:, :, None], "same", "direct") for s, ring in ((I, near), (O, near), (O, far))
    )
    T, P, Q = (over_features(s, width, p.closed) for s, width in ((T, p.sT), (P, p.sP), (I, p.omega)))
    return O.mean(axis=-1, keepdims=True), T, P, Q, N


def drawn_ring(outer, inner, soft):
    """Average over five scales of the mean over a square ring, cell by cell with the fraction that is covered."""
    scales = 1 + soft * np.array([-1, -0.5, 0, 0.5, 1])
    R = int(np.ceil(outer * (1 + soft)))
    ring = np.zeros((2 * R + 1, 2 * R + 1))
    for scale in scales:
        piece = np.zeros_like(ring)
        for y in range(-R, R + 1):
            for x in range(-R, R + 1):
                covered = [
                    min(1, max(0, r * scale + 1 - abs(y))) * min(1, max(0, r * scale + 1 - abs(x)))
                    for r in (outer, inner)
                ]
                piece[y + R, x + R] = covered[0] - covered[1]
        ring += piece / piece.sum() / 5
    return ring


def over_features(s, width, closed=False):
    k = s.shape[-1]
    if width == 0:
        return s
    lags = np.arange(-(k // 2), k - k // 2)
    weights = np.exp(-0.5 * (lags / ((k if closed else k - 1) * width)) ** 2)
    return sum(w * np.roll(s, lag, axis=-1) for w, lag in zip(weights / weights.sum(), lags, strict=True))


def closed_form(X, I, O, p, push=0.0):
    """The fixed point that belongs to the pools of a state, under a push of both stages."""
    U, T, P, Q, N = pools_by_convolution(I, O, p)
    T, P = np.maximum(T, 0) ** p.qT, np.maximum(P, 0) ** p.qP
    I_star = np.maximum(push + p.xi * X - p.mu * U - p.nu * T, 0) / (p.epsilon**2 + p.alpha * U + p.beta * T)
    P = P * I if p.gated else P
    O_star = np.maximum(push + p.zeta * I + p.gamma * P + p.delta * Q + p.gO * N - p.thO, 0) / p.sigma**2
    return I_star, O_star


@pytest.mark.parametrize("stimulus", ["plaid", "tilt"])
@pytest.mark.parametrize("found", [H12, S18, ALL_FIVE, GATED], ids=["H12", "S18", "all_five", "gated"])
def test_circuits_that_were_found_settle_where_the_closed_form_says(found, stimulus, request):
    drive, p = request.getfixturevalue(stimulus), ContextualParameters(**found)
    result = steady_state(drive, p)
    assert result.converged.all()
    I_star, O_star = closed_form(drive[0], result.inhibited[0], result.output[0], p)
    assert np.abs(result.inhibited[0] - I_star).max() <= 1e-7 * I_star.max()
    assert np.abs(result.output[0] - O_star).max() <= 1e-7 * O_star.max()


@BACKENDS
@pytest.mark.parametrize("push", [-0.4, 0.0, 0.9])
def test_a_push_acts_inside_the_rectifier_beside_the_threshold(backend, push, patch):
    p = ContextualParameters(
        rP=1.6, rTin=1.3, rT=5.2, soft=0.25, thO=0.7, sP=0.1, sT=0.2, qP=0.6, qT=1.2, gO=0.1, rC=0.4
    )
    acts = (
        [Perturbation(units=population, mode="drive", value=push) for population in ("input", "output")] if push else []
    )
    result = steady_state(patch, p, backend=backend, perturbations=acts)
    assert result.converged.all()
    for i in range(2):
        I_star, O_star = closed_form(patch[i], result.inhibited[i], result.output[i], p, push)
        np.testing.assert_allclose(result.inhibited[i], I_star, atol=1e-7 * I_star.max())
        np.testing.assert_allclose(result.output[i], O_star, atol=2e-7 * O_star.max())


def test_lesions_remove_exactly_their_pool(patch):
    p = {"rP": 2.0, "rTin": 2.0, "rT": 6.0, "gO": 0.3, "thO": 0.2}
    same = {"P": {"gamma": 0.0}, "N": {"gO": 0.0}, "T": {"beta": 0.0, "nu": 0.0}, "U": {"alpha": 0.0, "mu": 0.0}}
    for name, coefficients in same.items():
        lesioned = simulate(patch, ContextualParameters(**p), n_steps=20, lesions=(name,))
        without = simulate(patch, ContextualParameters(**(p | coefficients)), n_steps=20)
        np.testing.assert_array_equal(lesioned.output, without.output)
    assert np.abs(lesioned.output - simulate(patch, ContextualParameters(**p), n_steps=20).output).max() > 1e-3


def test_an_untuned_pool_is_untuned_whatever_its_width_over_features(patch):
    p = {"rP": 2.0, "rTin": 2.0, "rT": 6.0}
    for name, width in (("untuned_P", "sP"), ("untuned_T", "sT")):
        wide, narrow = (
            simulate(patch, ContextualParameters(**p, **{width: s}), n_steps=20, lesions=(name,)) for s in (0.2, 0.0)
        )
        np.testing.assert_allclose(wide.output, narrow.output, atol=1e-13)


@QUICK
@given(st.floats(0.05, 4), st.floats(0, 3), st.sampled_from([0.0, 0.3, 0.7]), st.integers(0, 9))
def test_a_soft_fractional_ring_is_the_one_drawn_cell_by_cell(width, inner, soft, seed):
    ring, drawn = soft_ring(outer=inner + width, inner=inner, spread=soft), drawn_ring(inner + width, inner, soft)
    np.testing.assert_allclose(dense_kernel(ring), drawn, atol=1e-14)
    assert (dense_kernel(ring) >= 0).all()
    activity = np.random.default_rng(seed).uniform(size=(13, 9, 2))
    expected = scipy.signal.convolve(
        np.pad(activity, ((12, 12), (12, 12), (0, 0))), drawn[:, :, None], "same", "direct"
    )
    np.testing.assert_allclose(ring_pool(activity, ring), expected[12:-12, 12:-12], atol=1e-14)


def test_a_dense_kernel_of_a_hard_ring_has_one_weight():
    kernel = dense_kernel(hard_ring(outer=9, inner=3))
    assert kernel.shape == (9, 9)
    assert set(kernel.ravel()) == {0, 1 / 72}


@BACKENDS
def test_a_power_of_an_empty_pool_is_exactly_zero(backend):
    drive = np.zeros((1, 15, 15, 3))
    drive[0, 7, 3:12:4] = 1  # ring of 2 cells: nobody hears another
    p = ContextualParameters(rP=2.0, rTin=2.0, rT=3.5, qP=0.3, beta=0.0, nu=0.0)
    result = simulate(drive, p, n_steps=40, backend=backend)
    alone = simulate(drive, p, n_steps=40, backend=backend, lesions=("P",))
    np.testing.assert_allclose(result.output[0, 7, 3::4][:3], alone.output[0, 7, 3::4][:3], rtol=1e-12)


@BACKENDS
def test_a_gated_facilitation_drives_no_unit_that_has_no_input_of_its_own(backend):
    drive = np.zeros((1, 15, 15, 4))
    drive[0, :, :5] = drive[0, :, 10:] = 1
    p = {"rP": 4.0, "rTin": 4.0, "rT": 7.0, "delta": 0.0, "beta": 0.0, "nu": 0.0}
    added, gated = (
        steady_state(drive, ContextualParameters(gated=g, **p), backend=backend).output[0, 7, 7] for g in (False, True)
    )
    assert (added > 0.1).all()
    assert (gated == 0).all()


def test_receptive_fields_average_contrast_over_their_square():
    contrast = np.zeros((1, 1, 9, 9))
    contrast[0, 0, 4, 4] = 1
    spread = receptive_field(contrast, 1.5)
    assert spread.sum() == pytest.approx(1)
    assert spread[0, 0, 4, 4] == pytest.approx(1 / 16)
    assert spread[0, 0, 4, 6] == pytest.approx(0.5 / 16)  # half of the outermost cell is covered
    np.testing.assert_allclose(receptive_field(np.ones((9, 9)), 2)[2:-2, 2:-2], 1)
    np.testing.assert_allclose(receptive_field(np.ones((9, 9)), 2, "periodic"), 1)
    np.testing.assert_array_equal(receptive_field(contrast, 0), contrast)


def test_widths_over_a_closed_range_mean_the_same_for_any_number_of_channels():
    coarse, fine = (gaussian_over_features(k, 0.1, closed=True) for k in (24, 48))
    np.testing.assert_allclose(fine[::2] / fine[0], coarse / coarse[0], atol=1e-12)
