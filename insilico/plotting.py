"""Figures: the one home of matplotlib in this package."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from insilico.abscissa import Abscissa
from insilico.analysis.unfold import levels_of
from insilico.comparison import Comparison, Finding
from insilico.figures import AnyFigure, Figure, NotShownWarning, show
from insilico.reference_data import ReferenceData
from insilico.windows import PERTURBATION, TIME, windows_shown

__all__ = [
    "Figure",
    "NotShownWarning",
    "checks",
    "comparison_panels",
    "findings_under",
    "fit_starts",
    "lines",
    "score_table",
    "shift_curve",
    "show",
    "trade_off",
    "tuning_curve",
]
from stimuli.doors import door

# Okabe & Ito: told apart by all common forms of colour vision
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GRAY = "#8A8A8A"
COLORS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, BLACK)
FAILED = "FAILED: gain not above 0"
LOWEST = -1.0  # an axis of R² goes no further down
SHOWN_FINDINGS = 9
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
NAMES = {"contrast_1": "contrast at 0°", "contrast_2": "contrast at 90°", "component_2_orientation": "component 2"}
FONT: Any = {"font.size": 8.0, "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 8.0}


@door
def tuning_curve(curve: xr.DataArray, *, ax: Axes | None = None) -> AnyFigure:
    """Draw a response against its first dimension, one line for each value of the second.

    What does not apply ("no surround") has a place of its own beside the axis; over time, the windows of light and of
    other perturbations are shaded.

    Parameters
    ----------
    curve
        Result of `insilico.analysis.tuning_curve`, or a response over time; one or two dimensions.
    ax
        Axes to draw on; a new figure if None.

    Returns
    -------
    matplotlib.figure.Figure
    """
    if curve.ndim not in (1, 2):
        raise ValueError(f"curve has dims {curve.dims}: one or two are drawn; select or average the others first.")
    x, own = str(next((d for d in curve.dims if d == TIME), curve.dims[0])), ax is None
    with rc_context(FONT):
        figure, ax = _axes(ax, (3.6, 2.6), label=f"{curve.name or 'response'} against {x.replace('_', ' ')}")
        second = next((str(d) for d in curve.dims if d != x), None)
        axis = Abscissa(name=x, values=curve[x].values)
        styles = _styles(1 if second is None else curve.sizes[second])
        for i, style in enumerate(styles):
            line = curve if second is None else curve.isel({second: i})
            label = None if second is None else _written(second, line[second].item())
            axis.draw(ax, line[x].values, line.values, label=label, markersize=3.5, clip_on=False, **style)
        _orientation_ticks(ax, x, curve[x].values)
        axis.finish(ax)
        bands = _shade(ax, [curve], _colors_of(curve, second, styles)) if x == TIME else False
        title = None if second is None else _label(second.replace("_", " "), curve[second])
        if second is not None or bands:
            _legend(ax, title, room=figure if bands and own else None)
        ax.set_xlabel(_label(x.replace("_", " "), curve[x]))
        ax.set_ylabel(_label(str(curve.attrs.get("long_name", curve.name or "response")), curve))
        ax.set_ylim(bottom=min(0.0, float(curve.min())))
    return figure


@door
def comparison_panels(comparison: Comparison, *, title: str, rows: str | None, columns: str, x: str) -> Figure:
    """Draw data and model panel by panel, and the score beside its nulls, interval and ceiling.

    Parameters
    ----------
    comparison
        What a protocol's `compare` returned.
    title
        Figure title.
    rows, columns, x
        Coordinates of the table that order the panels and the abscissa; `rows` may be None or "surround", which
        splits the table into points without and with a surround.
    """
    table = comparison.reference.values
    row_of, row_values = _levels(table, rows)
    column_of, column_values = _levels(table, columns)
    n_rows, n_columns = len(row_values), len(column_values)
    axis, data = Abscissa(name=x, values=table[x].values, share=0.3), f"data{_how(comparison.reference)}"
    with rc_context(FONT):
        width, height = 1.25 * n_columns + 3.5, max(1.15 * n_rows + 1.1, 2.9)
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.add_gridspec(1, 2, width_ratios=[1.25 * n_columns, 3.2])
        panels = grid[0].subgridspec(n_rows, n_columns).subplots(sharex=True, sharey=True, squeeze=False)
        for (i, row), (j, column) in itertools.product(enumerate(row_values), enumerate(column_values)):
            chosen = (row_of == i) & (column_of == j)
            values = table[x].values[chosen]
            _panel(panels[i, j], axis, values, table.values[chosen], comparison.fitted[chosen], data=data)
            if i == 0:
                heading = NAMES.get(columns, columns.replace("_", " ")) + ": " if j == 0 else ""
                panels[i, j].set_title(heading + _level(columns, column, table))
            if j == 0 and rows is not None:
                panels[i, j].set_ylabel(_level(rows, row, table, long=i == 0))
        figure.supxlabel(_label(x.replace("_", " "), table[x]), fontsize=8)
        figure.supylabel(_measure(table, width=int(16 * height)), fontsize=8)
        if not axis.is_text:
            _orientation_ticks(panels[0, 0], x, table[x].values, step=90.0)
        for ax in panels.flat:
            axis.finish(ax, step=90.0)
            ax.tick_params(axis="x", labelsize=6.5)
        _scores(
            figure.add_subplot(grid[1].subgridspec(2, 1, height_ratios=[2.4, max(1.15 * n_rows - 1.6, 0.01)])[0]),
            comparison,
        )
        figure.suptitle(f"{title}\n{comparison.model}", fontsize=9)
        figure.set_label(f"{title}: data and {comparison.model}, panel by panel, and the scores")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=7, loc="outside lower right", ncols=2)
    return figure


@door
def shift_curve(comparison: Comparison, curve: xr.DataArray, *, title: str) -> Figure:
    """Draw every series of the data, their mean, and the model's curve on one axis; the scores beside.

    Parameters
    ----------
    comparison
        What a protocol's `compare` returned.
    curve
        Shift of the model at every abscissa shown, one dimension, with units; its coordinate's long name, if it has
        one, is the label.
    title
        Figure title.
    """
    reference, name = comparison.reference, str(curve.dims[0])
    angles = reference.values[name].values
    with rc_context(FONT):
        figure = Figure(figsize=(7.2, 3.3), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.9, 1.0])
        left.axhline(0, color=GRAY, linewidth=0.7, zorder=0)
        colors = (GRAY, SKY, GREEN, ORANGE, PURPLE, YELLOW, RED)
        single = reference.series if reference.series is not None else []
        for series, color, marker in zip(single, itertools.cycle(colors), itertools.cycle(MARKERS[1:])):
            style = {"marker": marker, "markersize": 4, "linestyle": "none", "markerfacecolor": "none"}
            left.plot(angles, series, color=color, label=str(series["series"].item()), **style)
        left.plot(
            angles,
            reference.values,
            "o",
            color=BLACK,
            markersize=4,
            label=f"mean, scored{_how(reference, before=chr(10))}",
        )
        left.plot(curve[name], curve, color=BLUE, linewidth=1.5, label="model")
        axis = curve[name].attrs
        left.set_xlabel(f"{axis.get('long_name', 'surround minus centre')} ({axis['units']})")
        left.set_ylabel(f"{_label('shift', curve)}: away from the surround is positive")
        if axis["units"] == "deg":
            step = 15.0 if np.ptp(angles) <= 90 else 45.0
            left.set_xticks(np.arange(np.ceil(angles.min() / step) * step, angles.max() + 1, step))
        left.legend(frameon=False, fontsize=7)
        _scores(right, comparison)
        figure.set_label(f"{title}: shifts in the data and of {comparison.model}, and the scores")
        figure.suptitle(f"{title}\n{comparison.model}", fontsize=9)
    return figure


@door
def lines(curves: dict[str, xr.DataArray], *, along: str, title: str, ylabel: str, logx: bool = False) -> AnyFigure:
    """Draw several one-dimensional curves, each with its own name, colour and marker.

    Parameters
    ----------
    curves
        Name to curve, each of dims (`along`,).
    along
        Dimension on the abscissa; what has no place on it (0 where it is logarithmic, "does not apply") stands apart.
    title, ylabel
        Of the figure, and of the ordinate.
    logx
        True draws a logarithmic abscissa.
    """
    if not curves:
        raise ValueError("no curves to draw: give one or more, name to curve.")
    with rc_context(FONT):
        figure, ax = _axes(None, (3.8, 2.8), label=f"{title}: {ylabel} against {along.replace('_', ' ')}")
        first = next(iter(curves.values()))
        shown = np.concatenate([curve[along].values for curve in curves.values()])
        axis = Abscissa(name=along, values=shown, log=logx)
        for (name, curve), style in zip(curves.items(), _styles(len(curves)), strict=True):
            axis.draw(ax, curve[along].values, curve.values, markersize=3, label=name, clip_on=False, **style)
        bands = _shade(ax, list(curves.values()), {}) if along == TIME else False
        ax.set_xlabel(_label(along.replace("_", " "), first[along]))
        ax.set_ylabel(ylabel)
        ax.set_ylim(bottom=min(0.0, *(float(c.min()) for c in curves.values())))
        _orientation_ticks(ax, along, shown)
        axis.finish(ax)
        _titled(ax, title)
        if len(curves) > 1 or bands:
            _legend(ax, None, room=figure if bands else None)
    return figure


def contributions(responses: xr.Dataset, *, stimulus: int = 0, unit: int | None = None) -> Figure:
    """Draw what each mechanism contributes to one channel of a cell, one panel per population.

    Parameters
    ----------
    responses
        Recorded with `Recording(mechanisms=True)`; lines over time where it has a window, bars at the steady state.
    stimulus
        Position of the stimulus.
    unit
        Id of a unit whose cell and channel are drawn in all recorded populations; the one that responds most if None.
    """
    if "contribution" not in responses:
        raise ValueError("no contributions were recorded: record with Recording(mechanisms=True).")
    if not 0 <= stimulus < responses.sizes["stimulus"]:
        raise ValueError(f"stimulus = {stimulus}: must be 0 to {responses.sizes['stimulus'] - 1}, a position.")
    shown = responses.isel(stimulus=stimulus)
    ids = shown["unit"].values
    if unit is not None and unit not in ids:
        raise ValueError(f"unit = {unit} was not recorded: choose an id of responses['unit'].")
    peak = shown["response"].max([dim for dim in shown["response"].dims if dim != "unit"])
    chosen = shown.sel(unit=ids[np.argmax(peak.values)] if unit is None else unit)
    same = np.all([shown[name] == chosen[name] for name in ("row", "column", "channel")], axis=0)
    units = shown.isel(unit=np.flatnonzero(same))
    with rc_context(FONT):
        figure = Figure(figsize=(3.6 * units.sizes["unit"] + 0.4, 3.0), layout="constrained")
        axes = figure.subplots(1, units.sizes["unit"], squeeze=False)[0]
        for ax, i in zip(axes, range(units.sizes["unit"]), strict=True):
            one = units.isel(unit=i)
            population = str(one["population"].item())
            terms = one["contribution"].isel(mechanism=np.flatnonzero(one["mechanism_population"] == population))
            _contributions(ax, terms.transpose("mechanism", ...))
            ax.set_title(f"{population} stage")
        place = f"row {int(chosen['row'])}, column {int(chosen['column'])}, channel {int(chosen['channel'])}"
        figure.suptitle(f"{place}, stimulus {stimulus}", fontsize=8)
    return figure


def _contributions(ax: Axes, terms: xr.DataArray) -> None:
    """Draw the terms of one unit, (mechanism[, time]), and their sum."""
    signs = np.where(terms.values.reshape(terms.sizes["mechanism"], -1).sum(axis=1) < 0, "−", "")
    labels = [f"{sign}{term}" for sign, term in zip(signs, terms["mechanism"].values, strict=True)]
    total = terms.sum("mechanism")
    if "time" in terms.dims:
        for line, label, color, marker in zip(terms, labels, itertools.cycle(COLORS), itertools.cycle(MARKERS)):
            every = max(1, terms.sizes["time"] // 8)
            ax.plot(terms["time"], line, color=color, marker=marker, markevery=every, markersize=3.5, label=label)
        ax.plot(terms["time"], total, color=GRAY, linestyle="--", label="sum")
        ax.set_xlabel(_label("time", terms["time"]))
        ax.set_ylabel("contribution")
        ax.legend(frameon=False, fontsize=7)
    else:
        colors = [*itertools.islice(itertools.cycle(COLORS), len(labels)), GRAY]
        ax.barh(range(len(labels) + 1), [*terms.values, float(total)], color=colors, height=0.65)
        names = [f"{name}  {label}" for name, label in zip(terms["mechanism_name"].values, labels, strict=True)]
        ax.set_yticks(range(len(labels) + 1), [*names, "sum"])
        ax.invert_yaxis()
        ax.set_xlabel("contribution")
    (ax.axvline if "time" not in terms.dims else ax.axhline)(0, color=BLACK, linewidth=0.5, zorder=0)


@door
def score_table(comparisons: list[Comparison]) -> Figure:
    """Draw the scores of several models on several tables, with intervals, best null and ceiling."""
    protocols = list(dict.fromkeys(c.protocol for c in comparisons))
    models = list(dict.fromkeys(c.model for c in comparisons))
    colors = dict(zip(models, itertools.cycle((GRAY, ORANGE, BLUE, SKY, GREEN, RED, PURPLE, BLACK))))
    with rc_context(FONT):
        longest = max(len(model) for model in models)
        width = max(2.6 * len(protocols) + 0.4 + 0.065 * longest, 5.2)
        figure = Figure(figsize=(width, 0.32 * len(models) + 1.6), layout="constrained")
        axes = figure.subplots(1, len(protocols), sharey=True, squeeze=False)[0]
        for ax, protocol in zip(axes, protocols, strict=True):
            for i, model in enumerate(models):
                found = [c for c in comparisons if c.protocol == protocol and c.model == model]
                if not found:
                    continue
                c = found[0]
                error = [[max(c.r2 - c.low, 0)], [max(c.high - c.r2, 0)]]
                face = colors[model] if c.converged else "white"
                if c.r2 < LOWEST:
                    ax.text(LOWEST, i, f"◂ {c.r2:.2f}", color=colors[model], va="center", fontsize=7)
                else:
                    ax.errorbar(c.r2, i, xerr=error, fmt="o", color=colors[model], mfc=face, capsize=2, markersize=5)
                if c.failed:
                    ax.text(max(c.r2, LOWEST), i - 0.15, f" {FAILED}", color=RED, va="bottom", fontsize=6)
                ax.plot(c.best_null, i, marker="|", color=BLACK, markersize=9, linestyle="none")
                ax.plot(c.dedicated, i, marker="D", color=BLACK, markersize=3, mfc="white", linestyle="none")
            ceiling = next(c.reference.ceiling for c in comparisons if c.protocol == protocol)
            if ceiling is not None:
                ax.axvline(ceiling, color=BLACK, linewidth=0.8, linestyle=":")
            ax.set_title(protocol)
            here = [c for c in comparisons if c.protocol == protocol]
            ax.set_xlabel(f"R² ({here[0].scale.name})")
            ax.set_xlim(_left([v for c in here for v in (c.r2, c.best_null) if np.isfinite(v)]), 1.02)
        figure.set_label(f"scores (R²) of {', '.join(models)} on {', '.join(protocols)}")
        axes[0].set_yticks(range(len(models)), models)
        axes[0].set_ylim(len(models) - 0.5, -0.5)
        figure.suptitle(
            "circle: model, 95 % interval (open: not converged)"
            + ("    " if len(protocols) > 1 else "\n")
            + "bar: its best null    diamond: model made for the table    dotted: ceiling",
            fontsize=7,
        )
    return figure


def _panel(ax: Axes, axis: Abscissa, x: np.ndarray, points: np.ndarray, model: np.ndarray, *, data: str) -> None:
    axis.draw(ax, x, model, lone="_", color=BLUE, linewidth=1.3, markersize=7, markeredgewidth=1.5, label="model")
    on_axis = axis.on_axis(x)
    place = axis.positions(x)
    ax.plot(place[on_axis], points[on_axis], "o", color=BLACK, markersize=2.4, label=data)
    ax.plot(place[~on_axis], points[~on_axis], "o", color=BLACK, markersize=3.2, markerfacecolor="white")
    ax.axhline(0, color=GRAY, linewidth=0.4, zorder=0)


def _how(reference: ReferenceData, *, before: str = " ") -> str:
    """Return in brackets how the card says that the data were obtained; nothing where it does not."""
    how = str(reference.card.get("how_obtained", "")).split(";")[0]
    return f"{before}({how})" if how else ""


def _measure(table: xr.DataArray, *, width: int) -> str:
    """Return what the table holds, with its unit, in lines that fit."""
    return "\n".join(textwrap.wrap(_label(str(table.attrs.get("long_name", "response")), table), width))


def _scores(ax: Axes, comparison: Comparison) -> None:
    names = ["model", *comparison.nulls]
    values = [comparison.r2, *comparison.nulls.values()]
    colors = [BLUE, *[GRAY] * len(comparison.nulls)]
    ax.barh(range(len(names)), values, color=colors, height=0.65)
    if np.isfinite(comparison.low):
        error = [[max(comparison.r2 - comparison.low, 0)], [max(comparison.high - comparison.r2, 0)]]
        ax.errorbar(comparison.r2, 0, xerr=error, color=BLACK, capsize=2, linewidth=1)
    left = _left(values)
    if left < 0:
        ax.axvline(0, color=BLACK, linewidth=0.6)
    if comparison.reference.ceiling is not None:
        ax.axvline(comparison.reference.ceiling, color=BLACK, linestyle=":", linewidth=0.9)
        ax.text(comparison.reference.ceiling, -0.75, "ceiling ", fontsize=6.5, ha="right", va="center")
    labels = [f"{name.replace('_', ' ')}  {value:.3f}" for name, value in zip(names, values, strict=True)]
    ax.set_yticks(range(len(names)), labels)
    ax.set_ylim(len(names) - 0.4, -1.0)
    ax.set_xlim(left, 1.02)
    ax.set_xlabel(f"R²\n{comparison.scale.name}\n{comparison.n_free} free", fontsize=7)
    wrong = [comparison.failed and FAILED, not comparison.converged and "NOT CONVERGED"]
    if any(wrong):
        ax.set_title("\n".join(text for text in wrong if text), color=RED, fontsize=8)


def _left(values: list[float]) -> float:
    """Return the left end of an axis of R²: 0, or as far below as the values go, but not further than LOWEST."""
    finite = [value for value in values if np.isfinite(value)]
    return max(LOWEST, min(0.0, *finite) * 1.05) if finite else 0.0


def _levels(table: xr.DataArray, name: str | None) -> tuple[np.ndarray, list[Any]]:
    if name is None:
        return np.zeros(table.size, dtype=int), [None]
    if name == "surround":
        return (~np.isnan(table["surround_orientation"].values)).astype(int), ["alone", "with surround"]
    levels, number = levels_of(table[name].values)
    return number, levels.tolist()


def _level(name: str, value: Any, table: xr.DataArray, *, long: bool = True) -> str:
    if isinstance(value, str):
        return value
    if name.startswith("contrast") and np.isfinite(value):
        return f"{NAMES[name] + chr(10) if long and name == 'contrast_1' else ''}{100 * value:g} %"
    degrees = table[name].attrs.get("units") == "deg" and np.isfinite(value)
    return f"{_written(name, value)}{'°' if degrees else ''}"


def _label(name: str, data: xr.DataArray) -> str:
    unit = data.attrs.get("units", "1")
    text = name.replace("_", " ")
    return text if unit == "1" else f"{text} ({unit})"


def _written(name: str, value: Any) -> str:
    """Return a value of a parameter as it stands in a legend."""
    if isinstance(value, str):
        return value or Abscissa(name=name, values=np.array([value])).absent
    return Abscissa(name=name, values=np.array([value])).absent if np.isnan(value) else f"{value:g}"


def _styles(n: int) -> list[dict[str, Any]]:
    return [{"color": c, "marker": m} for c, m in zip(_sequence(n), itertools.cycle(MARKERS))]


def _titled(ax: Axes, title: str) -> None:
    """Set a title, broken into lines that fit above the axes."""
    ax.set_title("\n".join(textwrap.wrap(title, 58)))


def _colors_of(curve: xr.DataArray, second: str | None, styles: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the colour of the line of each perturbation, where each has a line."""
    if second != PERTURBATION:
        return {}
    return {str(name): style["color"] for name, style in zip(curve[second].values, styles, strict=True)}


def _shade(ax: Axes, curves: Sequence[xr.DataArray], colors: dict[str, Any]) -> bool:
    """Shade the windows of the perturbations of responses over time, one legend entry each; False without any."""
    found = {name: windows for curve in curves for name, windows in windows_shown(curve).items()}
    for (name, windows), color in zip(found.items(), itertools.cycle((YELLOW, SKY, PURPLE, GRAY))):
        own = colors.get(name)
        style: Any = {"facecolor": own or color, "alpha": 0.15 if own else 0.35, "linewidth": 0, "zorder": 0}
        for i, (start, stop) in enumerate(windows):
            ax.axvspan(start, stop, label=f"window of {name}" if i == 0 else None, **style)
    return bool(found)


def _legend(ax: Axes, title: str | None, *, room: AnyFigure | None) -> None:
    """Draw the legend; beside the axes, in a figure made wider for it, where `room` names the figure."""
    style: Any = {"title": title, "frameon": False, "fontsize": 7, "title_fontsize": 7}
    if room is None:
        ax.legend(**style)
        return
    room.set_figwidth(room.get_figwidth() + 1.6)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), **style)


def _sequence(n: int) -> list[Any]:
    if n <= 1:
        return [BLUE]
    if n <= 4:
        return [SKY, BLUE, RED, BLACK][:n] if n > 2 else [BLUE, RED]
    from matplotlib import colormaps

    return list(colormaps["viridis"](np.linspace(0, 0.9, n)))


def _orientation_ticks(ax: Axes, name: str, values: np.ndarray, *, step: float = 45.0) -> None:
    if "orientation" not in name:
        return
    shown = values[np.isfinite(values)] if values.dtype.kind in "fiu" else values[:0]
    if shown.size:
        ax.set_xticks(np.arange(np.ceil(shown.min() / step) * step, shown.max() + 1, step))


def _axes(ax: Axes | None, size: tuple[float, float], *, label: str) -> tuple[AnyFigure, Axes]:
    if ax is not None:
        given = ax.get_figure(root=True)
        assert given is not None
        return given, ax
    figure = Figure(figsize=size, layout="constrained")
    figure.set_label(label)
    return figure, figure.subplots()


@door
def fit_starts(result: Any) -> Figure:
    """Draw the cost at which each start of a fit ended, and where its parameters lie between their bounds."""
    ordered = sorted(result.starts, key=lambda start: start.cost)
    best = ordered[0].cost
    free = result.problem.free
    with rc_context(FONT):
        figure = Figure(figsize=(7.2, 0.24 * len(free) + 1.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.6])
        figure.set_label(f"cost and parameters of the {len(ordered)} starts of a fit")
        left.plot(range(1, len(ordered) + 1), [s.cost for s in ordered], "o", color=BLUE, markersize=4)
        left.axhline(best, color=GRAY, linewidth=0.8, linestyle=":")
        if ordered[-1].cost > 3 * best:
            left.set_yscale("log")
        else:
            left.set_ylim(0, 1.1 * ordered[-1].cost)
        left.set_xlim(0, len(ordered) + 1)
        left.xaxis.get_major_locator().set_params(integer=True)
        left.set_xlabel("start, by cost")
        left.set_ylabel("sum of squared residuals")
        for start in reversed(ordered):
            near = start.cost <= 1.05 * best
            position = [f.to_unit(v) for f, v in zip(free, start.values, strict=True)]
            color = BLUE if near else "#CCCCCC"
            right.plot(position, range(len(free)), "o", color=color, markersize=4 if near else 2.5, clip_on=False)
        right.set_yticks(range(len(free)), [f.label for f in free])
        right.set_ylim(len(free) - 0.5, -0.5)
        right.set_xlim(0, 1)
        right.set_xlabel("position between the bounds")
        right.set_title("blue: within 5 % of the best cost")
    return figure


@door
def findings_under(findings: dict[str, Sequence[Finding]]) -> Figure:
    """Draw measures under several perturbations: one panel for each measure, one row for each perturbation."""
    names = list(findings)
    numbers = {n: {f.name: f for f in found if not isinstance(f.value, str)} for n, found in findings.items()}
    measured = [name for name in numbers[names[0]] if all(name in found for found in numbers.values())][:SHOWN_FINDINGS]
    if not measured:
        raise ValueError(f"no measure is a number under each of {', '.join(names)}: there is nothing to draw.")
    with rc_context(FONT):
        columns = min(3, len(measured))
        rows = -(-len(measured) // columns)
        size = (2.5 * columns + 1.2, rows * (0.22 * len(names) + 0.75) + 0.2)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for ax in axes[len(measured) :]:
            ax.set_visible(False)
        for ax, measure in zip(axes, measured, strict=False):
            found = [numbers[name][measure] for name in names]
            values = [float(f.value) for f in found]
            ends = np.array(
                [
                    [v - (v if f.low is None else f.low) for v, f in zip(values, found, strict=True)],
                    [(v if f.high is None else f.high) - v for v, f in zip(values, found, strict=True)],
                ]
            )
            ax.errorbar(
                values, range(len(names)), xerr=np.maximum(ends, 0), fmt="o", color=BLUE, markersize=4, capsize=2
            )
            ax.axvline(values[0], color=GRAY, linewidth=0.8, linestyle=":")
            ax.xaxis.set_major_locator(MaxNLocator(4))
            ax.ticklabel_format(axis="x", scilimits=(-3, 4))
            ax.set_xlabel(measure.replace("_", " ") + ("" if found[0].unit == "1" else f"\n({found[0].unit})"))
            ax.margins(x=0.15)
            if not ends.any() and np.ptp(values) <= 1e-9 * abs(values[0]):
                ax.set_xlim(values[0] - 0.5, values[0] + 0.5)
            undefined = np.flatnonzero(np.isnan(values))
            for i in undefined:
                ax.text(0.5, i, "undefined", transform=ax.get_yaxis_transform(), ha="center", va="center", color=GRAY)
            if undefined.size == len(values):
                ax.set_xticks([])
            ax.set_yticks(range(len(names)), names)
            ax.set_ylim(len(names) - 0.5, -0.5)
        figure.set_label(f"measures under {', '.join(names)}: {', '.join(m.replace('_', ' ') for m in measured)}")
        figure.suptitle("dotted: without perturbation; bars: 95 % interval where there is one", fontsize=7)
    return figure


@door
def checks(outcomes: Sequence[Any]) -> Figure:
    """Draw the scores of a fit and of its variations, one row each, one marker for each table."""
    names = list(dict.fromkeys(name for o in outcomes for name in o.scores))
    first = outcomes[0]
    left = max(min(v for o in outcomes if o.group != "shuffled" for v in o.scores.values()) - 0.02, 0.3)
    with rc_context(FONT):
        figure = Figure(figsize=(7.2, 0.22 * len(outcomes) + 1.6), layout="constrained")
        ax = figure.subplots()
        figure.set_label("scores (R²) of the fit and of its checks")
        for j, (name, color, marker) in enumerate(zip(names, itertools.cycle(COLORS), itertools.cycle(MARKERS))):
            rows = [i for i, o in enumerate(outcomes) if name in o.scores]
            found = [outcomes[i].scores[name] for i in rows]
            style: Any = {"color": color, "marker": marker, "markersize": 4.5, "linestyle": "none"}
            ax.plot(np.maximum(found, left), rows, label=name, clip_on=False, zorder=3 + 0.01 * j, **style)
            ax.axvline(first.scores[name], color=color, linewidth=0.6, linestyle=":")
        groups = [o.group for o in outcomes]
        for i in range(1, len(outcomes)):
            if groups[i] != groups[i - 1]:
                ax.axhline(i - 0.5, color=GRAY, linewidth=0.6)
        ax.set_yticks(range(len(outcomes)), [f"{_of_group(o)}{o.name}   {o.n_free} free" for o in outcomes])
        ax.set_ylim(len(outcomes) - 0.4, -0.6)
        ax.set_xlim(left, 1.0)
        ax.set_xlabel(f"R² (dotted: the fit itself; markers on the left edge: {left:.2f} or below)")
        figure.legend(*ax.get_legend_handles_labels(), frameon=False, fontsize=7, loc="outside upper center", ncols=4)
    return figure


@door
def trade_off(outcomes: Sequence[Any], *, along: str, xlabel: str) -> Figure:
    """Draw the scores of variations against a measure of theirs."""
    ordered = sorted((o for o in outcomes if along in o.measures), key=lambda o: o.measures[along])
    names = list(dict.fromkeys(name for o in ordered for name in o.scores))
    with rc_context(FONT):
        figure = Figure(figsize=(5.4, 3.2), layout="constrained")
        ax = figure.subplots()
        figure.set_label(f"scores (R²) against {xlabel}")
        for name, color, marker in zip(names, itertools.cycle(COLORS), itertools.cycle(MARKERS)):
            points = [(o.measures[along], o.scores[name]) for o in ordered if name in o.scores]
            ax.plot(*zip(*points, strict=True), color=color, marker=marker, markersize=4, linewidth=1, label=name)
        ax.set_xlabel(xlabel)
        ax.set_ylabel("R²")
        figure.legend(*ax.get_legend_handles_labels(), frameon=False, fontsize=7, loc="outside right upper")
    return figure


def _of_group(outcome: Any) -> str:
    return "without: " if outcome.group == "removed" else ""
