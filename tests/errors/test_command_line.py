"""The command line: what it writes, and that bad input gives one message, a non-zero exit and no traceback."""

import json
import re

import pytest
import xarray as xr

import insilico
from protocols.cli import main

CONTENTS = {"result.nc", "figure.png", "report.html", "summary.json"}
FAST = ["--set", "preparation.shape=(31, 31)", "preparation.n_channels=12"]


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_run_writes_the_four_files_and_their_contract(tmp_path, capsys):
    out = tmp_path / "new" / "busse"
    status, printed, _ = run(
        capsys, "run", "busse2009", "--model", "mely2018", "--lesion", "T", "--out", out, "--seed", 4
    )
    assert status == 0
    assert {p.name for p in out.iterdir()} == CONTENTS
    summary = json.loads((out / "summary.json").read_text())
    assert set(summary) == {"protocol", "model", "converged", "scores", "findings", "provenance", "checksums"}
    assert (summary["protocol"], summary["model"], summary["converged"]) == ("busse2009", "mely2018 (without T)", True)
    [score] = summary["scores"]
    assert set(score) == {
        *("name", "value", "low", "high", "ceiling", "nulls", "n_points", "n_free", "gain", "offset", "failed"),
        "n_orbits",
    }
    assert (score["name"], score["n_points"], score["n_free"]) == ("busse2009_r2", 300, 2)
    assert score["nulls"].keys() == {"feedforward", "linear_sum", "winner_take_all", "winner_take_all_averaged"} | {
        "dedicated_normalization_3_free"
    }
    assert all({"name", "value", "unit"} <= set(f) for f in summary["findings"])
    assert summary["provenance"]["seed"] == 4
    assert f"{score['value']:.3f}" in printed
    assert "ceiling 0.985" in printed
    report = (out / "report.html").read_text()
    assert "data:image/png;base64" in report
    assert not re.search(r'(src|href)="?https?:', report)  # self-contained
    assert "Digitisation error" in report
    assert "spatial frequency 2 cycles/deg" in report
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert insilico.load_result(out / "result.nc")["response"].sizes["stimulus"] == 25
    assert sorted(p.name for p in out.parent.iterdir()) == ["busse"]


def test_the_same_seed_writes_the_same_summary(tmp_path, capsys):
    for name in ("a", "b"):
        run(capsys, "run", "busse2009", "--model", "feedforward", "--out", tmp_path / name, "--seed", 7)
    assert (tmp_path / "a/summary.json").read_bytes() == (tmp_path / "b/summary.json").read_bytes()


def test_settings_reach_circuit_sheet_encoder_and_experiment(tmp_path, capsys):
    settings = ["alpha=2", "preparation.first_preference=15.0", "encoder=energy", "encoder.orientation_bandwidth=30"]
    settings += ["spatial_frequency=1.5", "diameters=(1.0, 2.0)"]
    out = tmp_path / "size"
    status, _, _ = run(capsys, "run", "size_tuning", "--model", "mely2018", "--out", out, *FAST, *settings)
    assert status == 0
    record = json.loads((out / "summary.json").read_text())["provenance"]
    assert record["model"]["parameters"]["alpha"] == 2
    assert record["model"]["preparation"]["first_preference"] == 15.0
    assert record["model"]["encoder_settings"]["orientation_bandwidth"] == 30
    assert record["model"]["encoder"] == "energy"
    assert record["protocol"]["spatial_frequency"] == 1.5
    assert record["protocol"]["diameters"] == [1.0, 2.0]
    assert "alpha = 2" in json.loads((out / "summary.json").read_text())["model"]


def test_a_run_that_does_not_converge_exits_0_and_says_so_everywhere(tmp_path, capsys):
    out = tmp_path / "wild"
    wild = ["alpha=0", "beta=0", "mu=7", "nu=7", "gamma=7", "delta=7"]
    arguments = [
        "run",
        "surround_orientation",
        "--model",
        "mely2018",
        "--out",
        out,
        *FAST,
        *wild,
        "orientations=(0.0,)",
    ]
    status, printed, err = run(capsys, *arguments)
    assert status == 0
    assert "did not converge" in err
    assert json.loads((out / "summary.json").read_text())["converged"] is False
    assert "did not converge" in (out / "report.html").read_text()
    assert "converge" not in printed
    _, compared, _ = run(capsys, "compare", out)
    assert "NOT CONVERGED" in compared


def test_list_and_cite_name_everything(capsys):
    _, printed, _ = run(capsys, "list")
    for name in (*insilico.list_models(), *insilico.list_references(), "size_tuning", "published_best", "untuned_P"):
        assert name in printed
    _, printed, _ = run(capsys, "cite", "busse2009", "mely2018", "trott_born2015_matrix")
    for doi in ("10.1016/j.neuron.2009.11.004", "10.1037/rev0000109", "10.1523/JNEUROSCI.4000-14.2015"):
        assert doi in printed


def test_compare_puts_finished_runs_side_by_side(tmp_path, capsys):
    for model in ("feedforward", "normalization"):
        run(capsys, "run", "busse2009", "--model", model, "--out", tmp_path / model)
    status, printed, _ = run(capsys, "compare", tmp_path / "feedforward", tmp_path / "normalization")
    assert status == 0
    assert printed.count("busse2009_r2") == 2


def test_an_earlier_result_is_replaced_as_a_whole(tmp_path, capsys):
    out = tmp_path / "r"
    run(capsys, "run", "contrast_response", "--model", "feedforward", "--out", out)
    run(capsys, "run", "busse2009", "--model", "feedforward", "--out", out)
    assert json.loads((out / "summary.json").read_text())["protocol"] == "busse2009"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "bussse2009", "--model", "mely2018"], r"no protocol 'bussse2009'\. Did you mean 'busse2009'\?"),
        (["run", "busse2009", "--model", "mely2017"], r"no model 'mely2017'\. Did you mean 'mely2018'\?.*feedforward"),
        (["run", "busse2009", "--model", "mely2018", "--lesion", "X"], r"no lesion of mely2018 'X'.*P, Q, T, U"),
        (["run", "busse2009", "--model", "normalization", "--lesion", "T"], "no mechanism to remove"),
        (["run", "busse2009", "--model", "mely2018", "--parameters", "best"], "no parameter set of mely2018 'best'"),
        (["run", "busse2009", "--model", "mely2018", "--set", "alpa=2"], "Did you mean 'alpha'"),
        (["run", "busse2009", "--model", "mely2018", "--set", "alpha"], "must be KEY=VALUE"),
        (["run", "busse2009", "--model", "mely2018", "--set", "alpha=much"], "alpha = 'much': must be a number"),
        (["run", "busse2009", "--model", "mely2018", "--set", "tau=0"], "tau = 0"),
        (["run", "busse2009", "--model", "mely2018", "--set", "encoder=retina"], "no encoder 'retina'"),
        (["run", "busse2009", "--model", "mely2018", "--set", "preparation.pich=1"], "Did you mean 'pitch'"),
        (["run", "busse2009", "--model", "mely2018", "--set", "preparation.pitch=-1"], "pitch = -1"),
        (["run", "busse2009", "--model", "mely2018", "--set", "preparation.shape=(21, 21)"], "ssf = 29"),
        (["run", "busse2009", "--model", "mely2018", "--set", "contrasts=(0, 0.7)"], "add up to 1.4"),
        (["run", "busse2009", "--model", "feedforward", "--set", "geometry=hexagons"], "no geometry 'hexagons'"),
        (["run", "size_tuning", "--model", "feedforward", "--set", "diameters=(1.0, 99.0)", "encoder=energy"], "99"),
        (
            ["run", "size_tuning", "--model", "feedforward", "--set", "encoder=energy", "spatial_frequency=9"],
            "shows less than 8",
        ),
        (["cite", "busse209"], "Did you mean 'busse2009'"),
    ],
)
def test_bad_input_is_one_message_and_leaves_nothing(tmp_path, capsys, arguments, message):
    out = ["--out", tmp_path / "out"] if arguments[0] == "run" else []
    status, printed, err = run(capsys, *arguments, *out)
    assert status == 2
    assert printed == ""
    last = err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert re.search(message, last), last
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_refused_before_any_work(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("precious")
    status, _, err = run(capsys, "run", "busse2009", "--model", "mely2018", "--out", tmp_path)
    assert status == 2
    assert "holds other files (thesis.tex)" in err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_an_output_that_cannot_be_written_leaves_nothing(tmp_path, capsys, where):
    (tmp_path / "file").write_text("x")
    status, _, err = run(capsys, "run", "busse2009", "--model", "feedforward", "--out", tmp_path / where)
    assert status == 2
    assert err.startswith("error: ")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_failure_while_writing_leaves_the_earlier_result(tmp_path, capsys, monkeypatch):
    out = tmp_path / "r"
    run(capsys, "run", "busse2009", "--model", "feedforward", "--out", out)
    before = (out / "summary.json").read_bytes()

    def full_disk(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr("protocols.result_files.write_whole", full_disk)
    status, _, err = run(capsys, "run", "contrast_response", "--model", "feedforward", "--out", out)
    assert status == 2
    assert "no space left" in err
    assert (out / "summary.json").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_compare_prints_only_what_was_run(tmp_path, capsys):
    for name, model in (("a", "feedforward"), ("b", "normalization")):
        status, _, err = run(capsys, "run", "contrast_response", "--model", model, "--out", tmp_path / name, *FAST)
        assert status == 0, err
    summary = tmp_path / "a/summary.json"
    edited = json.loads(summary.read_text())
    edited["findings"][0]["value"] = 0.99
    written = summary.read_text()
    summary.write_text(json.dumps(edited))
    status, printed, err = run(capsys, "compare", tmp_path / "a")
    assert (status, printed) == (2, "")
    assert "was changed after it was written" in err
    summary.write_text(written)
    (tmp_path / "a/result.nc").write_bytes((tmp_path / "b/result.nc").read_bytes())
    status, printed, err = run(capsys, "compare", tmp_path / "a")
    assert (status, printed) == (2, "")
    assert "result.nc is not of the run that summary.json is of" in err


def test_compare_refuses_what_is_no_result(tmp_path, capsys):
    status, _, err = run(capsys, "compare", tmp_path)
    assert status == 2
    assert "is no result folder" in err


@pytest.mark.parametrize("command", [[], ["run"], ["compare"], ["demo"], ["list"], ["cite"]])
def test_help_teaches(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "usage: insilico" in capsys.readouterr().out


@pytest.mark.slow
def test_the_demonstration_shows_all_models_and_the_lesion(tmp_path, capsys):
    out = tmp_path / "demo"
    status, printed, _ = run(capsys, "demo", "--out", out)
    assert status == 0
    assert {p.name for p in out.iterdir()} == CONTENTS
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["scores"]) == 12
    assert summary["converged"] is True
    assert "mely2018 (without T)" in printed
    groups = xr.open_datatree(out / "result.nc", engine="h5netcdf")
    assert groups["busse2009/mely2018"]["response"].sizes["stimulus"] == 25
    groups.close()
