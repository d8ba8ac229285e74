"""Where the values of a parameter stand on an axis: numbers in place, what has no place there apart, with its label.

Apart stand 0 on a logarithmic axis and NaN ("", for text), which means that the parameter does not apply; both to the
left of a break in the axis, unconnected. Text has one place for each value, in the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

PROPERTIES = ("orientation", "direction", "contrast", "diameter", "size", "phase", "tilt", "gap", "spatial_frequency")


@dataclass(frozen=True, kw_only=True)
class Abscissa:
    """An axis for the values of one parameter.

    Parameters
    ----------
    name
        Of the parameter: "surround_orientation" is labelled "no surround" where it does not apply.
    values
        All values that are shown: numbers, NaN among them, or text.
    log
        Whether numbers stand on a logarithmic axis.
    share
        Of the axis that a place apart takes.
    """

    name: str
    values: np.ndarray
    log: bool = False
    share: float = 0.13

    def __post_init__(self) -> None:
        if self.log and (self.is_text or (self.values < 0).any()):
            raise ValueError(f"{self.name} holds text or values below 0: a logarithmic axis shows positive numbers.")

    @property
    def is_text(self) -> bool:
        """Whether the values are categories."""
        return np.asarray(self.values).dtype.kind not in "fiub"

    def on_axis(self, values: np.ndarray) -> np.ndarray:
        """Return which values are numbers that have a place on the axis itself; bool, same shape."""
        if self.is_text:
            return np.zeros(np.shape(values), dtype=bool)
        return np.isfinite(values) & (~self._is_zero(values) if self.log else True)

    def positions(self, values: np.ndarray) -> np.ndarray:
        """Return where values stand, in data coordinates; same shape."""
        if self.is_text:
            return np.array([float(self._categories.index(str(value))) for value in values])
        found = np.array(values, dtype=float)
        for place, (_, chosen) in zip(self._places, self._apart(found), strict=True):
            found[chosen] = place
        return found

    def draw(self, ax: Any, values: np.ndarray, response: np.ndarray, *, lone: str = "D", **style: Any) -> None:
        """Draw responses to values: those on the axis connected, those apart as single markers; one legend entry.

        Without a marker in `style`, points that no line connects have the marker `lone`.
        """
        x, on_axis = self.positions(values), self.on_axis(values)
        order = np.argsort(x[on_axis])
        response = np.asarray(response, dtype=float)
        single = {**style, "linestyle": "none", "marker": style.get("marker") or lone}
        connected = style if on_axis.sum() > 1 else single
        if on_axis.any():
            ax.plot(x[on_axis][order], response[on_axis][order], **connected)
            single = {**single, "label": None}
        if not on_axis.all():
            ax.plot(x[~on_axis], response[~on_axis], **single)

    def finish(self, ax: Any, *, step: float = 45.0) -> None:
        """Set scale, ticks (angles every `step` degrees) and limits, and break the axis beside what stands apart."""
        if self.is_text:
            ax.set_xticks(range(len(self._categories)), [c or self.absent for c in self._categories])
            ax.set_xlim(-0.5, len(self._categories) - 0.5)
            return
        if self.log:
            ax.set_xscale("log")
        if not self._places:
            return
        low, high = self._range
        ticks = self._ticks(step)
        labels = [text.replace(" ", "\n") for text, _ in self._apart(self.values)]
        ax.set_xticks([*self._places, *ticks], [*labels, *(f"{tick:g}" for tick in ticks)])
        ax.minorticks_off()
        ax.set_xlim(self._shifted(low, -len(self._places) - 0.35), self._shifted(high, 0.35))
        between = [self._shifted(low, -0.52), self._shifted(low, -0.42)]
        ax.plot(between, [0, 0], transform=ax.get_xaxis_transform(), clip_on=False, **BREAK)

    @property
    def absent(self) -> str:
        """What is written where the parameter does not apply."""
        endings = [f"_{property}" for property in PROPERTIES if self.name.endswith(f"_{property}")]
        owner = self.name.removesuffix(max(endings, key=len, default="")) if endings else ""
        return f"no {owner.replace('_', ' ')}" if owner else "none"

    @property
    def _categories(self) -> list[str]:
        return list(dict.fromkeys(str(value) for value in self.values))

    @property
    def _range(self) -> tuple[float, float]:
        shown = self.values[self.on_axis(self.values)].astype(float)
        return (float(shown.min()), float(shown.max())) if shown.size else (1.0, 1.0)

    @property
    def _places(self) -> list[float]:
        """Places apart, from the axis outwards."""
        return [self._shifted(self._range[0], -1.0 - i) for i in range(len(self._apart(self.values)))]

    def _apart(self, values: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Return the label of each kind of value that stands apart, and which values are of it."""
        kinds: list[tuple[str, Any]] = [("0", self._is_zero)] if self.log else []
        kinds.append((self.absent, np.isnan))
        every = np.asarray(self.values, dtype=float)
        return [(label, chosen(values)) for label, chosen in kinds if chosen(every).any()]

    def _shifted(self, value: float, places: float) -> float:
        low, high = self._range
        if self.log:
            return value * ((high / low) ** self.share if high > low else 2.0) ** places
        return value + places * (self.share * (high - low) if high > low else 1.0)

    def _ticks(self, step: float) -> list[float]:
        low, high = self._range
        ticks: Sequence[float] | np.ndarray
        if self.log:
            ticks = LogLocator(subs=(1.0,) if high > 1000 * low else (1.0, 2.0, 5.0)).tick_values(low, high)
        elif "orientation" in self.name or "direction" in self.name:
            ticks = np.arange(np.ceil(low / step) * step, high + 1, step)
        else:
            ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        return [float(t) for t in ticks if low - 1e-9 * abs(low) <= t <= high + 1e-9 * abs(high)]

    @staticmethod
    def _is_zero(values: np.ndarray) -> np.ndarray:
        return np.asarray(values, dtype=float) == 0


BREAK: Any = {
    "marker": [(-1, -1.6), (1, 1.6)],
    "markersize": 6,
    "linestyle": "none",
    "color": "black",
    "markeredgecolor": "black",
    "markeredgewidth": 1,
}
