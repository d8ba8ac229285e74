"""The compiled circuit against its numpy reference, and what must not matter: batch, threads, crop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insilico.circuits.mely2018 import LESIONS, Mely2018Parameters, simulate, steady_state
from insilico.perturb import Perturbation

AGREEMENT = {"float64": 1e-10, "float32": 1e-5}  # of the maximum; float32: rounding over 12 steps
COEFFICIENTS = ("xi", "zeta", "gamma", "delta", "alpha", "mu", "beta", "nu")


@st.composite
def rings(draw):
    srf = draw(st.sampled_from([1, 3]))
    ssn = srf + draw(st.sampled_from([2, 4]))
    return {"srf": srf, "ssn": ssn, "ssf": ssn + draw(st.sampled_from([2, 4]))}


@st.composite
def experiments(draw):
    sides = draw(rings())
    coefficients = {name: draw(st.sampled_from([0.0, 0.3, 1.0, 4.0])) for name in COEFFICIENTS}
    p = Mely2018Parameters(
        **sides, **coefficients, omega=draw(st.sampled_from([0.01, 0.15, 2.0])),
        epsilon=draw(st.sampled_from([1e-3, 0.5])), tau=draw(st.sampled_from([3.0, 6.0])),
        continuous=draw(st.booleans()),
    )  # fmt: skip
    height, width = (sides["ssf"] + draw(st.integers(0, 5)) for _ in range(2))
    k = draw(st.sampled_from([1, 2, 3, 7, 8, 9, 16, 17, 32, 37, 50]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    drive = rng.uniform(size=(2, height, width, k)) * (rng.uniform(size=(2, height, width, 1)) < draw(st.floats(0, 1)))
    return drive, p, draw(st.lists(st.sampled_from(LESIONS), max_size=2, unique=True))


@st.composite
def perturbations_of(draw, n_units):
    def one(mode, value):
        units = st.lists(st.integers(0, n_units - 1), max_size=5, unique=True)
        where = draw(st.one_of(st.sampled_from(["input", "output"]), units))
        start = draw(st.sampled_from([0.0, 1.0, 3.7]))
        window = (start, start + draw(st.sampled_from([0.5, 2.0, np.inf])))
        return Perturbation(units=where, mode=mode, value=value, window=window)

    modes = draw(
        st.lists(st.sampled_from([("drive", -0.5), ("drive", 1.5), ("scale", 0.0), ("scale", 2.0)]), max_size=3)
    )
    held = draw(st.sampled_from([[], [("silence", None)], [("clamp", 0.7)]]))
    return [one(*mode) for mode in modes + held]


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(["float64", "float32"]), st.sampled_from(["zero", "periodic"]))
def test_numba_agrees_with_the_reference_on_any_circuit(data, dtype, boundary):
    drive, p, lesions = data.draw(experiments())
    acts = data.draw(perturbations_of(2 * drive[0].size))
    method, step = data.draw(st.sampled_from([("exponential", 3.0), ("exponential", 0.5), ("euler", 0.5)]))
    initial = data.draw(st.sampled_from([None, tuple(np.random.default_rng(1).uniform(size=(2, *drive.shape)))]))
    results = [
        simulate(
            drive.astype(dtype), p, method=method, step=step, n_steps=12, boundary=boundary, lesions=lesions,
            perturbations=acts, initial=initial, backend=backend,
        )
        for backend in ("numba", "reference")
    ]  # fmt: skip
    for got, expected in zip(*((r.inhibited, r.output) for r in results), strict=True):
        assert got.dtype == dtype
        assert np.abs(got - expected).max() <= AGREEMENT[dtype] * max(1, np.abs(expected).max())
    np.testing.assert_allclose(results[0].residual, results[1].residual, atol=20 * AGREEMENT[dtype])


@pytest.mark.parametrize("stimulus", ["plaid", "tilt"])
def test_both_backends_settle_in_the_same_state_in_both_precisions(stimulus, request):
    drive = request.getfixturevalue(stimulus)
    exact = steady_state(drive, backend="reference")
    for dtype, tolerance in AGREEMENT.items():
        fast = steady_state(drive.astype(dtype))
        assert fast.converged.all()
        # both stop at a residual of 1e-9, so the states may differ by 24 times that
        assert np.abs(fast.output - exact.output).max() <= max(tolerance, 1e-7) * exact.output.max()
        assert np.abs(fast.inhibited - exact.inhibited).max() <= max(tolerance, 1e-7) * exact.inhibited.max()


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_a_stimulus_alone_and_in_a_batch_gives_the_same_bits(backend, patch):
    p = Mely2018Parameters(ssn=5, ssf=15)
    batch = np.concatenate([patch, 3 * patch[::-1], np.zeros_like(patch[:1])])
    together = steady_state(batch, p, backend=backend)
    for i in range(len(batch)):
        alone = steady_state(batch[i : i + 1], p, backend=backend)
        for name in ("inhibited", "output", "residual", "converged", "n_steps"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[i])


def test_the_number_of_threads_does_not_change_a_bit(patch):
    numba = pytest.importorskip("numba")
    p, before = Mely2018Parameters(ssn=5, ssf=15), numba.get_num_threads()
    results = []
    for n in {1, before}:
        numba.set_num_threads(n)
        results.append(steady_state(np.concatenate([patch] * 3), p).output)
    numba.set_num_threads(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_cropping_to_the_support_changes_nothing(patch):
    p = Mely2018Parameters(ssn=5, ssf=15)
    cropped = simulate(patch, p, n_steps=40)
    corners = (0, int(np.prod(patch.shape[1:])) - 1)
    forced = Perturbation(units=corners, mode="silence")  # they are silent anyway, but the crop must hold them
    whole = simulate(patch, p, n_steps=40, perturbations=(forced,))
    np.testing.assert_allclose(cropped.output, whole.output, atol=1e-13)
    np.testing.assert_allclose(cropped.inhibited, whole.inhibited, atol=1e-13)


def test_units_perturbed_far_from_the_stimulus_are_not_cropped_away(patch):
    p = Mely2018Parameters(ssn=5, ssf=15)
    act = Perturbation(units=(0,), mode="drive", value=2.0)
    fast, slow = (steady_state(patch, p, perturbations=(act,), backend=b) for b in ("numba", "reference"))
    assert fast.inhibited[0, 0, 0, 0] > 0.1
    np.testing.assert_allclose(fast.output, slow.output, atol=1e-7)


def test_an_initial_activity_far_from_the_stimulus_is_not_cropped_away(patch):
    p = Mely2018Parameters(ssn=5, ssf=15)
    start = np.zeros_like(patch), np.zeros_like(patch)
    start[1][:, -1, -1, 0] = 1.0
    fast, slow = (simulate(patch, p, n_steps=3, initial=start, backend=b) for b in ("numba", "reference"))
    np.testing.assert_allclose(fast.output, slow.output, atol=1e-13)


def test_a_blank_stimulus_stays_blank_and_is_at_rest():
    result = steady_state(np.zeros((2, 29, 29, 4), np.float32))
    assert not result.output.any()
    assert result.converged.all()
    assert (result.residual == 0).all()


def test_the_drive_and_the_initial_state_are_left_alone(patch):
    p, drive = Mely2018Parameters(ssn=5, ssf=15), patch.copy()
    start = drive.copy(), drive.copy()
    simulate(drive, p, n_steps=2, initial=start, perturbations=(Perturbation(units="output", mode="silence"),))
    for array in (drive, *start):
        np.testing.assert_array_equal(array, patch)
