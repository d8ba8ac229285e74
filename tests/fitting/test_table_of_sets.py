"""One table of sets from files: what a file holds is not computed again, what it says is what was found."""

import json

import numpy as np
import pytest

from insilico.fitting import changed_scores, values_now
from protocols import set_kinds, set_table
from protocols.cli import main
from protocols.fit_command import fit_problem
from protocols.fit_options import problem_of_command
from protocols.set_kinds import TABLES, Effort
from protocols.set_table import found_for, missed, rows_of
from protocols.set_text import as_markdown

SCORE = {
    "value": 0.9,
    "low": 0.8,
    "high": 0.95,
    "n_orbits": 15,
    "ceiling": 0.98,
    "null": 0.5,
    "null_name": "linear_sum",
    "dedicated": 0.93,
    "dedicated_name": "dedicated_normalization_3_free",
    "converged": True,
    "failed": False,
    "gain_and_offset": 2,
}


@pytest.fixture
def asked(monkeypatch):
    """Answer every kind at once, and keep what was asked."""
    calls = []

    def answer(kind, found):
        def of(model, name, effort):
            calls.append((kind, name))
            return found

        return of

    two = {"r2": 0.85, "n_points": 3, "how": "h"}
    kinds = {
        "scores": {t: SCORE | ({"value": 0.4} if t == "kim_wilson1997" else {}) for t in TABLES},
        "perturbed": {t: {"nominal": 0.9, "median": 0.8, "low": -0.2} for t in TABLES},
        "geometry": {"otoole_wenderoth1977": 0.9, "tilt_discs": -4.0},
        "fifths": {"0": {"busse2009": two}, "1": {"busse2009": two | {"r2": 0.87}}},
        "paper": {"trott_born2015_plaid": two},
    }
    for kind, found in kinds.items():
        monkeypatch.setitem(set_kinds.KINDS, kind, answer(kind, found))
    return calls


def test_what_a_file_holds_is_not_computed_again(asked, tmp_path):
    first = found_for("contextual", ["minimal"], ["scores", "paper"], folder=tmp_path, effort=Effort())
    again = found_for("contextual", ["minimal"], ["scores", "paper"], folder=tmp_path, effort=Effort())
    assert first == again
    assert asked == [("scores", "minimal"), ("paper", "minimal")]
    assert {p.name for p in tmp_path.iterdir()} == {"minimal-scores.json", "minimal-paper.json"}


def test_a_file_of_other_equations_another_set_or_a_damaged_one_is_computed_again(asked, tmp_path, monkeypatch):
    def found():
        return found_for("contextual", ["minimal"], ["scores"], folder=tmp_path, effort=Effort())

    found()
    monkeypatch.setattr(set_table, "MODEL_VERSION", -1)
    found()
    (tmp_path / "minimal-scores.json").write_text("{")
    found()
    assert len(asked) == 3
    (tmp_path / "joint-scores.json").write_text((tmp_path / "minimal-scores.json").read_text())
    found_for("contextual", ["joint"], ["scores"], folder=tmp_path, effort=Effort())
    assert asked[-1] == ("scores", "joint")


def test_a_set_that_was_not_fitted_leaves_nothing_out(asked, tmp_path):
    found = found_for("contextual", ["extensions_off"], ["scores", "paper"], folder=tmp_path, effort=Effort())
    assert set(found["extensions_off"]) == {"scores"}


def test_the_command_writes_the_table_with_counts_and_misses_in_bold(asked, tmp_path, capsys):
    out = tmp_path / "sets"
    words = ["fit", "--table", "minimal", "--kinds", "scores", "perturbed", "geometry", "fifths", "paper"]
    assert main([*words, "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {"sets.md", "sets.json", "sets.png", "results"}
    text = (out / "sets.md").read_text(encoding="utf-8")
    assert text in capsys.readouterr().out
    assert "| `minimal` | 7 + 4 + 10 | 0.900 [0.80, 0.95; 15] |" in text
    assert "**0.400 [0.80, 0.95; 15]**" in text  # below its strongest null
    assert "0.500 (linear sum)" in text
    assert "0.930 (normalization 3 free)" in text
    assert "0.800, **-0.200**" in text
    assert "**-4.000**" in text
    assert "0.860 (0.850, 0.870)" in text
    content = json.loads((out / "sets.json").read_text(encoding="utf-8"))
    [row] = content["sets"]
    assert (row["n_shared"], row["n_per_data_set"], row["n_gain_and_offset"]) == (7, 4, 10)
    assert row["fifths"]["1"]["busse2009"]["r2"] == 0.87
    assert content["provenance"]["command"].startswith("insilico fit --table minimal")


def test_a_score_is_a_miss_where_it_is_undefined_or_not_above_its_null():
    assert missed(None, 0.1)
    assert missed(float("nan"), None)
    assert missed(0.5, 0.5)
    assert missed(0.0, None)
    assert not missed(0.6, 0.5)


def test_rows_of_no_kind_still_make_a_table():
    assert "Scores" not in as_markdown(rows_of("contextual", {"minimal": {}}))


def test_changed_scores_are_seeded_and_start_from_the_values_of_the_set():
    labels = ["c50", "n", "tuning_width@cat"]
    chosen = fit_problem("contextual", ["busse2009"], free=labels, fixed={}, base="minimal")
    assert values_now(chosen) == pytest.approx((0.059324, 2.33921, 0.335438))
    nominal = chosen.evaluate(values_now(chosen)).scores["busse2009"]
    found = changed_scores(chosen, share=0.05, n_draws=3, seed=1)["busse2009"]
    assert len(found) == 3
    assert found == changed_scores(chosen, share=0.05, n_draws=3, seed=1)["busse2009"]
    assert np.abs(np.array(found) - nominal).max() < 0.05
    assert changed_scores(chosen, share=1e-9, n_draws=1)["busse2009"] == pytest.approx([nominal], abs=1e-5)
    for wrong in ({"share": 0.0}, {"share": 1.0}, {"n_draws": 0}):
        with pytest.raises(ValueError, match="must be"):
            changed_scores(chosen, **wrong)


def test_a_value_that_differs_between_its_preparations_has_no_one_value():
    chosen = fit_problem(
        "contextual", ["busse2009", "trott_born2015_plaid"], free=["tuning_width"], fixed={}, base="joint"
    )
    with pytest.raises(ValueError, match="say where it acts"):
        values_now(chosen)


def test_the_problem_of_a_card_is_that_of_its_command():
    chosen, options = problem_of_command(
        "insilico fit --to busse2009 size_tuning --free nu c50@cat --set beta=0 --shift 1.4 --starts 2 --seed 3 --out f"
    )
    assert [f.label for f in chosen.free] == ["nu", "c50@cat"]
    assert [t.name for t in chosen.targets] == ["busse2009", "size_tuning"]
    assert (options.starts, options.seed) == (2, 3)
    for wrong in (
        "insilico run busse2009",
        "insilico fit --to busse2009 --out f --frree nu",
        "insilico fit --starts x",
    ):
        with pytest.raises(ValueError, match=r"insilico fit|not known|cannot be read"):
            problem_of_command(wrong)
