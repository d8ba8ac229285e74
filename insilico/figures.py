"""Figures that can be shown from anywhere: in a notebook where they stand, in a script in a window.

A figure of this package is not pyplot's: nothing is drawn, kept or shown behind the user's back, and it works without
a display. The last value of a notebook's cell is shown; within a cell or a script, `figure.show()` does it.
"""

from __future__ import annotations

import io
import sys
import warnings

from matplotlib import figure as matplotlib_figure
from matplotlib.backend_bases import FigureManagerBase

NOTEBOOK_DPI = 100
AnyFigure = matplotlib_figure.Figure


class NotShownWarning(UserWarning):
    """A figure could not be shown, as there is no window to show it in."""


class Figure(AnyFigure):
    """A matplotlib figure that needs no pyplot to be shown."""

    def show(self, warn: bool = True) -> None:
        """Show the figure: see `insilico.plotting.show`."""
        show(self)

    def _repr_png_(self) -> bytes:
        """Return the picture that a notebook shows."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=NOTEBOOK_DPI)
        return buffer.getvalue()


def show(figure: AnyFigure) -> None:
    """Show a figure: in a notebook at once, in a script in a window, which the script waits for.

    Parameters
    ----------
    figure
        Of this package, or any other of matplotlib.

    Warns
    -----
    NotShownWarning
        Where matplotlib has no window to show it in (no display, or a backend for files): save it instead.
    """
    if not isinstance(figure, AnyFigure):
        raise TypeError(f"{type(figure).__name__} cannot be shown: a matplotlib figure is needed.")
    if _in_notebook():
        from IPython.display import display

        display(figure)
        return
    from matplotlib import pyplot

    window = pyplot.figure(figsize=figure.get_size_inches())
    manager = window.canvas.manager
    if manager is None or type(manager).show is FigureManagerBase.show:
        pyplot.close(window)
        warnings.warn(
            f"the figure is not shown: matplotlib's backend {pyplot.get_backend()!r} opens no window. Save it, "
            "figure.savefig('figure.png'), or choose another backend where there is a display.",
            NotShownWarning,
            stacklevel=2,
        )
        return
    window.canvas.figure = figure
    figure.set_canvas(window.canvas)
    pyplot.show()


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None
