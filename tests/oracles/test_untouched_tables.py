"""Tables that no circuit was fitted to: their cards, their geometry and their read-outs against closed forms."""

import numpy as np
import pytest

import insilico
import protocols
from protocols.fitted_width import scores_by_width
from protocols.induction_curve import trough_before
from tests.tolerances import CEILING

SIZES = {"marshak_sekuler1979": 9, "klauke_wachtler2015": 16, "westheimer_levi1987": 11}
SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 12}


@pytest.mark.parametrize("name", SIZES)
def test_every_card_is_complete_and_says_who_digitised(name):
    reference = insilico.load_reference(name)
    assert reference.values.size == len(set(reference.panel)) == SIZES[name]
    assert np.isfinite(reference.values).all()
    assert "D. Mély" in reference.card["how_obtained"]
    assert any("No circuit here was fitted to it" in note for note in reference.card["notes"])
    for entry in ("assumptions", "not_known", "digitisation_error_basis", "notes"):
        assert reference.card[entry]
    assert protocols.protocol_named(name).table == name


@pytest.mark.parametrize("name", ["marshak_sekuler1979", "klauke_wachtler2015"])
def test_the_ceiling_is_that_of_a_mirror_symmetric_curve(name):
    reference = insilico.load_reference(name)
    angles, data = reference.values.coords[reference.card["panels"][0]].values, reference.values.values
    value = dict(zip(angles.tolist(), data.tolist(), strict=True))
    symmetric = [0 if a in (0, 180) else (value[a] + value.get(-a, value[a])) / 2 for a in angles.tolist()]
    error = ((data - np.array(symmetric)) ** 2).sum() / ((data - data.mean()) ** 2).sum()
    assert 1 - error == pytest.approx(reference.ceiling, abs=CEILING)


def test_the_agreement_of_the_surround_hues_is_that_of_the_card():
    reference = insilico.load_reference("klauke_wachtler2015")
    mean, series = reference.values.values, reference.series.values
    spread = (series.var(axis=0, ddof=1) / len(series)).sum()
    assert 1 - spread / ((mean - mean.mean()) ** 2).sum() == pytest.approx(reference.card["agreement"], abs=CEILING)


def test_the_mean_of_observers_is_over_those_who_have_the_point():
    reference = insilico.load_reference("westheimer_levi1987")
    at_three = reference.series.isel(point=int(np.flatnonzero(reference.values["separation"] == 3)[0]))
    assert np.isnan(at_three.sel(series="GW"))
    assert float(reference.values[3]) == pytest.approx((-0.05 - 0.75) / 2)
    several = np.isfinite(reference.series.values).sum(axis=0)
    variance = [
        np.nanvar(column, ddof=1) * (n - 1)
        for column, n in zip(reference.series.values.T, several, strict=True)
        if n > 1
    ]
    pooled = np.sum(variance) / (several - 1).sum()
    total = ((reference.values.values - reference.values.values.mean()) ** 2).sum()
    assert 1 - (pooled / several).sum() / total == pytest.approx(reference.card["agreement"], abs=CEILING)


def test_hue_is_direction_by_another_name():
    hue = protocols.klauke_wachtler2015(angles=(-45.0, 22.5, 180.0))
    moving = protocols.kim_wilson1997(
        angles=(-45.0, 22.5, 180.0), center_angle=0.0, preparation=hue.preparation.replaced(feature="direction")
    )
    model = insilico.load_model("mely2018", **SMALL)
    shifts = [e.curve(e.checked(e.run(model))).values for e in (hue, moving)]
    assert np.allclose(*shifts, atol=1e-9)
    assert np.abs(shifts[0]).max() > 1


def test_the_shift_of_a_shifted_disparity_is_read_back_in_units_of_the_inducing_one():
    experiment = protocols.westheimer_levi1987()
    preparation = experiment.preparation.replaced(tuning_width=0.5)
    z = preparation.preferences
    stimuli = experiment.stimuli(preparation)
    drive = np.tile(np.exp(-0.5 * (z / 0.5) ** 2), (len(stimuli), 1))
    response = np.tile(np.exp(-0.5 * ((z - 0.2) / 0.5) ** 2), (len(stimuli), 1))
    away = 0.2 / -experiment.inducing_disparity
    found = experiment.reader(stimuli, preparation)(response, drive)
    assert found == pytest.approx(np.full(found.size, away), rel=0.02)
    assert experiment.inducing_disparity == pytest.approx(-33.3 / 60)
    assert trough_before(z, np.array([-1.0, -2.0, 3.0, -5.0])) == -2


def test_bar_and_flanks_cover_whole_cells_at_the_separation():
    experiment = protocols.westheimer_levi1987(separations=(0.0, 3.0))
    layers = insilico.PopulationCode(preparation=experiment.preparation).layers(
        experiment.stimuli(experiment.preparation)
    )
    bar, flanks = layers["layer_contrast"].values[1]
    assert np.argwhere(bar).tolist() == [[25, c] for c in range(23, 28)]
    rows = sorted({int(r) for r, _ in np.argwhere(flanks)})
    assert rows == [25 - 7, 25 - 6, 25 - 5, 25 + 5, 25 + 6, 25 + 7]  # 3 arcmin are 4 cells of 0.76
    assert sorted({int(c) for _, c in np.argwhere(flanks)}) == [24, 25, 26]
    assert layers["layer_contrast"].values[0].sum() == 5 + 18


def test_nothing_is_shifted_without_interactions_and_a_width_changes_that_alone():
    experiment = protocols.marshak_sekuler1979(angles=protocols.direction_induction.DOT_ANGLES)
    found = scores_by_width(experiment, insilico.load_model("feedforward", **SMALL), (0.5, 1.0))
    assert np.allclose(found["prediction"], 0, atol=1e-9)
    assert found["tuning_width"].values.tolist() == [0.5, 1.0]
    null = experiment.compare(experiment.run(insilico.load_model("feedforward", **SMALL))).nulls["feedforward"]
    assert found["r2"].values == pytest.approx([null, null])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: protocols.westheimer_levi1987(separations=()), "one or more numbers of arcmin, 0 or more"),
        (lambda: protocols.westheimer_levi1987(inducing_disparity=0.0), "a number of arcmin other than 0"),
        (lambda: protocols.klauke_wachtler2015(angles=(270.0,)), "from −180 to 180 deg"),
        (
            lambda: protocols.westheimer_levi1987().run(
                insilico.load_model("feedforward", **{"preparation.feature": "hue", "preparation.domain": None})
            ),
            "tuned to hue; westheimer_levi1987 shows disparity",
        ),
        (
            lambda: protocols.klauke_wachtler2015().run(insilico.load_model("feedforward", encoder="energy")),
            "'hue': the energy encoder has one feature axis, orientation",
        ),
        (
            lambda: protocols.v1_facts().run(insilico.load_model("feedforward", **{"preparation.shape": (15, 15)})),
            "patch and near surround take 5.25 deg, so no far surround is left",
        ),
    ],
)
def test_bad_input_says_what_is_allowed(make, message):
    with pytest.raises(ValueError, match=message):
        make()
