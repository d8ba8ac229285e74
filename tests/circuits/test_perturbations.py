"""Laws that a perturbation obeys inside the dynamics, in both backends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insilico.circuits.mely2018 import Mely2018Parameters, simulate, steady_state
from insilico.perturb import Perturbation, combined, unit_ids

P = Mely2018Parameters(ssn=5, ssf=15)
QUICK = settings(deadline=None, max_examples=20)
BACKENDS = pytest.mark.parametrize("backend", ["numba", "reference"])


def same(a, b):
    return np.array_equal(a.inhibited, b.inhibited) and np.array_equal(a.output, b.output)


@BACKENDS
def test_no_perturbation_and_one_without_units_are_the_identity(backend, patch):
    intact = simulate(patch, P, n_steps=30, backend=backend)
    assert same(intact, simulate(patch, P, n_steps=30, backend=backend, perturbations=()))
    nobody = Perturbation(units=(), mode="clamp", value=3.0)
    nobodys = simulate(patch, P, n_steps=30, backend=backend, perturbations=(nobody,))
    assert same(nobodys, intact)


@BACKENDS
def test_a_silenced_population_is_silent_during_the_window_and_recovers_after_it(backend, patch):
    act = Perturbation(units="output", mode="silence", window=(5.0, 10.0))
    run = lambda n, acts=(act,): simulate(patch, P, n_steps=n, backend=backend, perturbations=acts)  # noqa: E731
    assert same(run(5), run(5, ()))
    for n in (6, 8, 10):
        assert not run(n).output.any()
        assert run(n).inhibited.any()
    assert run(11).output.any()
    settled = steady_state(patch, P, backend=backend)
    np.testing.assert_allclose(run(600).output, settled.output, atol=1e-6)


@BACKENDS
def test_nothing_before_the_window_changes(backend, patch):
    acts = (
        Perturbation(units="input", mode="drive", value=2.0, window=(7.0, np.inf)),
        Perturbation(units=(3, 400), mode="scale", value=0.0, window=(8.0, 9.0)),
    )
    perturbed = simulate(patch, P, n_steps=7, backend=backend, perturbations=acts)
    assert same(perturbed, simulate(patch, P, n_steps=7, backend=backend))
    assert not same(
        simulate(patch, P, n_steps=8, backend=backend, perturbations=acts),
        simulate(patch, P, n_steps=8, backend=backend),
    )


@pytest.mark.parametrize("step", [0.1, 0.3, 1.0])
def test_the_edges_of_a_window_hit_the_steps_that_begin_there(step, patch):
    start, stop = 3 * step, 7 * step
    act = Perturbation(units="input", mode="silence", window=(start, stop))
    silent = [not simulate(patch, P, step=step, n_steps=n, perturbations=(act,)).inhibited.any() for n in range(1, 10)]
    assert silent == [False, False, False, True, True, True, True, False, False]


@BACKENDS
def test_a_run_in_two_calls_is_the_run_in_one(backend, patch):
    act = Perturbation(units="output", mode="drive", value=0.5, window=(4.0, 9.0))
    whole = simulate(patch, P, n_steps=12, backend=backend, perturbations=(act,))
    half = simulate(patch, P, n_steps=6, backend=backend, perturbations=(act,))
    rest = simulate(
        patch, P, n_steps=6, start=6.0, backend=backend, perturbations=(act,), initial=(half.inhibited, half.output)
    )
    assert same(whole, rest)


@BACKENDS
def test_a_clamp_holds_its_value_from_the_start_of_the_first_step(backend, patch):
    unit = unit_ids(patch.shape[1:], population="output", y=7, x=7, feature=2)
    clamp = Perturbation(units=unit, mode="clamp", value=0.9)
    start = (patch.copy(), patch.copy())
    start[1][:, 7, 7, 2] = 0.9
    first = simulate(patch, P, n_steps=1, backend=backend, perturbations=(clamp,))
    unclamped = simulate(patch, P, n_steps=1, backend=backend, initial=start)
    np.testing.assert_allclose(first.inhibited, unclamped.inhibited, atol=1e-14)
    assert (first.output[:, 7, 7, 2] == 0.9).all()


@BACKENDS
def test_a_clamp_given_twice_is_one_clamp_and_silence_is_a_clamp_at_zero(backend, patch):
    clamp = Perturbation(units=(10, 500, 2000), mode="clamp", value=0.4)
    once, twice = (
        simulate(patch, P, n_steps=9, backend=backend, perturbations=acts) for acts in ((clamp,), (clamp, clamp))
    )
    assert same(once, twice)
    zero = Perturbation(units="input", mode="clamp", value=0.0)
    silence = Perturbation(units="input", mode="silence")
    assert same(*(simulate(patch, P, n_steps=9, backend=backend, perturbations=(act,)) for act in (zero, silence)))


@BACKENDS
def test_a_clamp_at_the_units_own_steady_state_changes_nothing(backend, patch):
    drive = patch[:1]
    settled = steady_state(drive, P, tol=1e-11, backend=backend)
    units = unit_ids(drive.shape[1:], population="output", y=[6, 7], x=7)
    values = tuple(settled.output[0, [6, 7], 7].ravel())
    clamped = steady_state(
        drive, P, tol=1e-11, backend=backend, perturbations=(Perturbation(units=units, mode="clamp", value=values),)
    )
    np.testing.assert_allclose(clamped.output, settled.output, atol=1e-8)
    np.testing.assert_allclose(clamped.inhibited, settled.inhibited, atol=1e-8)


@QUICK
@given(st.floats(-2, 2), st.floats(0, 3), st.sampled_from(["numba", "reference"]))
def test_drive_and_scale_settle_where_the_perturbed_closed_form_says(push, scale, backend):
    drive = np.random.default_rng(3).uniform(size=(1, 15, 15, 4))
    acts = tuple(
        Perturbation(units=population, mode=mode, value=value)
        for population in ("input", "output")
        for mode, value in (("drive", push), ("scale", scale))
    )
    p = Mely2018Parameters(ssn=5, ssf=15, beta=0.5, gamma=0.0, delta=0.0, zeta=0.7)
    result = steady_state(drive, p, backend=backend, perturbations=acts, lesions=("T",))
    assert result.converged.all()
    I, U = result.inhibited[0], result.output[0].mean(axis=-1, keepdims=True)
    I_star = scale * np.maximum(push + p.xi * drive[0] - p.mu * U, 0) / (p.epsilon**2 + scale * p.alpha * U)
    O_star = scale * np.maximum(push + p.zeta * I, 0) / p.sigma**2
    np.testing.assert_allclose(I, I_star, atol=1e-7 * max(1, I.max()))
    np.testing.assert_allclose(result.output[0], O_star, atol=1e-7 * max(1, O_star.max()))


def test_drives_add_and_scales_multiply():
    acts = [Perturbation(units=(0, 1), mode="drive", value=v) for v in (0.5, 1.0)]
    acts += [Perturbation(units=(1,), mode="scale", value=v) for v in (2.0, 3.0)]
    forces = combined(acts, (1, 1, 2))
    np.testing.assert_array_equal(forces.drive.ravel(), [1.5, 1.5, 0, 0])
    np.testing.assert_array_equal(forces.scale.ravel(), [1, 6, 1, 1])
    assert not forces.held.any()


def test_forced_activity_stays_finite_and_never_negative(patch):
    acts = (
        Perturbation(units="input", mode="drive", value=-100.0, window=(0.0, 5.0)),
        Perturbation(units="output", mode="drive", value=-100.0, window=(2.0, 8.0)),
        Perturbation(units="input", mode="scale", value=0.0, window=(4.0, 12.0)),
    )
    for method in ("euler", "exponential"):
        result = simulate(patch, P, method=method, n_steps=20, perturbations=acts)
        for s in (result.inhibited, result.output):
            assert np.isfinite(s).all()
            assert (s >= 0).all()


def test_unit_ids_index_the_flattened_populations():
    shape = (3, 4, 5)
    every = np.arange(2 * 60).reshape(2, *shape)
    assert unit_ids(shape, population="output", y=1, x=[0, 3], feature=2) == tuple(every[1, 1, [0, 3], 2])
    assert unit_ids(shape, population="input", populations=("input", "output")) == tuple(range(60))
