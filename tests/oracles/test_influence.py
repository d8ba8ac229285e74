"""Influence of single units: against dense algebra, finite differences of the equations, and stimulation one by one."""

import numpy as np
import pytest
import scipy.signal

import insilico
from insilico.analysis import finite_influence, implicit_influence
from insilico.analysis.influence.sites import refuse_destabilised
from insilico.circuits.linear_equations import LinearParameters, wired
from insilico.influence.fixed_point import fixed_point
from insilico.influence.stimulation import Site, driven
from stimuli import Grating, StimulusSet

LINEAR = {"sigma_I": 3.0, "core_I": 1.5, "omega_E": 0.1}
SMALL_2018 = {"ssn": 5, "ssf": 9}
FULL_FIELD = StimulusSet.of([Grating(orientation=20, spatial_frequency=2, contrast=0.15)])
DISC = StimulusSet.of([Grating(orientation=20, spatial_frequency=2, contrast=0.5, diameter=2.3)])
TWO_STAGE = [
    ("mely2018", "default", {}, ()),
    ("mely2018", "published_best", {}, ()),
    ("mely2018", "published_P", {}, ("P",)),
    ("mely2018", "published_T", {}, ("T",)),
    ("mely2018", "default", {"zeta": 0.3}, ("untuned_T",)),
    ("mely2018", "default", {}, ("untuned_P", "U")),
    ("contextual", "extensions_off", {}, ()),
    ("contextual", "minimal", {}, ()),
    ("contextual", "joint", {}, ()),
    ("contextual", "light", {}, ()),
    ("contextual", "light", {"gated": True, "gamma": 0.05}, ()),
    ("contextual", "light", {"alpha": 0.1, "sT": 0.1, "qP": 0.7, "beta": 0.01}, ("untuned_P",)),
]


def model_of(name, parameters=None, *, shape=(9, 9), channels=6, boundary="periodic", lesions=(), **changes):
    sheet = {"preparation.shape": shape, "preparation.n_channels": channels, "preparation.boundary": boundary}
    model = insilico.load_model(name, parameters, **sheet, **changes)
    return model.perturbed(*map(insilico.Lesion, lesions))


def ids_of(model, **place):
    shape = (*model.preparation.sheet.shape, model.preparation.n_channels)
    return insilico.unit_ids(shape, **{"population": "output", "populations": model.circuit.populations, **place})


def small_rings(name):
    if name == "mely2018":
        return SMALL_2018
    return {"rP": 2.0, "rTin": 2.0, "rT": 3.0}


def rates_of(model, drive):
    """The right-hand side of the equations as a function of the flat state, by direct convolution."""
    p, k = model.effective_parameters, model.preparation.n_channels
    shape, lesions = drive.shape, model.lesions
    periodic = model.preparation.sheet.boundary == "periodic"

    def get(name, default=0.0):
        return getattr(p, name, default)

    def box(r, R):
        d = np.abs(np.arange(-R, R + 1))
        cover = np.clip(r + 1 - d, 0, 1)
        return np.outer(cover, cover)

    def ring(outer, inner):
        spread = get("soft")
        scales = np.linspace(1 - spread, 1 + spread, 5) if spread else [1.0]
        R = int(np.ceil(outer * (1 + spread)))
        pieces = [box(outer * s, R) - box(inner * s, R) for s in scales]
        return sum(piece / piece.sum() for piece in pieces) / len(pieces)

    def over_space(s, kernel):
        R = len(kernel) // 2
        if periodic:
            s = np.pad(s, ((R, R), (R, R), (0, 0)), mode="wrap")
            return scipy.signal.convolve(s, kernel[..., None], "valid", "direct")
        return scipy.signal.convolve(s, kernel[..., None], "full", "direct")[R:-R, R:-R]

    def over_features(s, width, untuned):
        if untuned:
            return np.broadcast_to(s.mean(axis=-1, keepdims=True), s.shape)
        if not width:
            return s
        lag = np.arange(-(k // 2), k - k // 2)
        weights = np.exp(-0.5 * (lag / ((k if get("closed", False) else k - 1) * width)) ** 2)
        return sum(w * np.roll(s, d, axis=-1) for w, d in zip(weights / weights.sum(), lag, strict=True))

    if hasattr(p, "ssf"):
        near, far = (((o - 1) / 2, (i - 1) / 2) for o, i in ((p.ssn, p.srf), (p.ssf, p.ssn)))
    else:
        near, far = (p.rP, p.rC), (p.rT, p.rTin)
    on = {name: float(name not in lesions) for name in "PQTUN"}

    def rates(flat):
        I, O = flat.reshape(2, *shape)
        U = on["U"] * O.mean(axis=-1, keepdims=True)
        T = over_features(over_space(O, ring(*far)), get("sT"), "untuned_T" in lesions)
        P = over_features(over_space(I, ring(*near)), get("sP"), "untuned_P" in lesions)
        T, P = on["T"] * np.maximum(T, 0) ** get("qT", 1.0), on["P"] * np.maximum(P, 0) ** get("qP", 1.0)
        P = P * I if get("gated", False) else P
        Q, N = on["Q"] * over_features(I, p.omega, False), on["N"] * over_space(O, ring(*near))
        a = p.xi * drive - (p.alpha * I + p.mu) * U - (p.beta * I + p.nu) * T
        b = p.zeta * I + p.gamma * P + p.delta * Q + get("gO") * N - get("thO")
        dI, dO = -(p.epsilon**2) * I + np.maximum(a, 0), -(p.sigma**2) * O + np.maximum(b, 0)
        return np.concatenate([(dI / p.eta).ravel(), (dO / p.tau).ravel()])

    return rates


def jacobian_of(rates, flat, step):
    """Central differences; a unit at 0 is differentiated from above."""
    J = np.zeros((flat.size, flat.size))
    for i in range(flat.size):
        up, down = flat.copy(), flat.copy()
        up[i] += step
        down[i] = max(flat[i] - step, 0.0)
        J[:, i] = (rates(up) - rates(down)) / (up[i] - down[i])
    return J


def dense_of(linear):
    """The linearized dynamics as a matrix, column by column."""
    n = len(linear.decay)
    J = []
    for unit in range(n * int(np.prod(linear.shape))):
        deviation = np.zeros((n, *linear.shape))
        deviation.reshape(-1)[unit] = 1
        J.append(np.concatenate([r.ravel() for r in linear.rates(list(deviation))]))
    return np.stack(J, axis=1)


@pytest.mark.parametrize("boundary", ["periodic", "zero"])
@pytest.mark.parametrize(("name", "parameters", "changes", "lesions"), TWO_STAGE)
def test_the_linearization_is_the_derivative_of_the_equations(name, parameters, changes, lesions, boundary):
    model = model_of(
        name, parameters, shape=(7, 8), channels=3, boundary=boundary, lesions=lesions,
        **({"ssn": 3, "ssf": 7} if name == "mely2018" else small_rings(name) | {"soft": 0.0}), **changes,
    )  # fmt: skip
    drive = model.encode(FULL_FIELD if boundary == "periodic" else DISC)
    point = fixed_point(model.equations(drive)[0], tol=1e-13, blocks=False)
    rates, state = rates_of(model, drive.values[0]), np.concatenate([s.ravel() for s in point.state])
    assert point.converged
    assert np.abs(rates(state)).max() <= 1e-13 * max(1, state.max())
    linear = dense_of(point.linear)
    open_ = np.concatenate([(s > 0).ravel() for s in point.state])
    expected = jacobian_of(rates, state, 1e-6 * state.max())
    # the columns of silent units are those of a rectifier that is shut: a push from above changes what their pools hear
    assert np.abs(linear - expected)[:, open_].max() <= 1e-6 * np.abs(expected).max()
    assert open_.sum() > 0.3 * open_.size
    eigenvalue = np.linalg.eigvals(linear).real.max()
    assert point.largest_eigenvalue == pytest.approx(eigenvalue, rel=2e-3, abs=1e-6)
    if boundary == "periodic":
        uniform = fixed_point(model.equations(drive)[0], tol=1e-13)
        assert uniform.blocks is not None
        assert uniform.largest_eigenvalue == pytest.approx(eigenvalue, rel=1e-9, abs=1e-12)
        for a, b in zip(uniform.state, point.state, strict=True):
            assert np.abs(a - b).max() <= 1e-11 * max(1, state.max())


@pytest.mark.parametrize("boundary", ["periodic", "zero"])
@pytest.mark.parametrize("omega_I", [0.12, np.inf])
def test_a_linear_network_gives_its_inverse(boundary, omega_I):
    model = model_of("linear", shape=(7, 8), channels=4, boundary=boundary, **LINEAR, omega_I=omega_I)
    p = LinearParameters(**LINEAR, omega_I=omega_I)
    wiring = wired(p, (7, 8, 4), lesions=(), boundary=boundary)
    n = 7 * 8 * 4
    W = np.stack([wiring.heard(unit.reshape(7, 8, 4)).ravel() for unit in np.eye(n)], axis=1)
    inverse = np.linalg.inv(np.eye(n) - W)
    targets = [5, 100, 223]
    shown = FULL_FIELD if boundary == "periodic" else DISC
    for method in ("auto", "gmres"):
        small = implicit_influence(model, shown, targets, method=method, tol=1e-12)
        np.testing.assert_allclose(small["gain"].values[0].T, inverse[:, targets], rtol=0, atol=1e-10)
        finite = finite_influence(model, shown, targets, drive=0.7, method=method)
        np.testing.assert_allclose(finite["change"].values[0].T, 0.7 * inverse[:, targets], rtol=0, atol=1e-10)
    assert small.attrs["largest_eigenvalue"] == pytest.approx((np.linalg.eigvalsh(W).max() - 1) / p.tau, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "parameters", "changes", "lesions"),
    [row for row in TWO_STAGE if row[1] != "published_T"],  # which these small rings make unstable
)
def test_one_matrix_per_frequency_gives_what_gmres_gives(name, parameters, changes, lesions):
    model = model_of(name, parameters, shape=(9, 12), lesions=lesions, **small_rings(name), **changes)
    both = "input", "output"
    active = np.flatnonzero(fixed_point(model.equations(model.encode(FULL_FIELD))[0], tol=1e-13).state[1][0, 0])
    targets = [ids_of(model, y=y, x=x, feature=int(active[i]))[0] for i, (y, x) in enumerate([(0, 3), (4, 11)])]
    everyone = insilico.Recording(cells="all", populations=both)
    for populations in (None, both):
        blocks, gmres = (
            implicit_influence(
                model, FULL_FIELD, targets, method=method, tol=1e-12, recording=everyone, populations=populations
            )
            for method in ("blocks", "gmres")
        )
        scale = np.abs(gmres["gain"]).max()
        assert float(np.abs(blocks["gain"] - gmres["gain"]).max()) <= 1e-9 * scale
        assert np.allclose(blocks["influence"].sel(unit=targets[0]).values[0, 0], 1, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "parameters", "changes", "lesions", "boundary"),
    [
        ("mely2018", "default", {}, (), "periodic"),
        ("mely2018", "default", {}, ("U",), "periodic"),
        ("mely2018", "default", {}, (), "zero"),
        ("contextual", "light", {}, (), "periodic"),
        ("contextual", "light", {}, (), "zero"),
    ],
)
def test_a_small_finite_drive_has_the_implicit_influence(name, parameters, changes, lesions, boundary):
    model = model_of(
        name, parameters, shape=(15, 15), boundary=boundary, lesions=lesions, **small_rings(name), **changes
    )
    shown = FULL_FIELD if boundary == "periodic" else DISC
    targets = ids_of(model, y=7, x=[6, 7], feature=[0, 1])
    small = implicit_influence(model, shown, targets, tol=1e-11)
    finite = finite_influence(model, shown, targets, r=0.001)
    assert small.attrs["residual"] <= 1e-13
    assert float(finite["driven_residual"].max()) <= 1e-13
    np.testing.assert_allclose(finite["r"].values, 0.001, rtol=1e-9)
    own = small["unit"].values[None] == small["target"].values[:, None]
    expected = np.where(own, 0, small["influence"].values[0])
    error = np.abs(np.where(own, 0, finite["influence"].values[0]) - expected).max(axis=1)
    assert (error <= 1e-4 * np.abs(expected).max(axis=1)).all()
    larger = finite_influence(model, shown, targets, r=0.02)
    assert (np.abs(np.where(own, 0, larger["influence"].values[0]) - expected).max(axis=1) < 25 * error + 1e-9).all()
    size = float(larger["drive"].mean())
    up, down = (finite_influence(model, shown, targets, drive=d)["change"].values[0] for d in (size, -size))
    gain = np.where(
        own, 0, small["gain"].values[0]
    )  # at 2 % the error of one drive is linear in it, that of two is not
    error = np.abs(np.where(own, 0, (up - down) / (2 * size)) - gain).max(axis=1)
    assert (error <= 1e-4 * np.abs(gain).max(axis=1)).all()


@pytest.mark.parametrize("parameters", ["default", "published_best"])
def test_on_the_published_circuit_implicit_and_finite_influence_agree(parameters):
    model = model_of("mely2018", parameters, shape=(64, 64), channels=16)
    targets = ids_of(model, y=5, x=5, feature=[1, 2])
    small = implicit_influence(model, FULL_FIELD, targets)
    own = small["unit"].values[None] == small["target"].values[:, None]
    others = np.where(own, 0, small["influence"].values[0])
    for r, of_own_change, of_largest in ((0.02, 2e-5, 5e-4), (0.004, 4e-6, 1e-4)):
        finite = finite_influence(model, FULL_FIELD, targets, r=r)
        assert max(small.attrs["residual"], float(finite["driven_residual"].max())) <= 1e-13
        error = np.abs(np.where(own, 0, finite["influence"].values[0]) - others).max()
        assert error <= of_own_change  # influence is per change of the target
        assert error <= of_largest * np.abs(others).max()  # against the largest influence on another unit


@pytest.mark.parametrize("boundary", ["periodic", "zero"])
@pytest.mark.parametrize(("name", "parameters"), [("mely2018", "default"), ("contextual", "light"), ("linear", None)])
def test_a_finite_drive_ends_in_the_steady_state_of_the_perturbed_circuit(name, parameters, boundary):
    changes = LINEAR if name == "linear" else small_rings(name)
    model = model_of(name, parameters, shape=(15, 13), boundary=boundary, **changes)
    shown = FULL_FIELD if boundary == "periodic" else DISC
    targets = ids_of(model, y=[7, 3], x=6, feature=[0, 1])
    whole = insilico.Recording(cells="all")
    before = insilico.record(model, shown, recording=whole)["response"].values
    for request in ({"r": 1.0}, {"drive": 0.4, "populations": model.circuit.populations}):
        found = finite_influence(model, shown, targets, **request)
        for j, target in enumerate(targets):
            driven = [target]
            if "populations" in request and name != "linear":
                driven = [target - 15 * 13 * 6, target]
            act = insilico.Perturbation(units=driven, mode="drive", value=float(found["drive"][0, j]))
            after = insilico.record(model.perturbed(act), shown, recording=whole)["response"].values
            assert np.abs(found["change"].values[:, j] - (after - before)).max() <= 2e-7
        if "r" in request:
            top = before.max(axis=0)[[list(found["unit"].values).index(t) for t in targets]]
            np.testing.assert_allclose(found["own_change"].values[0], request["r"] * top, rtol=1e-6)


def test_a_stated_change_of_the_target_is_reached_when_both_stages_are_driven():
    model = model_of("mely2018", shape=(15, 15), **SMALL_2018)
    target = ids_of(model, y=7, x=6, feature=0)
    both = "input", "output"
    found = finite_influence(model, FULL_FIELD, target, r=0.5, populations=both)
    assert found["r"].item() == pytest.approx(0.5, rel=1e-9)
    again = finite_influence(model, FULL_FIELD, target, drive=found["drive"].item(), populations=both)
    np.testing.assert_allclose(again["change"].values, found["change"].values, rtol=0, atol=1e-10)
    alone = finite_influence(model, FULL_FIELD, target, r=0.5)
    assert alone["drive"].item() != pytest.approx(found["drive"].item(), rel=1e-3)


def test_a_sham_changes_nothing_at_all():
    for name in insilico.list_models():
        model = model_of(name, "minimal" if name == "contextual" else None, shape=(31, 31))
        sham = finite_influence(model, FULL_FIELD, ids_of(model, y=5, x=5, feature=0), drive=0.0)
        assert not sham["change"].values.any()
        assert not sham["own_change"].values.any()


@pytest.mark.parametrize("name", ["feedforward", "normalization"])
@pytest.mark.parametrize("boundary", ["periodic", "zero"])
def test_units_of_a_static_circuit_influence_nobody(name, boundary):
    model = model_of(name, boundary=boundary)
    target = ids_of(model, y=4, x=4, feature=1)
    for mapped in (implicit_influence(model, DISC, target), finite_influence(model, DISC, target, r=1.0)):
        influence = mapped["influence"].values[0, 0]
        own = mapped["unit"].values == target[0]
        assert not influence[~own].any()
        assert influence[own] == pytest.approx(1, abs=1e-12)
        assert mapped.attrs["largest_eigenvalue"] == -np.inf


def test_targets_of_one_channel_are_translations_of_each_other():
    model = model_of("mely2018", shape=(15, 15), **SMALL_2018)
    targets = ids_of(model, y=[2, 9], x=[3, 14], feature=1)
    once = finite_influence(model, FULL_FIELD, targets, r=1.0)
    alone = [finite_influence(model, FULL_FIELD, [t], r=1.0, method="gmres") for t in targets]
    for j, single in enumerate(alone):
        np.testing.assert_allclose(once["change"].values[:, j], single["change"].values[:, 0], rtol=0, atol=1e-11)
        np.testing.assert_allclose(once["drive"].values[:, j], single["drive"].values[:, 0], rtol=1e-9)


def test_perturbations_of_the_model_hold_during_the_mapping():
    model = model_of("mely2018", shape=(15, 15), boundary="periodic", **SMALL_2018)
    held = ids_of(model, y=7, x=9, feature=0)
    clamped = model.perturbed(insilico.Perturbation(units=held, mode="clamp", value=0.5))
    target = ids_of(model, y=7, x=7, feature=0)
    with pytest.raises(ValueError, match="needs a periodic sheet with the same drive everywhere"):
        implicit_influence(clamped, FULL_FIELD, target, method="blocks")
    mapped = implicit_influence(clamped, FULL_FIELD, target)
    assert not mapped["gain"].sel(unit=held[0]).values.any()
    for call in (implicit_influence, lambda *a: finite_influence(*a, drive=0.1)):
        with pytest.raises(ValueError, match=r"row 7, column 9, channel 0\) is (silent or )?held"):
            call(clamped, FULL_FIELD, held)
    scaled = model.perturbed(insilico.Perturbation(units="input", mode="scale", value=0.5))
    uniform, any_sheet = (
        implicit_influence(scaled, FULL_FIELD, target, method=method, tol=1e-12) for method in ("blocks", "gmres")
    )
    np.testing.assert_allclose(uniform["gain"].values, any_sheet["gain"].values, rtol=0, atol=1e-10)


def test_an_unstable_fixed_point_is_refused_with_its_residual_and_eigenvalue():
    model = model_of("mely2018", shape=(64, 64), channels=16, alpha=0.0, beta=0.0)
    target = ids_of(model, y=5, x=5, feature=0)
    message = r"is unstable.*residual .*largest eigenvalue \+0\.003"
    for call in (implicit_influence, lambda *a: finite_influence(*a, r=1.0)):
        with pytest.raises(ValueError, match=message):
            call(model, FULL_FIELD, target)


@pytest.mark.parametrize(("name", "parameters"), [("mely2018", "default"), ("contextual", "light"), ("linear", None)])
def test_the_eigenvalue_of_the_driven_circuit_is_that_of_the_dense_matrix(name, parameters):
    changes = LINEAR if name == "linear" else small_rings(name)
    model = model_of(name, parameters, shape=(9, 9), channels=4, boundary="periodic", **changes)
    target = ids_of(model, y=4, x=4, feature=0)
    for request in ({"drive": 1.0}, {"r": 1.0}):
        found = finite_influence(model, FULL_FIELD, target, **request)
        act = insilico.Perturbation(units=target, mode="drive", value=float(found["drive"][0, 0]))
        under = fixed_point(model.perturbed(act).equations(model.encode(FULL_FIELD))[0], tol=1e-13)
        dense = np.linalg.eigvals(dense_of(under.linear)).real.max()
        assert float(found["driven_eigenvalue"][0, 0]) == pytest.approx(dense, rel=0.01)
    sham = finite_influence(model, FULL_FIELD, target, drive=0.0)
    assert float(sham["driven_eigenvalue"][0, 0]) == float(sham["largest_eigenvalue"][0])


def test_a_drive_that_leaves_no_stable_state_is_refused_with_residual_and_eigenvalue():
    model = model_of("mely2018", shape=(64, 64), channels=16, alpha=0.0, beta=0.0)
    point = fixed_point(model.equations(model.encode(FULL_FIELD))[0], tol=1e-13)
    site = Site(population=1, driven=(1,), row=5, column=5, channel=0)
    with pytest.raises(ValueError, match=r"makes the circuit unstable.*residual .*largest eigenvalue \+0\.003"):
        refuse_destabilised(driven(point, site, 0.01, tol=1e-12), site, model)


def test_a_silent_unit_has_no_small_signal_influence_but_a_finite_one():
    model = model_of("mely2018", shape=(31, 31), channels=16)
    point = fixed_point(model.equations(model.encode(FULL_FIELD))[0], tol=1e-13)
    silent = int(np.flatnonzero(point.state[0][0, 0] == 0)[0])
    target = ids_of(model, population="input", y=5, x=5, feature=silent)
    with pytest.raises(ValueError, match=rf"population input, row 5, column 5, channel {silent}\) is silent"):
        implicit_influence(model, FULL_FIELD, target)
    with pytest.raises(ValueError, match="responds to none of the stimuli"):
        finite_influence(model, FULL_FIELD, target, r=1.0)
    assert float(np.abs(finite_influence(model, FULL_FIELD, target, drive=2.0)["change"]).max()) > 1e-3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: implicit_influence(m, FULL_FIELD, [10**6]), r"unit 1000000 does not exist.*see unit_ids"),
        (lambda m: implicit_influence(m, FULL_FIELD, []), r"targets = \[\]: name one unit or more"),
        (lambda m: implicit_influence(m, FULL_FIELD, [500, 500]), "each once"),
        (lambda m: implicit_influence(m, FULL_FIELD, [500], method="fft"), "no method 'fft'"),
        (lambda m: implicit_influence(m, DISC, [500], method="blocks"), "use method 'gmres', or 'auto'"),
        (lambda m: implicit_influence(m, DISC, [500], populations=("outputs",)), "Did you mean 'output'"),
        (lambda m: finite_influence(m, FULL_FIELD, [500]), "give one of the three"),
        (lambda m: finite_influence(m, FULL_FIELD, [500], r=1.0, drive=1.0), "give one of the three"),
        (lambda m: finite_influence(m, FULL_FIELD, [500], drive=np.nan), "finite"),
        (lambda m: finite_influence(m, FULL_FIELD, [500], r=-1.5), "which the circuit cannot reach"),
        (
            lambda m: implicit_influence(m, DISC, [500], recording=insilico.Recording(window=(0, 3))),
            "leave the window out",
        ),
    ],
)
def test_bad_requests_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(model_of("mely2018", **SMALL_2018))


def test_results_carry_their_labels_to_disk_and_back(tmp_path):
    model = model_of("mely2018", **SMALL_2018)
    shown = StimulusSet.grid(
        lambda orientation: Grating(orientation=orientation, spatial_frequency=2, contrast=0.15), orientation=[0, 60]
    )
    targets = ids_of(model, y=4, x=[2, 5], feature=0)
    for mapped in (implicit_influence(model, shown, targets), finite_influence(model, shown, targets, r=1.0)):
        assert mapped["influence"].dims == ("stimulus", "target", "unit")
        assert mapped["target_column"].values.tolist() == [2, 5]
        assert mapped["orientation"].values.tolist() == [0, 60]
        assert {"row", "column", "channel", "unit_x", "preferred_orientation", "target_x"} <= set(mapped.coords)
        assert mapped.attrs["converged"] == 1
        assert mapped.attrs["largest_eigenvalue"] < 0
        assert float(mapped["largest_eigenvalue"].max()) == mapped.attrs["largest_eigenvalue"]
        loaded = insilico.load_result(insilico.save_result(mapped, tmp_path / "influence.nc"))
        assert mapped.identical(loaded)
