"""What to keep of a response: which cells, which populations, when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insilico.preparation import Preparation, Sheet
from stimuli.doors import door
from stimuli.errors import unknown_name

PLACES = ("center", "row", "all")
MOST_SAMPLES = 100_000


@door
@dataclass(frozen=True, kw_only=True)
class Recording:
    """A request; memory is bounded by it, not by the sweep.

    Parameters
    ----------
    cells
        "center" (the column at the sheet's centre), "row" (all columns of the centre's row), "all", or a tuple
        of (row, column) pairs. All channels of a cell are kept.
    populations
        Names of the populations to keep; the default is the circuit's output stage.
    window
        None records the steady state. (start, stop) records the response over time from the onset of the
        stimulus, in the circuit's unit of time, in which its time constants tau and eta are 6.
    cadence
        Time between samples within the window, in the same unit.
    mechanisms
        True keeps what each mechanism contributes to each unit, too: `contribution`, see `insilico.contributions`.
    """

    cells: str | tuple[tuple[int, int], ...] = "center"
    populations: tuple[str, ...] = ("output",)
    window: tuple[float, float] | None = None
    cadence: float = 3.0
    mechanisms: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.populations, str):
            raise TypeError(f"populations = {self.populations!r}: must be a tuple of names, ({self.populations!r},).")
        if isinstance(self.cells, str) and self.cells not in PLACES:
            raise unknown_name("place", self.cells, PLACES)
        if not self.populations or len(set(self.populations)) < len(self.populations):
            raise ValueError(f"populations = {self.populations}: name one or more, each once.")
        if self.window is not None:
            if not isinstance(self.window, tuple | list) or len(self.window) != 2:
                raise TypeError(f"window = {self.window!r}: must be (start, stop).")
            start, stop = self.window
            if not (np.isfinite(start) and np.isfinite(stop) and 0 <= start < stop):
                raise ValueError(f"window = {self.window}: must be (start, stop) with 0 <= start < stop, both finite.")
        if not (np.isfinite(self.cadence) and self.cadence > 0):
            raise ValueError(f"cadence = {self.cadence}: must be positive.")
        if self.window is not None and (self.window[1] - self.window[0]) / self.cadence >= MOST_SAMPLES:
            samples = (self.window[1] - self.window[0]) / self.cadence
            raise ValueError(
                f"window = {self.window} every {self.cadence:g} is {samples:.3g} samples: {MOST_SAMPLES} are the most. "
                "Shorten the window or raise the cadence; a circuit has settled after some 100 of its time constants."
            )
        if not isinstance(self.mechanisms, bool):
            raise TypeError(f"mechanisms = {self.mechanisms!r}: must be True or False.")

    def positions(self, sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows and columns of the recorded cells on a sheet; two arrays (n_cells,)."""
        rows, columns = sheet.shape
        center = sheet.center
        if self.cells == "center":
            pairs = np.array([center])
        elif self.cells == "row":
            pairs = np.array([(center[0], j) for j in range(columns)])
        elif self.cells == "all":
            pairs = np.array([(i, j) for i in range(rows) for j in range(columns)])
        else:
            given = np.asarray(self.cells)
            if given.ndim != 2 or given.shape[1:] != (2,) or not np.issubdtype(given.dtype, np.integer):
                raise ValueError(f"cells = {self.cells}: must be (row, column) pairs of whole numbers, at least one.")
            pairs = np.unique(given, axis=0)
            if len(pairs) < len(given):
                raise ValueError(f"cells = {self.cells}: name each cell once.")
        inside = (pairs >= 0) & (pairs < (rows, columns))
        if not inside.all():
            bad = tuple(int(v) for v in pairs[~inside.all(axis=1)][0])
            raise ValueError(f"cell {bad} lies off the sheet of {rows} x {columns} cells; rows and columns start at 0.")
        return pairs[:, 0], pairs[:, 1]

    @property
    def n_times(self) -> int:
        """Number of samples of the window, 1 for the steady state."""
        if self.window is None:
            return 1
        start, stop = self.window
        return int((stop - start) / self.cadence + 1e-9) + 1

    def n_units(self, preparation: Preparation) -> int:
        """Number of units that are kept on a preparation."""
        rows, columns = preparation.sheet.shape
        places = {"center": 1, "row": columns, "all": rows * columns}
        n_cells = places[self.cells] if isinstance(self.cells, str) else len(self.cells)
        return n_cells * preparation.n_channels * len(self.populations)

    @property
    def times(self) -> np.ndarray | None:
        """Sampling times of the window, or None for the steady state."""
        if self.window is None:
            return None
        start, stop = self.window
        return np.arange(start, stop + 1e-9 * self.cadence, self.cadence)
