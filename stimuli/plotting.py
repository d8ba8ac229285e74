"""Pictures of stimuli: the only home of matplotlib in this package."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from stimuli.base import STIMULUS
from stimuli.display import Display
from stimuli.doors import door
from stimuli.frames import render
from stimuli.sweep import StimulusSet

MOST_THUMBNAILS = 64
COLUMNS, MOST_COLUMNS = 8, 12
THUMBNAIL_INCHES = 1.5
LABEL_POINTS = 6.5
SYMBOLS = {"deg": "°", "1": "", "cycles/deg": " c/deg"}


@door
def overview(stimuli: StimulusSet, display: Display) -> Figure:
    """Draw a labelled thumbnail of each stimulus at its onset, the mean luminance as middle grey.

    Parameters that vary label the thumbnails; those that are the same for all stand in the title.

    Parameters
    ----------
    stimuli : StimulusSet
        Of more than 64, 64 are drawn, evenly spaced, and the title says so.
    display : Display
        Where they are shown.

    Returns
    -------
    matplotlib.figure.Figure
        Closed in pyplot, so that a notebook shows it once.
    """
    chosen = np.unique(np.linspace(0, len(stimuli) - 1, min(len(stimuli), MOST_THUMBNAILS)).round().astype(int))
    shown = StimulusSet(
        [stimuli[int(i)] for i in chosen], stimuli.parameters.isel({STIMULUS: chosen}, missing_dims="ignore")
    )
    varying, constant = _split(stimuli.parameters)
    columns = _columns(shown, varying)
    rows = -(-len(shown) // columns)
    height, width = display.extent_deg
    label_inches = (max(len(varying), 1) * 1.35 * LABEL_POINTS + 6) / 72
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(
            max(columns * THUMBNAIL_INCHES, 4.5),
            rows * (THUMBNAIL_INCHES * height / width + label_inches) + 0.7,
        ),
        layout=ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, wspace=0.0, hspace=0.0),
        dpi=120,
        squeeze=False,
    )
    plt.close(figure)
    extent = (-width / 2, width / 2, -height / 2, height / 2)
    for axis in axes.flat:
        axis.set_axis_off()
    for place, (axis, stimulus) in enumerate(zip(axes.flat, shown, strict=False)):
        image = render(stimulus, display, backend="numpy")[0]
        axis.imshow(image, cmap="gray", vmin=-1, vmax=1, extent=extent)
        axis.set_title(_label(shown.parameters, varying, place, int(chosen[place])), fontsize=LABEL_POINTS, pad=2.5)
    figure.suptitle(_title(stimuli, shown, constant), fontsize=9)
    figure.supxlabel(
        f"each frame {width:.3g}° wide, {height:.3g}° high, at its onset\nblack: contrast −1 · grey: 0 · white: +1",
        fontsize=7.5,
    )
    return figure


def _split(parameters: xr.Dataset) -> tuple[list[str], list[str]]:
    """Return the names of the parameters that vary, and of those that do not."""
    varies = {str(name): len(set(map(str, column.to_numpy()))) > 1 for name, column in parameters.coords.items()}
    return [name for name in varies if varies[name]], [name for name in varies if not varies[name]]


def _columns(stimuli: StimulusSet, varying: list[str]) -> int:
    """Return a number of columns: a multiple of the fastest parameter's number of values, where that fits."""
    inner = len(set(map(str, stimuli.parameters.coords[varying[-1]].to_numpy()))) if varying else 1
    if 1 < inner <= MOST_COLUMNS and len(stimuli) % inner == 0:
        return inner * max(1, COLUMNS // inner)
    return -(-len(stimuli) // -(-len(stimuli) // COLUMNS))


def _written(parameters: xr.Dataset, name: str, place: int) -> str:
    column = parameters.coords[name]
    value, unit = column.to_numpy()[place], column.attrs["units"]
    text = f"{value:.4g}" if column.dtype.kind == "f" else str(value)
    return f"{name.replace('_', ' ')} {text}{SYMBOLS.get(unit, ' ' + unit)}"


def _label(parameters: xr.Dataset, varying: list[str], place: int, number: int) -> str:
    return "\n".join(_written(parameters, name, place) for name in varying) or f"stimulus {number}"


def _title(stimuli: StimulusSet, shown: StimulusSet, constant: list[str]) -> str:
    count = f"{len(stimuli)} stimuli" if len(stimuli) > 1 else "1 stimulus"
    if len(shown) < len(stimuli):
        count += f", {len(shown)} of them shown, evenly spaced"
    return " · ".join([count, *(_written(shown.parameters, name, 0) for name in constant)])
