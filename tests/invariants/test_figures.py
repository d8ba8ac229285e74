"""What a figure shows: every condition in its place, the model, what was done to it, and when."""

import dataclasses
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot

import insilico
import protocols
from insilico import plotting
from insilico.analysis import tuning_curve
from insilico.comparison import Finding
from protocols.report import Section, report
from stimuli import Grating, StimulusSet

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 8}


def curve(values, along, at, **coords):
    return xr.DataArray(np.asarray(values, dtype=float), dims=along, coords={along: at, **coords}, name="response")


def ticks(ax):
    return dict(zip([t.get_text() for t in ax.get_xticklabels()], ax.get_xticks(), strict=True))


def points(ax):
    """Return all points drawn with a marker or joined by a line, as (x, y), breaks of the axis left out."""
    data = [line.get_xydata() for line in ax.lines if line.get_transform() == ax.transData]
    return {(float(x), float(y)) for x, y in np.concatenate(data)}


def test_zero_stands_apart_on_a_logarithmic_axis():
    contrast = curve([2.0, 3.0, 5.0, 9.0], "contrast", [0.0, 0.01, 0.1, 1.0])
    (ax,) = plotting.lines({"unit": contrast}, along="contrast", title="t", ylabel="r", logx=True).axes
    place = ticks(ax)["0"]
    assert ax.get_xlim()[0] < place < 0.01
    assert (place, 2.0) in points(ax)
    joined = max((line.get_xdata() for line in ax.lines), key=len)
    assert list(joined) == [0.01, 0.1, 1.0]  # no line reaches for 0


def test_a_logarithmic_axis_refuses_what_it_cannot_show():
    below = curve([1.0, 2.0], "contrast", [-1.0, 1.0])
    with pytest.raises(ValueError, match="below 0"):
        plotting.lines({"unit": below}, along="contrast", title="t", ylabel="r", logx=True)


def test_the_centre_alone_is_a_labelled_place_beside_the_surrounds():
    experiment = protocols.surround_orientation()
    responses = experiment.run(insilico.load_model("feedforward", **SMALL))
    shown = tuning_curve(responses, along="surround_orientation")
    (ax,) = plotting.tuning_curve(shown).axes
    place = ticks(ax)["no\nsurround"]
    assert place < 0
    assert (place, float(shown.sel(surround_orientation=np.nan))) in points(ax)
    assert len(points(ax)) == shown.size


def test_what_does_not_apply_is_named_in_the_legend():
    two = xr.DataArray(
        np.ones((2, 3)),
        dims=("contrast", "surround_orientation"),
        coords={"contrast": [0.5, 1.0], "surround_orientation": [0.0, 90.0, np.nan]},
    )
    (ax,) = plotting.tuning_curve(two).axes
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["0", "90", "no surround"]


def test_categories_are_drawn_in_the_order_given():
    shapes = curve([3.0, 1.0, 2.0], "aperture", ["square", "disc", ""])
    (ax,) = plotting.tuning_curve(shapes).axes
    assert ticks(ax) == {"square": 0, "disc": 1, "none": 2}
    assert points(ax) == {(0, 3), (1, 1), (2, 2)}


def test_a_curve_of_several_units_is_drawn():
    several = xr.DataArray(np.ones((2, 2)), dims=("contrast", "unit"), coords={"contrast": [0.5, 1.0], "unit": [7, 9]})
    (ax,) = plotting.tuning_curve(several).axes
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["7", "9"]


@pytest.fixture(scope="module")
def verdict():
    experiment = protocols.trott_born2015_matrix()
    return experiment.compare(experiment.run(insilico.load_model("feedforward")))


def at_surround_zero(verdict, **card):
    chosen = np.flatnonzero(verdict.reference.values["surround_orientation"].values == 0)
    reference = dataclasses.replace(
        verdict.reference, values=verdict.reference.values.isel(point=chosen), card={**verdict.reference.card, **card}
    )
    return dataclasses.replace(verdict, reference=reference, prediction=verdict.prediction[chosen])


LAYOUT = {"rows": None, "columns": "center_orientation", "x": "surround_orientation"}


def test_a_panel_of_one_point_shows_the_model(verdict):
    figure = plotting.comparison_panels(at_surround_zero(verdict), title="t", **LAYOUT)
    for ax in figure.axes[:6]:
        (model,) = (line for line in ax.lines if line.get_label() == "model")
        assert len(model.get_xdata()) == 1
        assert model.get_marker() not in ("None", "", None)


def test_labels_of_a_comparison_are_those_of_the_data(verdict):
    one = at_surround_zero(verdict, how_obtained="counted by hand; twice")
    one.reference.values.attrs = {"units": "spikes/s", "long_name": "mean rate"}
    figure = plotting.comparison_panels(one, title="t", **LAYOUT)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["model", "data (counted by hand)"]
    assert figure.get_supylabel() == "mean rate (spikes/s)"


def test_every_condition_of_a_table_is_drawn_for_model_and_data(verdict):
    figure = plotting.comparison_panels(verdict, title="t", **LAYOUT)
    for ax in figure.axes[:6]:
        assert "no\nsurround" in ticks(ax)
        drawn = [
            line.get_xydata() for line in ax.lines if line.get_transform() == ax.transData and len(line.get_xdata())
        ]
        assert sum(len(xy) for xy in drawn) == 2 * 7  # model and data at 7 surrounds


@pytest.mark.parametrize(
    "experiment",
    [
        protocols.orientation_tuning(orientations=(0.0, 90.0)),
        protocols.contrast_response(contrasts=(0.5, 1.0)),
        protocols.size_tuning(contrasts=(1.0,), diameters=(1.0, 2.0)),
    ],
)
def test_titles_name_lesions_changes_and_perturbations(experiment):
    silence = insilico.Perturbation(units="output", mode="drive", value=0.25)
    model = insilico.load_model("mely2018", alpha=2, **SMALL).perturbed(insilico.Lesion("T"), insilico.Lesion("U"))
    responses = experiment.run(model.perturbed(silence), perturbations={"more": silence})
    for text in ("without T", "without U", "alpha = 2", "drive 0.25 of output"):
        assert text in responses.attrs["title"]
    (ax,) = experiment.plot(responses.sel(perturbation="more")).axes
    title = ax.get_title().replace("\n", " ")
    assert title == f"{responses.attrs['title']}, more"


def test_a_free_recording_names_what_was_changed():
    one = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, diameter=2)])
    model = insilico.load_model("normalization", **SMALL).perturbed(
        insilico.Perturbation(units=(3, 4), mode="drive", value=(0.1, 0.2))
    )
    assert insilico.record(model, one).attrs["title"].endswith("drive of 2 units)")


def course(perturbations=None):
    one = StimulusSet.of([Grating(orientation=90, spatial_frequency=2, diameter=2)])
    recording = insilico.Recording(window=(0, 60), cadence=6)
    model = insilico.load_model("mely2018", **SMALL)
    return insilico.experiment.record_under(perturbations, model, one, recording=recording)


def bands(ax):
    return {(p.get_label(), p.get_x(), p.get_x() + p.get_width()) for p in ax.patches}


def test_windows_of_perturbations_are_shaded_and_labelled_on_time_courses():
    lit = [
        insilico.Light(spots=((0.0, 0.0),), power=1.0, window=window)
        for window in insilico.pulses(start=12, width=6, period=12, n=2)
    ]
    silence = insilico.Perturbation(units="input", mode="silence", window=(30.0, 500.0))
    responses = course({"beams": lit, "silence": silence})
    response = responses["response"].isel(stimulus=0, unit=0)
    (ax,) = plotting.tuning_curve(response).axes
    found = {(start, stop) for _, start, stop in bands(ax)}
    assert found == {(12.0, 18.0), (24.0, 30.0), (30.0, 60.0)}
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["none", "sham", "beams", "silence", "window of beams", "window of silence"]
    (ax,) = plotting.tuning_curve(response.sel(perturbation="silence")).axes
    assert bands(ax) == {("window of silence", 30.0, 60.0)}
    (ax,) = plotting.tuning_curve(response.sel(perturbation="none")).axes
    assert not ax.patches
    each = {name: response.sel(perturbation=name) for name in ("beams", "silence")}
    (ax,) = plotting.lines(each, along="time", title="t", ylabel="r").axes
    assert {(start, stop) for _, start, stop in bands(ax)} == found


def test_windows_survive_the_disk_and_the_way_to_a_curve(tmp_path):
    silence = insilico.Perturbation(units="input", mode="silence", window=(30.0, 40.0))
    loaded = insilico.load_result(insilico.save_result(course({"off": silence}), tmp_path / "r.nc"))
    (ax,) = plotting.tuning_curve(loaded["response"].isel(stimulus=0, unit=0).sel(perturbation="off")).axes
    assert bands(ax) == {("window of off", 30.0, 40.0)}


def test_a_figure_is_not_pyplots_and_loads_no_pyplot():
    script = (
        "import sys, matplotlib; matplotlib.use('Agg'); import insilico.plotting as p\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert len(p.Figure()._repr_png_()) > 100\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_a_window_a_figure_says_how_to_keep_it():
    figure = plotting.tuning_curve(curve([1.0, 2.0], "contrast", [0.5, 1.0]))
    with pytest.warns(plotting.NotShownWarning, match="savefig"):
        figure.show()
    assert pyplot.get_fignums() == []


def test_a_script_shows_a_figure_in_a_window_and_waits(monkeypatch):
    from matplotlib.backend_bases import FigureManagerBase

    shown = []
    monkeypatch.setattr(
        matplotlib.backends.backend_agg.FigureCanvasAgg,
        "manager_class",
        type("Window", (FigureManagerBase,), {"show": lambda self: None}),
    )
    monkeypatch.setattr(
        pyplot, "show", lambda: shown.extend(pyplot.figure(n).canvas.figure for n in pyplot.get_fignums())
    )
    figure = plotting.tuning_curve(curve([1.0, 2.0], "contrast", [0.5, 1.0]))
    plotting.show(figure)
    pyplot.close("all")
    assert any(one is figure for one in shown)


def test_a_notebook_shows_a_figure_where_it_stands(monkeypatch):
    from IPython import display

    shown = []
    monkeypatch.setattr(insilico.figures, "_in_notebook", lambda: True)
    monkeypatch.setattr(display, "display", shown.append)
    figure = plotting.tuning_curve(curve([1.0, 2.0], "contrast", [0.5, 1.0]))
    figure.show()
    assert shown == [figure]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_report_shows_every_figure_with_words_of_its_own():
    figures = [plotting.tuning_curve(curve([1.0, 2.0], "contrast", [0.5, c])) for c in (1.0, 0.9, 0.8)]
    for figure, label in zip(figures, ("first", "second", "third"), strict=True):
        figure.set_label(label)
    section = Section(
        title="run",
        citation="",
        figure=figures[1],
        convergence="",
        comparison=None,
        findings=[Finding(name="w1_6_6", value=1.0, unit="1", note="weight of <one>")],
        assumptions=[],
        record={},
    )
    page = report("page", [section], figure=figures[0], further=[figures[2]])
    assert [alt for alt in ("first", "second", "third") if page.count(f'<img alt="{alt}"') == 1] == [
        "first",
        "second",
        "third",
    ]
    assert "weight of &lt;one&gt;" in page
    assert report("page", [], figure=figures[0]).count("<img") == 1


def test_the_figure_under_perturbations_says_what_it_is():
    findings = {
        name: [Finding(name="c50", value=value, unit="1"), Finding(name="words", value=text, unit="1")]
        for name, value, text in (("none", 0.2, 1.0), ("silence", float("nan"), "no response"))
    }
    figure = plotting.findings_under(findings)
    assert figure.get_label() == "measures under none, silence: c50"
    assert "undefined" in [t.get_text() for t in figure.axes[0].texts]


def test_the_score_table_says_whose_scores_on_what(verdict):
    assert plotting.score_table([verdict]).get_label() == "scores (R²) of feedforward on trott_born2015_matrix"
