"""A figure of several panels, each with its own curves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.figure import Figure

from insilico.plotting import FONT, GRAY, MARKERS, _label, _sequence

MANY = 30  # points above which a curve is drawn without markers


def line_panels(panels: Mapping[str, Mapping[str, xr.DataArray]], *, title: str) -> Figure:
    """Draw one panel for each entry, its curves by name, two panels in a row.

    Parameters
    ----------
    panels
        Title of the panel, which is also what its ordinate shows, to its curves; each of one dimension, with units.
    title
        Of the figure.
    """
    with rc_context(FONT):
        rows = -(-len(panels) // 2)
        figure = Figure(figsize=(7.2, 2.7 * rows + 0.3), layout="constrained")
        axes = figure.subplots(rows, 2, squeeze=False).ravel()
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        for ax, (name, curves) in zip(axes, panels.items(), strict=False):
            ax.set_title(name)
            ax.axhline(0, color=GRAY, linewidth=0.6, zorder=0)
            shades = _sequence(len(curves))
            for (label, curve), color, marker in zip(curves.items(), shades, itertools.cycle(MARKERS)):
                along = str(curve.dims[0])
                shape = "none" if curve.size > MANY else marker
                ax.plot(curve[along], curve, color=color, marker=shape, markersize=3, linewidth=1.2, label=label)
                ax.set_xlabel(_label(along, curve[along]))
                if curve[along].attrs["units"] == "deg" and np.ptp(curve[along].values) in (90, 180):
                    ax.set_xticks(np.arange(float(curve[along].min()), float(curve[along].max()) + 1, 45.0))
            ax.legend(frameon=False, fontsize=7)
        figure.suptitle(title, fontsize=9)
    return figure
