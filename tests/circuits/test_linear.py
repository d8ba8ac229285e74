"""The linear circuit: against dense algebra, under perturbations, and what it refuses."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg

import insilico
from insilico.circuits.linear import LinearParameters, simulate, steady_state
from insilico.circuits.linear_equations import wired
from insilico.gaussian_pools import GaussianSurround, circular_gaussian
from insilico.perturb import Perturbation, unit_ids
from stimuli import Grating, StimulusSet

P = LinearParameters(sigma_I=3.0, core_I=1.5, omega_E=0.1)
UNTUNED = LinearParameters(sigma_E=0.8, sigma_I=2.0, core_I=0.0, omega_E=np.inf, omega_I=np.inf)
BOUNDARIES = pytest.mark.parametrize("boundary", ["zero", "periodic"])
SHAPE = (6, 7, 5)


def dense_weights(p, shape, boundary):
    """W between all units, pair by pair from its definition."""
    height, width, k = shape
    units = [(y, x, f) for y in range(height) for x in range(width) for f in range(k)]
    W = np.zeros((len(units), len(units)))
    for sign, w, sigma, core, omega in (
        (1, p.w_E, p.sigma_E, p.core_E, p.omega_E),
        (-1, p.w_I, p.sigma_I, p.core_I, p.omega_I),
    ):
        far = np.arange(-100, 101)
        whole, inside = (lambda d, s: np.exp(-0.5 * (d / s) ** 2) if s else (d == 0) * 1.0), core
        area = whole(far, sigma).sum() ** 2 - whole(far, inside).sum() ** 2
        turns = np.arange(-12, 13) if boundary == "periodic" else np.zeros(1)
        lag = np.arange(k)[:, None] / k + np.arange(-12, 13)[None, :]
        over_features = np.ones(k) / k if np.isinf(omega) else np.exp(-0.5 * (lag / omega) ** 2).sum(axis=1)
        over_features /= over_features.sum()
        for i, (y, x, f) in enumerate(units):
            for j, (v, u, g) in enumerate(units):
                dy, dx = y - v + turns * height, x - u + turns * width
                space = whole(dy, sigma).sum() * whole(dx, sigma).sum()
                space -= whole(dy, inside).sum() * whole(dx, inside).sum()
                W[i, j] += sign * w * space / area * over_features[(f - g) % k]
    return W


@pytest.fixture(scope="module")
def drive():
    return np.random.default_rng(5).uniform(size=(2, *SHAPE))


@BOUNDARIES
@pytest.mark.parametrize("p", [P, UNTUNED], ids=["tuned", "untuned"])
def test_the_steady_state_solves_the_dense_system(p, boundary, drive):
    W = dense_weights(p, SHAPE, boundary)
    found = steady_state(drive, p, boundary=boundary)
    expected = np.linalg.solve(np.eye(len(W)) - W, drive.reshape(2, -1).T).T.reshape(drive.shape)
    assert np.abs(found.output - expected).max() <= 1e-12 * np.abs(expected).max()
    assert found.converged.all()
    assert (found.residual <= 1e-14).all()


@BOUNDARIES
def test_the_steady_state_honours_clamps_scales_and_drives(boundary, drive):
    W = dense_weights(P, SHAPE, boundary)
    acts = (
        Perturbation(units=(3, 100), mode="clamp", value=(0.7, 0.0)),
        Perturbation(units=(20, 21), mode="scale", value=(0.5, 0.0)),
        Perturbation(units=(50,), mode="silence"),
        Perturbation(units=(20, 60), mode="drive", value=1.5),
    )
    n = len(W)
    scale, added, held = np.ones(n), np.zeros(n), np.zeros(n, dtype=bool)
    value = np.zeros(n)
    scale[[20, 21]], added[[20, 60]], held[[3, 50, 100]], value[3] = (0.5, 0.0), 1.5, True, 0.7
    for i, x in enumerate(drive.reshape(2, -1)):
        system = np.where(held[:, None], np.eye(n), np.eye(n) - scale[:, None] * W)
        expected = np.linalg.solve(system, np.where(held, value, scale * (x + added)))
        found = steady_state(drive, P, boundary=boundary, perturbations=acts)
        assert np.abs(found.output[i].ravel() - expected).max() <= 1e-12 * np.abs(expected).max()
        assert found.converged.all()


@BOUNDARIES
def test_a_long_run_ends_in_the_steady_state_and_follows_the_matrix_exponential(boundary, drive):
    W = dense_weights(P, SHAPE, boundary)
    act = Perturbation(units=(7, 8), mode="drive", value=2.0)
    settled = steady_state(drive, P, boundary=boundary, perturbations=(act,))
    run = simulate(drive, P, n_steps=400, boundary=boundary, perturbations=(act,))
    assert np.abs(run.output - settled.output).max() <= 1e-12
    assert run.converged.all()
    A = (W - np.eye(len(W))) / P.tau
    start = np.zeros_like(drive)
    exact = np.linalg.solve(A, (scipy.linalg.expm(3 * A) - np.eye(len(W))) @ drive.reshape(2, -1).T / P.tau)
    errors = []
    for n in (64, 128, 256):
        found = simulate(drive, P, step=3 / n, n_steps=n, boundary=boundary, initial=start).output
        errors.append(np.abs(found.reshape(2, -1).T - exact).max())
    ratios = [a / b for a, b in pairwise(errors)]
    assert np.allclose(ratios, 2, atol=0.1)  # first order
    assert errors[-1] < 2e-3 * np.abs(exact).max()


def test_a_window_acts_while_it_is_open_and_a_clamp_holds(drive):
    unit = unit_ids(SHAPE, population="output", y=2, x=3, feature=1, populations=("output",))
    act = Perturbation(units=unit, mode="clamp", value=0.9, window=(5.0, 10.0))
    run = lambda n, acts=(act,): simulate(drive, P, n_steps=n, perturbations=acts).output  # noqa: E731
    assert np.array_equal(run(5), run(5, ()))
    assert (run(6)[:, 2, 3, 1] == 0.9).all()
    assert (run(10)[:, 2, 3, 1] == 0.9).all()
    assert (run(11)[:, 2, 3, 1] != 0.9).all()
    assert np.allclose(run(600), steady_state(drive, P).output, atol=1e-12)


@BOUNDARIES
def test_rates_may_be_negative_and_double_with_the_drive(boundary, drive):
    one = np.zeros((1, *SHAPE))
    one[0, 3, 3, 2] = 1
    p = LinearParameters(w_E=0.0, sigma_I=3.0, core_I=1.5)
    found = steady_state(one, p, boundary=boundary).output
    assert found.min() < -1e-4
    np.testing.assert_allclose(steady_state(2 * one, p, boundary=boundary).output, 2 * found, atol=1e-15)


@BOUNDARIES
def test_lesions_remove_their_mechanism(boundary, drive):
    for lesion, change in (
        ("E", {"w_E": 0.0}),
        ("I", {"w_I": 0.0}),
        ("untuned_E", {"omega_E": np.inf}),
        ("untuned_I", {"omega_I": np.inf}),
    ):
        lesioned = steady_state(drive, P, boundary=boundary, lesions=(lesion,)).output
        without = steady_state(drive, replace(P, **change), boundary=boundary).output
        np.testing.assert_allclose(lesioned, without, atol=1e-14)


@BOUNDARIES
def test_an_unstable_circuit_is_refused_with_its_largest_eigenvalue(boundary, drive):
    p = LinearParameters(w_E=1.9, sigma_E=1.0, sigma_I=3.0, core_I=1.5, omega_E=0.1)
    largest = np.linalg.eigvalsh(dense_weights(p, SHAPE, boundary)).max() - 1
    assert largest > 0
    for call in (steady_state, simulate):
        with pytest.raises(ValueError, match=rf"largest eigenvalue of W − 1 is {largest:.4g} .*must be < 0"):
            call(drive, p, boundary=boundary)


def test_weights_that_only_borders_make_stable_are_stable_there():
    p = LinearParameters(w_E=1.3, w_I=0.0, sigma_E=1.0, omega_E=0.1)
    drive = np.ones((1, 4, 4, 3))
    assert np.linalg.eigvalsh(dense_weights(p, (4, 4, 3), "zero")).max() < 1
    assert steady_state(drive, p).converged.all()
    with pytest.raises(ValueError, match="largest eigenvalue"):
        steady_state(drive, p, boundary="periodic")


def test_pools_are_means_and_leave_the_own_cell_out():
    for pool in (GaussianSurround(width=1.5), GaussianSurround(width=6.0, core=2.5)):
        activity = np.zeros((101, 101, 1))
        activity[50, 50] = 1
        kernel = pool.pooled(activity)[..., 0]
        assert kernel.sum() == pytest.approx(1, abs=1e-12)
        assert abs(kernel[50, 50]) <= 1e-17
        assert kernel.min() >= -1e-17
        np.testing.assert_allclose(np.fft.fft2(np.fft.ifftshift(pool.pooled(activity, "periodic")[..., 0])).real,
                                   pool.symbol((101, 101)), atol=1e-13)  # fmt: skip
    assert circular_gaussian(16, 0.1).sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(circular_gaussian(16, 5.0), 1 / 16, atol=1e-14)
    assert circular_gaussian(7, np.inf).tolist() == [1 / 7] * 7


@pytest.mark.parametrize("name", insilico.parameter_sets("linear"))
def test_shipped_sets_are_stable_models_that_keep_the_contract(name):
    for boundary in ("zero", "periodic"):
        sheet = {"preparation.shape": (15, 18), "preparation.n_channels": 8, "preparation.boundary": boundary}
        model = insilico.load_model("linear", name, **sheet)
        shown = StimulusSet.grid(
            lambda orientation: Grating(orientation=orientation, spatial_frequency=2, diameter=2), orientation=[0, 40]
        )
        insilico.check_model(model, shown)
        insilico.check_model(model.perturbed(insilico.Lesion("I")), shown)
        wired(model.parameters, (64, 64, 16), lesions=(), boundary=boundary)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w_E": -0.1}, r"w_E = -0\.1: must be finite and >= 0"),
        ({"tau": 0.0}, r"tau = 0\.0: must be finite and > 0"),
        ({"sigma_E": np.inf}, "sigma_E = inf: must be finite"),
        ({"omega_I": 0.0}, r"omega_I = 0\.0: must be > 0.*inf is untuned"),
        ({"core_I": 9.0}, r"core_I = 9\.0, sigma_I = 8\.0: the core must be the narrower"),
    ],
)
def test_parameters_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        LinearParameters(**change)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: steady_state(-d), "must be >= 0"),
        (lambda d: steady_state(d, boundary="wrapped"), "no boundary 'wrapped'"),
        (lambda d: steady_state(d, lesions=("T",)), "no lesion 'T'.*untuned_E"),
        (lambda d: steady_state(d, tol=0), "tol = 0"),
        (lambda d: simulate(d, step=0), "step = 0: must be finite and > 0"),
        (lambda d: simulate(d, n_steps=1.5), r"n_steps = 1\.5"),
        (lambda d: simulate(d, initial=d[0]), "initial of shape"),
        (
            lambda d: steady_state(d, perturbations=(Perturbation(units=(1,), mode="silence", window=(0, 3)),)),
            "a steady state needs",
        ),
    ],
)
def test_bad_input_is_refused(call, message, drive):
    with pytest.raises(ValueError, match=message):
        call(drive)
