"""Bad input to the protocols of illusions and of size says the value, what is allowed and the remedy."""

import numpy as np
import pytest

import insilico
import protocols
from insilico.comparison import fit_unscaled
from insilico.reference_data import ReferenceData
from protocols.cli import main
from protocols.summary import score_line


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: insilico.Preparation(gap=-1), "gap = -1: must be a number of degrees, 0 or more"),
        (lambda: insilico.Preparation(surround_diameter=4, gap=1), "gap = 1 deg leaves no surround"),
        (lambda: protocols.otoole_wenderoth1977(read_out="vote"), "no read-out 'vote'.*circular_vote"),
        (lambda: protocols.otoole_wenderoth1977(angles=()), "one or more numbers from −90 to 90 deg"),
        (lambda: protocols.otoole_wenderoth1977(angles=(0, 95)), "from −90 to 90 deg"),
        (lambda: protocols.kim_wilson1997(angles=(np.nan,)), "from −180 to 180 deg"),
        (lambda: protocols.kim_wilson1997(temporal_frequency=0), "temporal_frequency = 0: must be a positive"),
        (lambda: protocols.kim_wilson1997(geometry="hex"), "no geometry 'hex'"),
        (lambda: protocols.protocol_named("otoole_wenderoth"), "Did you mean 'otoole_wenderoth1977'"),
        (lambda: protocols.SizeTuning(low_contrast=0.3), "low_contrast = 0.3: must be one of the contrasts shown"),
        (lambda: protocols.SizeTuning(low_contrast=1.0, high_contrast=0.5), "the first must be the lower one"),
        (lambda: fit_unscaled(np.zeros(3), np.zeros((3, 2))), r"must be \(3,\), one value for each point"),
        (lambda: insilico.analysis.pointers(np.arange(3), period=180, read_out="mode"), "no read-out 'mode'"),
        (lambda: protocols.neighbouring_geometries("mely2018"), "must be a SheetModel"),
        (
            lambda: protocols.neighbouring_geometries(insilico.load_model("feedforward")),
            "averages layers over the area",
        ),
    ],
)
def test_construction(make, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        make()


def test_a_table_of_another_feature_is_not_shown():
    oriented = insilico.load_model("feedforward", **{"preparation.feature": "orientation"})
    with pytest.raises(ValueError, match="tuned to orientation; kim_wilson1997 shows direction"):
        protocols.kim_wilson1997().run(oriented)
    with pytest.raises(ValueError, match="'direction': the energy encoder has one feature axis, orientation"):
        protocols.kim_wilson1997().run(insilico.load_model("feedforward", encoder="energy"))


def test_angles_without_those_of_the_table_are_measured_but_not_compared():
    experiment = protocols.otoole_wenderoth1977(angles=(0.0, 15.0))
    responses = experiment.run(insilico.load_model("feedforward"))
    assert {f.name for f in experiment.findings(responses)} == {
        "tilt_peak",
        "tilt_peak_angle",
        "tilt_zero",
        "tilt_trough",
    }
    with pytest.raises(ValueError, match="no stimulus with relative_orientation = 10"):
        experiment.compare(responses)


def test_rings_of_whole_cells_cannot_be_halved():
    model = insilico.load_model("mely2018").prepared(protocols.papers.HUMAN_OTOOLE_WENDEROTH1977)
    with pytest.raises(ValueError, match="rings of whole, odd numbers of cells"):
        protocols.neighbouring.with_half_cells(model)


def test_a_silent_output_is_not_scored():
    experiment = protocols.otoole_wenderoth1977(angles=tuple(range(0, 91, 10)))
    silent = insilico.load_model("feedforward").perturbed(insilico.Perturbation(units="output", mode="silence"))
    comparison = experiment.compare(experiment.run(silent))
    assert np.isnan([comparison.r2, comparison.low, comparison.high]).all()
    line = score_line({**comparison.score(), "value": None, "low": None, "high": None, "ceiling": None})
    assert "–" in line
    assert "None" not in line


def test_a_card_without_a_ceiling_is_printed(monkeypatch):
    experiment = protocols.otoole_wenderoth1977(angles=tuple(range(0, 91, 10)))
    known = experiment.reference
    card = {key: value for key, value in known.card.items() if not key.startswith("ceiling")}
    bare = ReferenceData(name=known.name, values=known.values, card=card, series=known.series)
    monkeypatch.setattr("protocols.table.load_reference", lambda _: bare)
    responses = experiment.run(insilico.load_model("feedforward"))
    comparison = experiment.compare(responses)
    assert comparison.reference.ceiling is None
    for text in (repr(bare), repr(comparison), comparison._repr_html_(), protocols.report.score_table([comparison])):
        assert "None" not in text
    assert comparison.plot() is not None
    assert insilico.plotting.score_table([comparison]) is not None


def test_the_command_line_runs_and_cites_them(tmp_path, capsys):
    out = ["--out", str(tmp_path / "tilt")]
    angles = f"angles={tuple(range(0, 91, 10))}"
    assert main(["run", "otoole_wenderoth1977", "--model", "feedforward", "--set", angles, *out]) == 0
    printed = capsys.readouterr().out
    assert "ceiling 0.987   0 free" in printed
    assert "tilt_peak_angle" in printed
    page = (tmp_path / "tilt/report.html").read_text()
    assert "unscaled, in the data" in page
    assert "one gain" not in page
    assert "Agreement 0.979" in page
    main(["cite", "kim_wilson1997", "otoole_wenderoth1977"])
    printed = capsys.readouterr().out
    assert "10.1016/S0042-6989(96)00254-4" in printed
    assert "Fig. 4, black and white symbols" in printed
    main(["run", "kim_wilson1997", "--model", "feedforward", "--set", "preparation.feature=orientation", *out])
    assert "tuned to orientation" in capsys.readouterr().err
