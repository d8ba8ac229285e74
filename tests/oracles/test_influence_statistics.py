"""Statistics of single-neuron influence against independent computations: dense fits, closed forms, single trials."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import linalg, stats

from insilico.analysis.influence.calibration import RATE_BAR
from insilico.analysis.influence.clustered import Cells, slopes
from insilico.analysis.influence.design import CLUSTERINGS, InfluenceDesign
from insilico.analysis.influence.error import PREFERRED, noise_variance
from insilico.analysis.influence.groups import DISTANCE_BINS_UM, DISTANCE_MODELS, TESTS, PairGroups
from insilico.analysis.influence.noise import TrialNoise, field_noises, noise_correlation
from insilico.analysis.influence.ordinal import five_tests
from insilico.analysis.influence.pairs import pair_table, stack_pairs
from insilico.analysis.influence.plan import ExperimentSize, TrialPlan
from insilico.analysis.influence.planning import largest_differences, power_table, trials_needed
from insilico.analysis.influence.power import planned, power_plan
from insilico.analysis.influence.resampling import (
    PAIR_FALSE_POSITIVES,
    as_published,
    shuffled_tunings,
    tuning_permutation,
)
from insilico.analysis.influence.simulation import field_pool, simulated
from insilico.analysis.influence.synthetic import SyntheticInfluence, SyntheticPopulation, synthetic_experiment
from insilico.analysis.influence.trials import observed, pair_noise, trial_by_trial, with_estimated_correlations
from tests.tolerances import LOOSE_RATE, SIMULATED_COVARIANCE, SIMULATED_POWER, SIMULATED_SE

SMALL = SyntheticPopulation(n_fields=4, n_neurons=60, n_targets=6, width_um=300)
POOL = SyntheticPopulation(n_fields=24, n_neurons=70, n_targets=10, width_um=300)
SIZE = ExperimentSize(n_fields=12, n_targets=10, plan=TrialPlan(trials=80, sham_trials=400))
N = 300


@pytest.fixture(scope="module")
def small():
    """Return observed pairs of four small fields, and the noise."""
    pairs, _, noises = synthetic_experiment(seed=3, population=SMALL)
    return observed(pairs, noises, TrialPlan(trials=40, sham_trials=80), seed=1), noises


@pytest.fixture(scope="module")
def pool():
    """Return a pool of small fields with all five signs."""
    pairs, _, noises = synthetic_experiment(seed=5, population=POOL, influence=SyntheticInfluence(amplitude=0.03))
    return field_pool(pairs, noises)


@pytest.fixture(scope="module")
def noise_only(pool):
    """Return simulated experiments without influence."""
    return simulated(pool, SIZE, n=N, seed=11, null="no influence", estimators=("field", "target", "pair"))


@pytest.fixture(scope="module")
def with_influence(pool):
    """Return simulated experiments with influence."""
    return simulated(pool, SIZE, n=N, seed=13, estimators=("field", "pair"))


def dense_design(design):
    """Return the regression of c and d as one dense matrix: interaction by hand, every dummy spelt out."""
    table, model = design.table, design.groups.distance_model
    signal, distance, strong = table["signal_correlation"], table["distance_um"], design.group == 1
    columns = [signal * ~strong, signal * strong]
    if model == "piecewise":
        columns += [1.0 * strong, 1.0 * ~strong, distance, np.maximum(distance - 60, 0), np.maximum(distance - 300, 0)]
        return np.column_stack(columns)
    for low, high in zip(DISTANCE_BINS_UM, (*DISTANCE_BINS_UM[1:], np.inf), strict=True):
        for group in (strong, ~strong):
            inside = (distance >= low) & (distance < high) & group
            if inside.any():
                columns.append(1.0 * inside)
            if model == "lines" and inside.sum() > 1:
                columns.append(inside * (distance - distance[inside].mean()))
    return np.column_stack(columns)


def dense_sandwich(x, y, groups):
    """Return coefficients and CR1 covariance by the textbook formula, a loop over clusters."""
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    residual = y - x @ beta
    meat = np.zeros_like(inverse)
    labels = np.unique(groups)
    for label in labels:
        score = x[groups == label].T @ residual[groups == label]
        meat += np.outer(score, score)
    n, k = x.shape
    return beta, len(labels) / (len(labels) - 1) * (n - 1) / (n - k) * inverse @ meat @ inverse


@pytest.mark.parametrize("model", [m for m in DISTANCE_MODELS if m != "exact"])
def test_slopes_and_their_errors_are_those_of_the_dense_regression(small, model):
    table = pair_table(small[0])
    design = InfluenceDesign(table=table, groups=PairGroups(distance_model=model))
    y = table["influence"]
    found = design.estimates(y, clusterings=CLUSTERINGS)
    x = dense_design(design)
    every = np.arange(len(y))
    parts = {
        name: dense_sandwich(x, y, groups)[1]
        for name, groups in {
            "field": table.field,
            "target": table.target,
            "neuron": table.neuron,
            "pair": every,
        }.items()
    }
    parts["target and neuron"] = parts["target"] + parts["neuron"] - parts["pair"]
    beta = dense_sandwich(x, y, every)[0]
    contrast = {"weak slope": [1, 0], "strong slope": [0, 1], "interaction": [-1, 1]}
    for name, weights in contrast.items():
        at = found.names.index(name)
        assert found.effect[at] == pytest.approx(np.dot(weights, beta[:2]), rel=1e-7)
        for clustering in CLUSTERINGS:
            variance = np.array(weights) @ parts[clustering][:2, :2] @ weights
            assert found.standard_error[clustering][at] == pytest.approx(np.sqrt(variance), rel=1e-6)


@pytest.mark.parametrize("model", [m for m in DISTANCE_MODELS if m != "exact"])
def test_clustered_errors_agree_with_statsmodels(small, model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sm = pytest.importorskip("statsmodels.api")
        table = pair_table(small[0])
        design = InfluenceDesign(table=table, groups=PairGroups(distance_model=model))
        y = table["influence"]
        fit = sm.OLS(y, dense_design(design))
        for clustering, groups in {"field": table.field, "target": table.target}.items():
            theirs = fit.fit(cov_type="cluster", cov_kwds={"groups": groups})
            ours = design.estimates(y, clusterings=(clustering,))
            at = [ours.names.index("weak slope"), ours.names.index("strong slope")]
            assert ours.effect[at] == pytest.approx(theirs.params[:2], rel=1e-7)
            assert ours.standard_error[clustering][at] == pytest.approx(theirs.bse[:2], rel=1e-6)
        two_way = fit.fit(cov_type="cluster", cov_kwds={"groups": np.column_stack([table.target, table.neuron])})
        ours = design.estimates(y, clusterings=("target and neuron",)).standard_error["target and neuron"][at]
        assert ours == pytest.approx(two_way.bse[:2], rel=1e-6)


def test_the_mean_by_field_is_a_t_test_of_field_means_where_fields_are_of_one_size(small):
    pairs = small[0]
    fewest = int(pairs.groupby("field").count()["influence"].min())
    kept = np.concatenate([np.flatnonzero(pairs["field"].values == f)[:fewest] for f in range(4)])
    test = five_tests(pairs.isel(pair=kept), letters="ab")["mean influence"]
    means = pairs.isel(pair=kept)["influence"].values.reshape(4, fewest).mean(axis=1)
    theirs = stats.ttest_1samp(means, 0, alternative="less")
    assert (test.t, test.p_one_sided) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-3)
    interval = stats.ttest_1samp(means, 0).confidence_interval()
    assert test.interval == pytest.approx((interval.low, interval.high), rel=1e-3)


def test_class_contrasts_are_differences_of_means(small):
    found = five_tests(small[0], letters="b")
    distance, y = small[0]["distance_um"].values, small[0]["influence"].values
    near, mid, far = y[distance < 60].mean(), y[(distance >= 60) & (distance < 300)].mean(), y[distance >= 300].mean()
    assert found["near - mid"].effect == pytest.approx(near - mid)
    assert found["mid - far"].effect == pytest.approx(mid - far)
    assert found.letters == "b"


def test_gain_is_the_change_of_the_population_over_its_response(small):
    pairs = small[0]
    change = pairs["influence_at_preferred"] * pairs["residual_sd"]
    gains = [
        float(change[at].sum() / pairs["response_at_preferred"][at].sum())
        for at in (np.flatnonzero(pairs["target"].values == t) for t in np.unique(pairs["target"].values))
    ]
    doubled = pairs.assign(drive=2 * pairs["drive"])
    found, half = five_tests(pairs), five_tests(doubled)
    assert found["gain"].effect == pytest.approx(np.mean(gains))
    assert found.gain.gain_per_drive == pytest.approx(np.mean(gains))
    assert half.gain.gain_per_drive == pytest.approx(np.mean(gains) / 2)
    assert half.gain.net_return == pytest.approx(found.gain.net_return / 2)
    if np.mean(gains) < 0:
        assert found.gain.drive_for_published * found.gain.gain_per_drive == pytest.approx(-0.02)


def test_all_five_signs_of_a_mexican_hat_are_found_and_a_circuit_without_influence_is_undefined():
    pairs, _, _ = synthetic_experiment(seed=1, population=replace(SyntheticPopulation(), n_fields=8))
    assert five_tests(pairs).tests_passed == "abcde"
    silent = five_tests(pairs.assign(influence=0 * pairs["influence"], influence_at_preferred=0 * pairs["influence"]))
    assert silent.tests_passed == "-----"
    assert silent.undefined == tuple(test.name for test in TESTS)
    assert silent.to_dataset().attrs["n_undefined"] == len(TESTS)
    reversed_sign = five_tests(pairs.assign(influence=-pairs["influence"]), letters="abcd")
    assert reversed_sign.tests_passed == "----"


def test_a_field_clustered_test_of_one_field_says_what_it_needs(small):
    one = small[0].isel(pair=np.flatnonzero(small[0]["field"].values == 0))
    with pytest.raises(ValueError, match=r"1 field.*two or more"):
        five_tests(one)
    assert five_tests(one, clustered_by="target")["mean influence"].defined


def covariance(field, plan, preferred):
    """Return the covariance of all errors (target x neuron), term by term from the definition."""
    n_targets, n, n_stimuli = len(preferred), len(field.neurons), field.n_stimuli
    counts, sham = plan.counts(n_targets, n_stimuli), plan.sham_counts(n_stimuli)
    result = np.zeros((n_targets, n, n_targets, n))
    for s in range(n_stimuli):
        one_trial = np.outer(field.relative_sd[s], field.relative_sd[s]) * field.correlation
        for k in range(n_targets):
            share = counts[k, s] / counts[k].sum()
            result[k, :, k, :] += share**2 / counts[k, s] * one_trial if counts[k, s] else 0
            for other in range(n_targets):
                result[k, :, other, :] += share * counts[other, s] / counts[other].sum() / sham[s] * one_trial
    return result.reshape(n_targets * n, n_targets * n)


@pytest.fixture(scope="module")
def tiny_field():
    """Return a field of eight neurons and the best stimulus of three targets."""
    population = SyntheticPopulation(n_fields=1, n_neurons=8, n_targets=3, width_um=120, n_stimuli=4)
    _, _, noises = synthetic_experiment(seed=2, population=population)
    return noises[0], noises[0].events[:3].argmax(axis=1)


@pytest.mark.parametrize("trials", [12, 18])
def test_direct_draws_have_the_covariance_of_trial_means(tiny_field, trials):
    field, preferred = tiny_field
    plan = TrialPlan(trials=trials, sham_trials=25)
    rng = np.random.default_rng(0)
    draws = np.array([field.draw(plan, preferred, rng)[0].ravel() for _ in range(6000)])
    expected = covariance(field, plan, preferred)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs(np.cov(draws.T) - expected).max() < SIMULATED_COVARIANCE * scale.max()
    assert expected[0, len(field.neurons)] > 0  # the sham error is shared by targets


def test_the_law_of_the_draws_is_that_of_experiments_made_trial_by_trial(tiny_field):
    field, preferred = tiny_field
    plan = TrialPlan(trials=48, sham_trials=192)
    rng = np.random.default_rng(1)
    influence = np.random.default_rng(7).normal(0, 0.1, (3, 8))
    brute = np.array([trial_by_trial(field, influence, plan, rng).ravel() for _ in range(4000)])
    expected = covariance(field, plan, preferred)
    # the experimenter estimates the residual s.d. from 336 trials less 7 means, which adds 2 %
    assert np.abs(np.cov(brute.T) - expected).max() < 1.5 * SIMULATED_COVARIANCE * expected.max()
    assert brute.mean(axis=0) == pytest.approx(influence.ravel(), abs=5 * np.sqrt(expected.max() / 4000))


def test_predicted_variance_is_that_of_the_draws_for_any_weights(small):
    pairs, noises = small
    noise, plan = pair_noise(pairs, noises), TrialPlan(trials=20, sham_trials=30)
    rng = np.random.default_rng(4)
    weights = rng.normal(size=pairs.sizes["pair"]) + 0.5
    draws = np.array([[weights @ e for e in noise.draw(plan, rng)] for _ in range(1200)])
    predicted = noise_variance(noise, weights, plan), noise_variance(noise, weights, plan, PREFERRED)
    assert draws.var(axis=0) == pytest.approx(predicted, rel=5 * np.sqrt(2 / 1200))


def test_noise_correlation_has_the_stated_shares():
    x, y, orientation = np.array([0.0, 0.0, 100.0]), np.zeros(3), np.array([10.0, 10.0, 10.0])
    found = noise_correlation(x_um=x, y_um=y, orientation=orientation, noise=TrialNoise())
    assert found[0, 1] == pytest.approx(0.23)
    assert found[0, 2] == pytest.approx(0.2 * np.exp(-0.5) + 0.03)
    across = noise_correlation(x_um=x, y_um=y, orientation=np.array([10.0, 100.0, 10.0]), noise=TrialNoise())
    assert across[0, 1] == pytest.approx(0.03 + 0.2 * np.exp(-1 / (2 * np.deg2rad(30) ** 2)))
    passed = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.0]])
    through = noise_correlation(x_um=x, y_um=y, orientation=orientation, noise=TrialNoise(), passed=passed)
    assert through[0, 1] == pytest.approx(0.2 * 0.5 + 0.03)
    assert np.array_equal(np.diag(through), np.ones(3))
    with pytest.raises(ValueError, match="must be"):
        noise_correlation(x_um=x, y_um=y, orientation=orientation, noise=TrialNoise(), passed=np.eye(2))


def test_on_a_lattice_distance_is_removed_whole(small):
    pairs = small[0].copy()
    pairs["distance_um"] = np.maximum(20 * np.round(pairs["distance_um"] / 20), 40)
    by_distance = np.exp(-pairs["distance_um"] / 50)
    groups = PairGroups(distance_model="exact")
    pairs["influence"] = by_distance
    assert not any(t.defined for t in five_tests(pairs, letters="cd", groups=groups, clustered_by="target").tests)
    pairs["influence"] = by_distance - 0.3 * pairs["signal_correlation"]
    design = InfluenceDesign(table=pair_table(pairs), groups=groups)
    strong = (design.group == 1)[:, None] * (
        np.digitize(pairs["distance_um"], DISTANCE_BINS_UM[1:])[:, None] == range(16)
    )
    cells = pairs["distance_um"].values[:, None] == np.unique(pairs["distance_um"])
    signal = pairs["signal_correlation"].values[:, None]
    slopes_of = np.column_stack([signal * (design.group == 0)[:, None], signal * (design.group == 1)[:, None]])
    x = np.column_stack([slopes_of, cells, strong, strong * pairs["distance_um"].values[:, None]])
    noisy = pairs["influence"].values + np.random.default_rng(0).normal(0, 0.1, len(signal))
    expected = np.linalg.lstsq(x, noisy, rcond=1e-10)[0][:2]
    found = design.estimates(noisy, clusterings=("target",))
    names = [found.names.index(n) for n in ("weak slope", "strong slope")]
    assert found.effect[names] == pytest.approx(expected, rel=1e-6)
    triangle, order = linalg.qr(x / np.linalg.norm(x, axis=0).clip(1e-9), mode="r", pivoting=True)
    enough = np.sort(order[np.abs(np.diag(triangle)) > 1e-7])
    assert set(enough) >= {0, 1}
    covariance = dense_sandwich(x[:, enough], noisy, design.table.target)[1]
    errors = np.sqrt(np.diag(covariance)[:2])
    assert found.standard_error["target"][names] == pytest.approx(errors, rel=1e-6)
    exact = five_tests(pairs, letters="c", groups=groups, clustered_by="target")
    assert exact["weak slope"].effect == pytest.approx(-0.3, abs=1e-9)


def test_by_field_the_level_is_kept_and_by_pairs_it_is_not(noise_only):
    rate = {side: (noise_only[f"p_{side}_sided"] < 0.05).mean("simulation") for side in ("one", "two")}
    for side in rate.values():
        by_field = side.sel(estimator="field")
        assert RATE_BAR[0] - LOOSE_RATE < by_field.min()
        assert by_field.max() < RATE_BAR[1] + LOOSE_RATE
        assert side.sel(estimator="pair", test="mean influence") > 0.2
    assert rate["two"].sel(estimator="target", test="mean influence") > RATE_BAR[1] + LOOSE_RATE


def test_intervals_by_field_cover_the_truth_and_by_pairs_they_do_not(pool, with_influence):
    truth = xr.DataArray(list(pool.true_effects().values()), dims="test")
    covered = ((with_influence["low"] <= truth) & (truth <= with_influence["high"])).mean("simulation")
    assert covered.sel(estimator="field").min() > 0.92 - LOOSE_RATE
    assert covered.sel(estimator="field").max() < 0.98 + LOOSE_RATE
    assert covered.sel(estimator="pair", test="mean influence") < 0.7


def test_shuffled_tuning_does_not_pass_for_tuning_unless_distance_is_one_broken_line():
    population = replace(POOL, n_neurons=80, diversity=0.0)
    hat = SyntheticInfluence(amplitude=0.08, excitation_um=45, excitation_deg=25)
    pairs, _, noises = synthetic_experiment(seed=5, population=population, influence=hat)
    size = replace(SIZE, plan=TrialPlan(trials=800, sham_trials=8000))
    runs = simulated(
        field_pool(pairs, noises), size, n=120, seed=2, null="shuffled tuning", estimators=("field", "as published")
    )
    rate = (runs["p_one_sided"] < 0.05).mean("simulation")
    for name in ("weak slope", "strong slope", "interaction"):
        assert rate.sel(estimator="field", test=name) < RATE_BAR[1] + 1.5 * LOOSE_RATE  # half as many experiments
    assert rate.sel(estimator="as published", test="strong slope") > 0.2


def test_predicted_errors_and_power_come_true(pool, with_influence):
    plan = planned(InfluenceDesign(table=pool.table), pool.noise)
    few = replace(SIZE, n_targets=5, plan=TrialPlan(trials=40, sham_trials=40))
    fewer = simulated(pool, few, n=N, seed=17, estimators=("field",))
    for size, runs in ((SIZE, with_influence), (few, fewer)):
        by_field = runs.sel(estimator="field")
        predicted = plan.power(size)
        ratio = predicted["standard_error"] / by_field["effect"].std("simulation")
        assert abs(ratio - 1).max() < SIMULATED_SE
        power = (by_field["p_one_sided"] < 0.05).mean("simulation")
        assert abs(predicted["power"] - power).max() < SIMULATED_POWER
        assert 0.06 < predicted["power"].median() < 0.95  # powers of 0 or 1 would agree with anything


def test_trials_needed_are_the_fewest(small):
    pairs, _, noises = synthetic_experiment(seed=3, population=SMALL)
    plan = power_plan(pairs, noises)
    needed = trials_needed(plan, n_fields=20, n_targets=26, sham_per_trial=4)
    assert np.isfinite(needed).any()
    large = replace(SIZE, n_fields=20, n_targets=26)
    for letter in needed["letter"].values[np.isfinite(needed.values)]:
        trials = int(needed.sel(letter=letter))
        power = [
            plan.power_of_letter(letter, replace(large, plan=TrialPlan(trials=t, sham_trials=4 * t)))
            for t in (trials, max(trials - 1, 8))
        ]
        assert power[0] >= 0.8
        assert power[1] < 0.8 or trials == 8


def test_power_grows_with_everything_but_the_noise(small):
    pairs, neurons, noises = synthetic_experiment(seed=3, population=SMALL)
    size = replace(SIZE, plan=TrialPlan(trials=80, sham_trials=200))
    larger = [
        replace(size, n_fields=24),
        replace(size, n_targets=20),
        replace(size, plan=TrialPlan(trials=160, sham_trials=200)),
        replace(size, plan=TrialPlan(trials=80, sham_trials=2000)),
    ]
    error = power_table(power_plan(pairs, noises), [size, *larger])["standard_error"]
    assert (error[1:] < error[0]).all()
    noisier = field_noises(neurons, TrialNoise(common_share=0.2))
    more = power_plan(pairs, noisier).power(size)["standard_error"]
    assert float(more.sel(test="mean influence")) > 1.5 * float(error[0].sel(test="mean influence"))


def test_a_statistic_that_the_pairs_do_not_determine_is_undefined_and_results_survive_a_file(small, tmp_path):
    far = small[0].isel(pair=np.flatnonzero(small[0]["distance_um"].values > 60))
    found = five_tests(far)
    assert found.undefined == ("near - mid",)
    assert found.tests_passed[1] == "-"
    table = found.to_dataset()
    table.to_netcdf(tmp_path / "tests.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "tests.nc", engine="h5netcdf") as again:
        xr.testing.assert_allclose(again[["effect", "low", "p_two_sided"]], table[["effect", "low", "p_two_sided"]])
        assert again.attrs["tests_passed"] == found.tests_passed


def test_a_permutation_keeps_each_targets_correlations(small):
    table = pair_table(small[0])
    (shuffled,) = shuffled_tunings(table, n=1, rng=np.random.default_rng(0))
    assert (shuffled != table["signal_correlation"]).mean() > 0.8
    for target in range(table.n_targets):
        here = table.target == target
        assert sorted(shuffled[here]) == sorted(table["signal_correlation"][here])


@pytest.mark.parametrize("model", DISTANCE_MODELS)
def test_slopes_on_another_signal_are_those_of_pairs_that_have_it(small, model):
    table, groups = pair_table(small[0]), PairGroups(distance_model=model)
    (signal,) = shuffled_tunings(table, n=1, rng=np.random.default_rng(2))
    found = InfluenceDesign(table=table, groups=groups).slopes_by_field(table["influence"], signal)
    afresh = InfluenceDesign(table=table.with_measures(signal_correlation=signal), groups=groups)
    expected = afresh.slopes_by_field(table["influence"])
    np.testing.assert_array_equal(found.effect, expected.effect)
    np.testing.assert_array_equal(found.standard_error["field"], expected.standard_error["field"])


def test_the_permutation_finds_a_slope_that_is_there_and_is_seeded(small):
    tuned = small[0].assign(influence=small[0]["influence"] - 0.3 * small[0]["signal_correlation"])
    first, again = (tuning_permutation(tuned, n=49, seed=3) for _ in range(2))
    assert first.identical(again)
    assert float(first["p_one_sided"].sel(test="weak slope")) == pytest.approx(1 / 50)
    assert float(tuning_permutation(small[0] * 1, n=49, seed=3)["p_two_sided"].sel(test="weak slope")) > 0.02


def test_the_published_bootstrap_is_the_pairwise_interval_and_shows_how_often_it_is_wrong(small):
    found = as_published(small[0], resamples=1500, seed=1)
    table = pair_table(small[0])
    design = InfluenceDesign(table=table, groups=PairGroups(distance_model="piecewise"))
    limit = design.estimates(table["influence"], clusterings=("pair",))
    assert found["effect"].values == pytest.approx(limit.effect, rel=1e-6)
    half = (found["high"] - found["low"]).values / 2
    assert half == pytest.approx(1.96 * limit.standard_error["pair"], rel=0.12)
    assert (found["false_positive_rate"].notnull()).all()
    assert PAIR_FALSE_POSITIVES["mean influence"] > 0.5


def test_an_experiment_is_the_same_whatever_the_number_of_simulations(pool):
    few, more = (simulated(pool, SIZE, n=n, seed=3, estimators=("field",)) for n in (2, 4))
    assert few["effect"].equals(more["effect"].isel(simulation=slice(0, 2)))
    assert not few["effect"].equals(simulated(pool, SIZE, n=2, seed=4, estimators=("field",))["effect"])


def test_an_experiment_is_the_same_whatever_the_number_of_processes(pool):
    groups = PairGroups(distance_model="exact")
    alone, shared = (
        simulated(pool, SIZE, n=3, seed=3, estimators=("field",), groups=groups, processes=processes)
        for processes in (1, 2)
    )
    assert alone.identical(shared)


def test_correlations_of_many_trials_are_the_known_ones_and_of_few_are_noisy(small):
    pairs, noises = small
    errors = {}
    for trials in (10, 1000):
        found = with_estimated_correlations(pairs, noises, trials=trials, seed=4)
        assert found.identical(with_estimated_correlations(pairs, noises, trials=trials, seed=4))
        assert found["influence"].identical(pairs["influence"])
        errors[trials] = [
            float(np.sqrt(((found[name] - pairs[name]) ** 2).mean()))
            for name in ("signal_correlation", "noise_correlation", "trace_correlation")
        ]
    n = 10 * next(iter(noises.values())).n_stimuli
    assert errors[10][1] == pytest.approx(1 / np.sqrt(n), rel=0.15)  # residuals of independent neurons, nearly
    assert np.array(errors[10]) / errors[1000] == pytest.approx(10, rel=0.25)
    with pytest.raises(ValueError, match="must be 2 or more"):
        with_estimated_correlations(pairs, noises, trials=1, seed=0)


def test_slopes_that_depend_on_each_other_are_undefined():
    rng = np.random.default_rng(0)
    x, cells = rng.normal(size=40), np.repeat(np.arange(4), 10)
    found = slopes(Cells(cells), {"one": x, "two": 2 * x + cells}, np.empty((40, 0)), {"difference": ("one", "two")})
    assert np.isnan(found.effects(rng.normal(size=40))).all()


def test_two_circuits_differ_where_the_difference_was_put(small):
    pairs, noises = small
    plan = TrialPlan(trials=80, sham_trials=800)
    same = largest_differences(pairs, pairs, noises, plan)
    assert (same["z"] == 0).all()
    inside = (pairs["distance_um"] >= 100) & (pairs["distance_um"] < 150) & (pairs["signal_correlation"] >= 0.5)
    other = pairs.assign(influence=pairs["influence"] + 0.2 * inside)
    found = largest_differences(pairs, other, noises, plan)
    assert str(found["contrast"].values[0]) == "100 to 150 um, signal correlation 0.5 to 1"
    assert float((found["second"] - found["first"])[0]) == pytest.approx(0.2)
    single = found.isel(contrast=found["kind"].values == "pair")
    expected = 0.2 / np.sqrt(1 / 80 + 1 / 800)  # ten trials of each of eight stimuli: relative variances average to one
    assert float(abs(single["z"]).max()) == pytest.approx(expected, rel=1e-9)


def broken(pairs, **change):
    """Return pairs with the first value of some variables replaced."""
    result = pairs.reset_coords().copy(deep=True)
    for name, value in change.items():
        result[name].values[0] = value
    return result


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance_um": 12.0}, r"as small as 12.*stimulated directly"),
        ({"influence": np.nan}, r"1 values that are not finite"),
        ({"signal_correlation": 1.4}, r"reaches 1\.4"),
        ({"field": 3}, r"in two fields"),
        ({"neuron": 0}, r"paired with itself"),
        ({"neuron": 59}, r"not sorted"),
    ],
)
def test_pairs_that_break_the_contract_are_refused(small, change, message):
    with pytest.raises(ValueError, match=message):
        pair_table(broken(small[0], **change))


def test_missing_variables_are_named(small):
    with pytest.raises(KeyError, match="trace_correlation"):
        pair_table(small[0].drop_vars("trace_correlation"))
    without = small[0].drop_vars("influence_at_preferred")
    with pytest.raises(KeyError, match="influence_at_preferred"):
        five_tests(without)
    assert five_tests(without, letters="abcd").gain is None


def test_matrices_become_pairs_without_own_unit_other_fields_and_direct_light():
    distance = np.array([[0.0, 24.0, 25.0, 90.0], [70.0, 80.0, 30.0, 0.0]])
    coordinates = {"target": [10, 13], "neuron": [10, 11, 12, 13], "field": ("neuron", [0, 0, 0, 1])}
    both = ("target", "neuron")
    matrices = xr.Dataset({"distance_um": (both, distance), "influence": (both, distance / 100)}, coordinates)
    pairs = stack_pairs(matrices)
    assert pairs["target"].values.tolist() == [10]
    assert pairs["neuron"].values.tolist() == [12]
    assert pairs["influence"].values.tolist() == [0.25]


def test_trials_are_spread_evenly_and_impossible_plans_are_refused():
    counts = TrialPlan(trials=21, sham_trials=8).counts(5, 8)
    assert (counts.sum(axis=1) == 21).all()
    assert counts.max() - counts.min() == 1
    with pytest.raises(ValueError, match="sham_trials is 7"):
        TrialPlan(trials=21, sham_trials=7).sham_counts(8)
    with pytest.raises(ValueError, match="trials is 0"):
        TrialPlan(trials=0, sham_trials=7)
    with pytest.raises(ValueError, match="input_share"):
        TrialNoise(input_share=0.99, common_share=0.03)
