"""Figures of influence mapping: by distance and by correlation, round one target, tests, power."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from scipy import stats

from insilico.analysis.influence.clustered import cell_contrasts, clustered_variance
from insilico.analysis.influence.design import STRONG, WEAK, InfluenceDesign
from insilico.analysis.influence.groups import PairGroups
from insilico.analysis.influence.ordinal import InfluenceTests
from insilico.analysis.influence.pairs import pair_table
from insilico.features import feature_named
from insilico.figures import Figure
from insilico.plotting import BLACK, BLUE, COLORS, FONT, GRAY, GREEN, MARKERS, ORANGE, RED

DISTANCES = (25.0, 45.0, 60.0, 80.0, 100.0, 130.0, 160.0, 200.0, 250.0, 300.0, 350.0, 400.0, 500.0, 600.0, 850.0)
LOWEST_RATE = 0.015  # at which smaller rates are drawn
CORRELATIONS = tuple(np.linspace(-1, 1, 13))
WORDS = {
    "a": "a  mean influence < 0",
    "b": "b  near > mid < far",
    "c": "c  like suppresses like (weak pairs)",
    "d": "d  the reverse among strong pairs",
    "e": "e  population response falls",
}


def overview(
    pairs: xr.Dataset,
    around: xr.DataArray,
    decoded: xr.Dataset,
    tests: InfluenceTests,
    groups: PairGroups,
    *,
    title: str,
) -> Figure:
    """Draw influence by distance, correlations and preferred orientation, a map, what is decoded, the tests."""
    table = pair_table(pairs)
    design = InfluenceDesign(table=table, groups=groups)
    with rc_context(FONT):
        figure = Figure(figsize=(14.2, 6.4), layout="constrained")
        figure.set_label(f"{title}: influence by distance, correlation and orientation, a map, and the tests")
        axes = figure.subplot_mosaic("DSNA;MOTT")
        _by_distance(axes["D"], table, groups)
        _by_signal(axes["S"], table, design)
        _by_noise(axes["N"], table, design, pairs["noise_correlation"].values)
        _by_angle(axes["A"], table, pairs["orientation_difference"].values, groups)
        _map(figure, axes["M"], around)
        _decoding(axes["O"], decoded)
        _tests(axes["T"], tests)
        figure.suptitle(title, fontsize=9)
    return figure


def letters(table: Mapping[str, Mapping[float, str]], *, expected: float) -> Figure:
    """Draw which circuit passes which test at each scale of cells and micrometres.

    Parameters
    ----------
    table
        Circuit to {µm per cell: letters passed, or "refused"}.
    expected
        Scale that is marked.
    """
    scales = sorted({scale for row in table.values() for scale in row})
    with rc_context(FONT):
        figure = Figure(figsize=(1.05 * len(scales) + 2.6, 0.27 * len(table) + 1.1), layout="constrained")
        figure.set_label(f"tests passed by {', '.join(table)} at each scale of cells and micrometres")
        ax = figure.subplots()
        for i, row in enumerate(table.values()):
            for j, scale in enumerate(scales):
                text = row.get(scale, "")
                if text == "refused":
                    ax.text(j, i, "unstable", ha="center", va="center", fontsize=7, color=RED)
                    continue
                for place, letter in enumerate("abcde"):
                    passed = letter in text
                    color = BLUE if passed else "#C4C4C4"
                    shown = letter if passed else "·"
                    ax.text(j + 0.15 * (place - 2), i, shown, ha="center", va="center", color=color, fontsize=8.5)
        at = scales.index(expected)
        ax.axvspan(at - 0.45, at + 0.45, color="#EEF3F8", zorder=0)
        ax.set_xticks(range(len(scales)), [f"{scale:g}" for scale in scales])
        ax.set_xlabel("µm per cell (assumed; shaded: the default)")
        ax.set_yticks(range(len(table)), list(table))
        ax.set_xlim(-0.6, len(scales) - 0.4)
        ax.set_ylim(len(table) - 0.5, -0.5)
        ax.tick_params(length=0)
        ax.set_title("tests passed, one-sided at 5 % (a letter; · not passed or undefined)")
    return figure


def power_curves(curves: Mapping[str, Mapping[str, xr.Dataset]], varied: Mapping[str, str], *, title: str) -> Figure:
    """Draw the predicted power of each finding: a row for each circuit, a column for each quantity that is varied.

    Parameters
    ----------
    curves
        Circuit to name of the varied quantity to the result of `power_table`, with that coordinate along `size`.
    varied
        Name of each quantity to its label with its unit.
    title
        Figure title.
    """
    with rc_context(FONT):
        figure = Figure(figsize=(2.1 * len(varied) + 0.8, 1.9 * len(curves) + 1.0), layout="constrained")
        figure.set_label(f"predicted power for {', '.join(curves)} against {', '.join(varied)}")
        axes = figure.subplots(len(curves), len(varied), sharey=True, sharex="col", squeeze=False)
        for i, (label, tables) in enumerate(curves.items()):
            for ax, (name, xlabel) in zip(axes[i], varied.items(), strict=True):
                table = tables[name]
                for letter, color, marker in zip("abcde", itertools.cycle(COLORS), itertools.cycle(MARKERS)):
                    power = table["power_of_letter"].sel(letter=letter)
                    ax.plot(table[name], power, color=color, marker=marker, markersize=3, label=WORDS[letter])
                ax.axhline(0.8, color=GRAY, linewidth=0.8, linestyle=":")
                values = [float(v) for v in table[name].values]
                if values[0] > 0:
                    ax.set_xscale("log")
                    ax.minorticks_off()
                shown = values[:: 2 if len(values) > 5 else 1]
                ax.set_xticks(shown, [f"{v:g}" for v in shown])
                ax.set_ylim(-0.03, 1.03)
                if i == len(axes) - 1:
                    ax.set_xlabel(xlabel)
            axes[i, 0].set_ylabel(f"{label}\npower (dotted: 80 %)")
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(), frameon=False, fontsize=8, ncols=5, loc="outside lower center"
        )
        figure.suptitle(title, fontsize=9)
    return figure


def calibration(
    rates: xr.Dataset,
    powers: xr.Dataset,
    *,
    bars: tuple[tuple[float, float], tuple[float, float]],
    title: str,
) -> Figure:
    """Draw false-positive rates, coverage, and simulated against predicted power.

    Parameters
    ----------
    rates, powers
        From `insilico.analysis.influence.calibration`.
    bars
        Ranges that rates and coverage should keep to; shaded.
    title
        Figure title.
    """
    nulls = [str(name) for name in rates["null"].values]
    tests = [str(name) for name in rates["test"].values]
    estimators = [str(name) for name in rates["estimator"].values]
    colors = dict(zip(estimators, (BLUE, GREEN, ORANGE, GRAY, RED), strict=False))
    with rc_context(FONT):
        figure = Figure(figsize=(11.6, 3.4), layout="constrained")
        figure.set_label(f"{title}: calibration of the influence tests: rates, coverage and power")
        axes = figure.subplots(1, len(nulls) + 2, width_ratios=[1] * (len(nulls) + 1) + [0.8])
        tables = [rates["false_positive_rate"].sel(null=null, side="two") for null in nulls] + [rates["coverage"]]
        heads = [f"false positives: {null}\ntwo-sided at 5 %" for null in nulls] + ["coverage of 95 % intervals"]
        ranges = [bars[0]] * len(nulls) + [bars[1]]
        n = int(rates.attrs["n"])
        for ax, table, head, (low, high) in zip(axes[:-1], tables, heads, ranges, strict=True):
            ax.axhspan(low, high, color="#EEF3F8", zorder=0)
            shown = [i for i, test in enumerate(tests) if bool(table.sel(test=test).notnull().all())]
            for j, name in enumerate(estimators):
                values = table.sel(estimator=name).values[shown]
                at = np.arange(len(shown)) + 0.14 * (j - (len(estimators) - 1) / 2)
                known = [stats.binomtest(round(v * n), n).proportion_ci(method="wilson") for v in values]
                error = np.abs([[ci.low, ci.high] for ci in known] - values[:, None]).T
                marker, drawn = MARKERS[j % len(MARKERS)], np.maximum(values, LOWEST_RATE if high < 0.5 else 0)
                ax.errorbar(
                    at, drawn, yerr=error, fmt=marker, color=colors[name], markersize=3.5, capsize=2, label=name
                )
            ax.set_xticks(range(len(shown)), [tests[i] for i in shown], rotation=45, ha="right")
            ax.set_title(head)
            ax.set_yscale("log" if high < 0.5 else "linear")
            if high < 0.5:
                ax.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5, 1], ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
                ax.set_ylim(LOWEST_RATE * 0.95, 1.1)
            else:
                ax.set_ylim(-0.03, 1.03)
        axes[0].set_ylabel(f"share of {n} experiments\n(shaded: wanted)")
        last = axes[-1]
        for i, color, marker in zip(range(powers.sizes["size"]), COLORS, MARKERS, strict=False):
            here = powers.isel(size=i)
            name = f"{int(here['n_fields'])} x {int(here['n_targets'])} x {int(here['trials'])}"
            last.plot(here["predicted"], here["simulated"], marker, color=color, markersize=4, label=name)
        last.plot([0, 1], [0, 1], color=BLACK, linewidth=0.6)
        last.set_aspect("equal")
        last.set_xlabel("power predicted\n(fields x targets x trials)")
        last.set_ylabel("power simulated")
        last.legend(frameon=False, fontsize=7, loc="upper left", handletextpad=0.2, borderpad=0)
        figure.legend(
            *axes[0].get_legend_handles_labels(), title="errors", ncols=5, frameon=False, loc="outside lower center"
        )
        figure.suptitle(title, fontsize=9)
    return figure


def _by_distance(ax: Axes, table: Any, groups: PairGroups) -> None:
    edges = np.asarray(DISTANCES)
    number = np.clip(np.digitize(table["distance_um"], edges) - 1, 0, edges.size - 2)
    middle, mean, half = _binned(table, table["distance_um"], number)
    ax.errorbar(middle, mean, yerr=half, fmt="o-", color=BLUE, markersize=3.5, linewidth=1, capsize=2)
    ax.axhline(0, color=BLACK, linewidth=0.6)
    for edge in groups.class_edges_um[1:]:
        ax.axvline(edge, color=GRAY, linewidth=0.8, linestyle=":")
    ax.set_xscale("log")
    ax.set_xticks([25, 60, 100, 300, 600], ["25", "60", "100", "300", "600"])
    ax.minorticks_off()
    scale = float(np.abs(mean).max(initial=0))
    if scale > 0:
        ax.set_yscale("symlog", linthresh=scale / 30)
    ax.set_xlabel("distance from the target (µm); dotted: near, mid, far")
    ax.set_ylabel("influence (residual s.d.)\nmean, 95 % by target")


def _by_signal(ax: Axes, table: Any, design: InfluenceDesign) -> None:
    edges = np.asarray(CORRELATIONS)
    signal = table["signal_correlation"]
    for group, color, name in ((WEAK, BLUE, "weak trace correlation"), (STRONG, ORANGE, "strong (both tails)")):
        here = design.group == group
        number = np.where(here, np.clip(np.digitize(signal, edges) - 1, 0, edges.size - 2), -1)
        middle, mean, half = _binned(table, signal, number)
        marker = "o" if group == WEAK else "s"
        line = "-" if group == WEAK else "none"
        ax.errorbar(
            middle, mean, yerr=half, marker=marker, linestyle=line, color=color, markersize=3.5, capsize=2, label=name
        )
    ax.axhline(0, color=BLACK, linewidth=0.6)
    top = float(np.abs(table["influence"]).mean())
    if top > 0:
        ax.set_yscale("symlog", linthresh=top)
    ax.set_xlabel("signal correlation with the target\n(all distances; tests c, d remove distance)")
    ax.set_ylabel("influence (residual s.d.)\nmean, 95 % by target")
    ax.legend(frameon=False, fontsize=7)


def _by_noise(ax: Axes, table: Any, design: InfluenceDesign, noise: np.ndarray) -> None:
    left = table.with_measures(influence=design.same_distance.without(table["influence"]))
    kinds = (("noise correlation", noise, GREEN, "o"), ("trace correlation", table["trace_correlation"], ORANGE, "s"))
    curves = {}
    for name, correlation, color, marker in kinds:
        percent = 100 * stats.rankdata(correlation) / correlation.size
        number = np.minimum(percent // 10, 9).astype(int)
        curves[name] = (_binned(left, percent, number), color, marker)
    _curves(ax, curves)
    ax.set_xlabel("rank of the correlation with the target\n(% of pairs)")
    ax.set_ylabel("influence less the mean at its distance\n(residual s.d.), 95 % by target")
    ax.legend(frameon=False, fontsize=7)


def _by_angle(ax: Axes, table: Any, difference: np.ndarray, groups: PairGroups) -> None:
    _, mid, far = groups.class_edges_um
    distance = table["distance_um"]
    zones = (("near", distance < mid), ("mid", (distance >= mid) & (distance < far)), ("far", distance >= far))
    angles = np.unique(np.round(difference, 6))
    curves = {}
    for (name, zone), color, marker in zip(zones, (GREEN, BLUE, GRAY), MARKERS[:3], strict=True):
        number = np.where(zone, np.searchsorted(angles, np.round(difference, 6)), -1)
        if not zone.any():
            continue
        curves[name] = (_binned(table, difference, number), color, marker)
    _curves(ax, curves)
    ax.set_xticks([0, 30, 60, 90])
    ax.set_xlabel("difference of preferred orientation (deg)")
    ax.set_ylabel("influence (residual s.d.)\nmean, 95 % by target")
    ax.legend(frameon=False, fontsize=7)


def _curves(ax: Axes, curves: Mapping[str, tuple[Any, str, str]]) -> None:
    """Draw named curves of (what `_binned` returns, color, marker), on a scale that shows small and large ones."""
    for name, ((middle, mean, half), color, marker) in curves.items():
        ax.errorbar(
            middle, mean, yerr=half, marker=marker, color=color, markersize=3.5, linewidth=1, capsize=2, label=name
        )
    ax.axhline(0, color=BLACK, linewidth=0.6)
    top = max((float(np.abs(mean).max(initial=0)) for (_, mean, _), *_ in curves.values()), default=0.0)
    if top > 0:
        ax.set_yscale("symlog", linthresh=top / 30)


def _decoding(ax: Axes, decoded: xr.Dataset) -> None:
    shift, half = decoded["decoded_shift"], 1.96 * decoded["decoded_shift_se"]
    ax.errorbar(decoded["offset"], shift, yerr=half, fmt="o-", color=BLUE, markersize=3.5, linewidth=1, capsize=2)
    ax.axhline(0, color=BLACK, linewidth=0.6)
    ax.set_xticks([-90, -45, 0, 45, 90])
    ax.set_xlabel("target's preference minus the stimulus (deg)")
    ax.set_ylabel("shift of the decoded orientation\ntowards the target (deg), 95 % by target")


def _binned(table: Any, x: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean x, the mean influence and half its 95 % interval, by target, of each bin with pairs; −1: none."""
    bins = np.unique(number[number >= 0])
    kept = number >= 0
    cells = np.searchsorted(bins, number[kept])
    means = cell_contrasts(cells, {str(b): {i: 1.0} for i, b in enumerate(bins)})
    influence = table["influence"][kept]
    error = np.sqrt(clustered_variance(means.scores(influence), table.target[kept]))
    half = stats.t.ppf(0.975, table.n_targets - 1) * error
    middle = np.bincount(cells, weights=x[kept]) / np.bincount(cells)
    return middle, means.effects(influence), half


def _map(figure: Figure, ax: Axes, around: xr.DataArray) -> None:
    values = around.values
    top = float(np.nanmax(np.abs(values))) or 1.0
    norm = SymLogNorm(linthresh=top / 50, vmin=-top, vmax=top)
    x, y = around["x_um"].values, around["y_um"].values
    image = ax.pcolormesh(x, y, values, cmap="RdBu_r", norm=norm, rasterized=True, shading="nearest")
    ax.plot(0, 0, "+", color=BLACK, markersize=6)
    ax.set_aspect("equal")
    ax.set_xlabel("µm from the target")
    ax.set_ylabel("µm")
    ax.set_title("under the target's preferred grating")
    bar = figure.colorbar(image, ax=ax, shrink=0.85)
    bar.set_label("change, all channels of a cell\n(activity; log beyond a 50th of the top)", fontsize=7)


def _tests(ax: Axes, tests: InfluenceTests) -> None:
    rows: Sequence[Any] = tests.tests
    for i, row in enumerate(rows):
        if not row.defined:
            ax.text(0, i, "undefined: no variance", ha="center", va="center", fontsize=7, color=GRAY)
            continue
        t = row.test.claim * row.t
        shown = float(np.sign(t) * np.log10(1 + abs(t)))
        ax.barh(i, shown, color=GREEN if row.passed else ORANGE, height=0.6)
    level = float(np.log10(1 + stats.t.ppf(0.95, 500)))
    ax.axvline(0, color=BLACK, linewidth=0.6)
    ax.axvline(level, color=GRAY, linewidth=0.8, linestyle=":")
    ticks = np.array([-100, -10, -1, 0, 1, 10, 100, 1000])
    ax.set_xticks(np.sign(ticks) * np.log10(1 + np.abs(ticks)), [str(t) for t in ticks])
    ax.set_yticks(range(len(rows)), [f"{row.test.letter}  {row.test.name}" for row in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("effect / standard error, published sign +\n(green: passed, one-sided at 5 %, dotted)")
    ax.set_title(f"tests passed: {tests.tests_passed}")


def influence_map(
    influence: xr.Dataset,
    *,
    edges: tuple[float, float],
    title: str,
    what: str = "influence",
    unit: str = "(per change of the target)",
) -> Figure:
    """Draw the influence of one target on all channels of each cell, and by difference of preference near and far.

    Parameters
    ----------
    influence
        One stimulus and one target of `implicit_influence` or `finite_influence`, all cells of one population.
    edges
        Of the near and the far zone, degrees.
    title
        Figure title.
    what, unit
        Name and unit of what is drawn.
    """
    [name] = [str(n) for n in influence.coords if str(n).startswith("preferred_")]
    x, y = influence["unit_x"].values, influence["unit_y"].values
    at = float(influence["target_x"]), float(influence["target_y"])
    values = influence["influence"].values
    columns, rows = np.unique(x), np.unique(y)
    total = np.zeros((rows.size, columns.size))
    np.add.at(total, (np.searchsorted(rows, y), np.searchsorted(columns, x)), values)
    total[np.searchsorted(rows, at[1]), np.searchsorted(columns, at[0])] = np.nan
    distance = np.hypot(x - at[0], y - at[1])
    period = feature_named(name.removeprefix("preferred_")).period or 1.0
    apart = (influence[name].values - float(influence[f"target_{name}"]) + period / 2) % period - period / 2
    with rc_context(FONT):
        figure = Figure(figsize=(7.6, 3.2), layout="constrained")
        figure.set_label(f"{title}: map round the target, and by preferred orientation")
        left, right = figure.subplots(1, 2)
        top = float(np.nanmax(np.abs(total))) or 1.0
        norm = SymLogNorm(linthresh=top / 50, vmin=-top, vmax=top)
        image = left.pcolormesh(columns, rows, total, cmap="RdBu_r", norm=norm, rasterized=True, shading="nearest")
        left.plot(*at, "+", color=BLACK, markersize=6)
        left.set_aspect("equal")
        left.set_xlabel("x (deg)")
        left.set_ylabel("y (deg)")
        bar = figure.colorbar(image, ax=left, shrink=0.9)
        bar.set_label(f"{what}, sum over channels\n{unit}", fontsize=7)
        zones = (
            (f"near, up to {edges[0]:.2g} deg", (distance > 0) & (distance <= edges[0]), BLUE),
            (f"far, up to {edges[1]:.2g} deg", (distance > edges[0]) & (distance <= edges[1]), ORANGE),
        )
        for label, zone, color in zones:
            differences = np.unique(np.round(apart[zone], 6))
            mean = [values[zone & (np.abs(apart - d) < 1e-4)].mean() for d in differences]
            right.plot(differences, mean, "o-", color=color, markersize=3, label=label)
        right.axhline(0, color=BLACK, linewidth=0.6)
        right.set_xlabel("preference minus the target's (deg)")
        right.set_ylabel(f"{what}, mean over units\n{unit}")
        right.legend(frameon=False, fontsize=7)
        figure.suptitle(title, fontsize=9)
    return figure
