"""Maps of influence, effective connectivity with its null, masks that undo a change, and plans of an experiment."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico.analysis.influence import effective_connectivity
from protocols.chettih_harvey import ChettihHarvey
from protocols.cli import main
from protocols.influence_calibration import write_calibration
from protocols.influence_plan import write_plan


def small(name, parameters=None, **changes):
    sheet = {"preparation.shape": (25, 25), "preparation.n_channels": 12, "preparation.spacing": "even"}
    return insilico.load_model(name, parameters, **sheet, **changes)


def made(values):
    """Influence on 9 x 9 cells of 8 channels from a target in the middle that prefers 0."""
    row, column, channel = np.indices((9, 9, 8))
    x, y, preferred = (column - 4) * 0.25, (4 - row) * 0.25, channel * 22.5
    dims = {name: ("unit", a.ravel()) for name, a in (("row", row), ("column", column), ("channel", channel))}
    influence = values(np.hypot(x, y), np.cos(np.deg2rad(2 * preferred)))
    coords = {"unit_x": ("unit", x.ravel()), "unit_y": ("unit", y.ravel()), **dims}
    coords |= {"preferred_orientation": ("unit", preferred.ravel()), "target_x": 0.0, "target_y": 0.0}
    return xr.Dataset({"influence": ("unit", influence.ravel())}, {**coords, "target_preferred_orientation": 0.0})


def test_effective_connectivity_reads_what_was_made():
    known = made(lambda d, like: np.where(d <= 0.5, 2 + 0.5 * like, -1 - 0.25 * like))
    found = effective_connectivity(known, near=0.5, far=1.0, permutations=99, seed=1)
    values = dict(zip(found["measure"].values, found["value"].values, strict=True))
    expected = {"near": 2, "far": -1, "near_like_to_like": 0.5, "far_like_to_like": -0.25}
    assert values == pytest.approx(expected)
    assert (found["p"] <= 0.02).all()
    order = np.random.default_rng(0).permutation(known.sizes["unit"])
    again = effective_connectivity(known.isel(unit=order), near=0.5, far=1.0, permutations=99, seed=1)
    xr.testing.assert_identical(found, again)


def test_the_null_holds_where_there_is_no_structure():
    rng = np.random.default_rng(2)
    p = []
    for seed in range(40):
        noise = made(lambda d, like: rng.normal(size=d.shape))
        p.append(effective_connectivity(noise, near=0.5, far=1.0, permutations=60, seed=seed)["p"].values)
    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) < 0.05) < 0.12


def test_what_cannot_be_read_is_refused():
    known = made(lambda d, like: d)
    with pytest.raises(ValueError, match="all of its channels"):
        effective_connectivity(known.isel(unit=slice(3, None)), near=0.5, far=1.0)
    with pytest.raises(ValueError, match="permutations"):
        effective_connectivity(known, near=0.5, far=1.0, permutations=0)


def test_the_linear_circuit_is_read_as_it_was_wired():
    experiment = protocols.influence_mapping(near_cells=4.5, far_cells=12, permutations=60)
    near_far = {f.name: f.value for f in experiment.findings(experiment.run(small("linear", "near_far")))}
    assert near_far["near_like_to_like"] > 0 > near_far["far"]
    assert near_far["near_like_to_like_p"] < 0.05
    untuned = {f.name: f.value for f in experiment.findings(experiment.run(small("linear", "untuned")))}
    assert abs(untuned["near_like_to_like"]) < 1e-9 < untuned["near"]


@pytest.mark.parametrize("size", ["small", "finite"])
def test_a_map_is_that_of_the_analysis(size):
    experiment = protocols.influence_mapping(size=size, r=0.2, diameter=2.0, permutations=10)
    model = small("mely2018", ssn=5, ssf=15)
    responses = experiment.run(model)
    target = insilico.unit_ids((25, 25, 12), population="output", y=12, x=12, feature=0)
    shown = experiment.stimuli(model.preparation)
    direct = (
        insilico.analysis.implicit_influence(model, shown, target)
        if size == "small"
        else insilico.analysis.finite_influence(model, shown, target, r=0.2)
    )
    kept = direct["influence"].sel(unit=responses["unit"])
    np.testing.assert_array_equal(responses["influence"], kept)
    assert float(responses["largest_eigenvalue"].max()) < 0


def test_a_mask_undoes_the_change_and_mirrors_the_surround(tmp_path):
    out = tmp_path / "mask"
    arguments = ["run", "mask_optimisation", "--model", "contextual", "--parameters", "light", "--out", str(out)]
    assert main([*arguments, "--set", "permutations=40"]) == 0
    found = {f["name"]: f["value"] for f in json.loads((out / "summary.json").read_text())["findings"]}
    assert found["change_undone"] > 0.99
    assert found["mask_near"] < 0 < found["mask_far"]  # an excited centre: less from near, more from far
    assert found["mask_far_p"] < 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: protocols.influence_mapping(size="large"), "must be 'small'"),
        (lambda: protocols.influence_mapping(near_cells=9.0, far_cells=3.0), "near < far"),
        (lambda: protocols.protocol_named("mask_optimisation", factor=1.0), "not 1"),
        (lambda: protocols.protocol_named("mask_optimisation").run(small("linear")), "an input and an output"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize("name", ["influence_mapping", "mask_optimisation", "chettih_harvey2019"])
def test_experiments_that_drive_units_run_under_perturbations(name):
    settings = {"n_fields": 2, "n_targets": 4, "n_neurons": 30, "permutations": 0} if name[0] == "c" else {}
    experiment = protocols.protocol_named(name, **settings)
    sheet = insilico.Preparation(
        name="small", sheet=insilico.Sheet(shape=(30, 30), boundary="periodic"), n_channels=8, spacing="even"
    )
    experiment = replace(experiment, preparation=sheet)
    model = insilico.load_model("mely2018", ssn=5, ssf=15)
    lesion, weaker = insilico.Lesion("U"), insilico.Perturbation(units="input", mode="scale", value=0.5)
    responses = experiment.run(model, perturbations={"without U": lesion, "weaker": weaker})
    assert list(responses["perturbation"].values) == ["none", "sham", "without U", "weaker"]
    alone = experiment.run(model)
    for variable in alone.data_vars:
        for entry in ("none", "sham"):
            np.testing.assert_array_equal(responses[variable].sel(perturbation=entry), alone[variable])
    measured = {f.name: f.value for f in experiment.findings(responses.sel(perturbation="without U"))}
    alone = experiment.findings(experiment.run(model.perturbed(lesion)))
    np.testing.assert_equal(measured, {f.name: f.value for f in alone})
    with pytest.raises(ValueError, match="take one"):
        experiment.findings(responses)


def test_a_plan_says_how_many_trials_are_needed(tmp_path):
    experiment = ChettihHarvey(n_fields=6, n_targets=8, n_neurons=60, r=100)
    text = write_plan(experiment, ["linear near_far", "linear far"], command="c", out=tmp_path / "plan")
    summary = json.loads((tmp_path / "plan" / "summary.json").read_text())
    needed = {(f["model"], f["name"][-1]): f["value"] for f in summary["findings"]}
    assert needed["linear near_far", "d"] is not None
    assert needed["linear far", "d"] is None  # never: the sign is the other one
    assert "never" in text
    assert "differ most" in text
    curves = xr.open_datatree(tmp_path / "plan" / "result.nc")["linear near_far"]
    for name in ("trials", "n_fields", "n_targets", "sham_per_trial", "maximal_response"):
        power = curves[name]["power_of_letter"].sel(letter="a").values
        assert (np.diff(power) > -1e-6).all(), name  # more of any of these never hurts
        assert power[-1] > power[0], name
    noise = curves["input_share"]["power_of_letter"].sel(letter="a").values
    assert (np.diff(noise) < 0).all()
    with pytest.raises(KeyError, match="Did you mean"):
        write_plan(experiment, ["linear fare"], command="c", out=tmp_path / "plan2")


def test_a_calibration_on_a_circuit_says_which_tests_hold(tmp_path):
    experiment = ChettihHarvey(n_targets=26, n_neurons=60, r=100)
    text = write_calibration(experiment, "linear far", n=8, seed=0, processes=1, command="c", out=tmp_path / "cal")
    result = xr.open_datatree(tmp_path / "cal" / "result.nc")
    rates = result["rates"]["false_positive_rate"]
    assert ((rates >= 0) & (rates <= 1) | rates.isnull()).all()
    assert rates.sel(null="shuffled tuning", test="mean influence").isnull().all()  # influence is there
    power = result["power"]
    assert float(abs(power["predicted"] - power["simulated"]).max()) == pytest.approx(
        float(power.attrs["largest_difference"]), abs=0.5
    )
    assert "coverage of 95 % intervals" in text
    assert "largest difference" in text
