"""Ordered, labelled sets of stimuli: what an experiment shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import xarray as xr
from numpy.typing import ArrayLike

from stimuli.base import COLUMN, ROW, STIMULUS, TIME, AbstractStimulus
from stimuli.display import Display
from stimuli.doors import door
from stimuli.labels import joined_columns, label_column

if TYPE_CHECKING:
    from stimuli.plotting import Figure

Factory = Callable[..., AbstractStimulus]


@door
class StimulusSet:
    """Hold stimuli in order, with parameters that label each. Built by `grid`, `zip`, `of` or ``a + b``; not mutable.

    Parameters
    ----------
    stimuli : sequence of AbstractStimulus
        At least one.
    parameters : xarray.Dataset
        One non-index coordinate along "stimulus" for each parameter, with units.
    """

    def __init__(self, stimuli: Sequence[AbstractStimulus], parameters: xr.Dataset) -> None:
        self._stimuli = tuple(stimuli)
        for index, stimulus in enumerate(self._stimuli):
            if not isinstance(stimulus, AbstractStimulus):
                raise TypeError(
                    f"item {index} is a {type(stimulus).__name__}; a stimulus (Grating, Plaid, ...) is needed. "
                    "The factory of a grid must return one."
                )
        if not self._stimuli:
            raise ValueError("a set of 0 stimuli; it needs at least one. Is an axis, a list or a slice empty?")
        self._parameters = parameters
        for column in parameters.coords.values():
            column.to_numpy().flags.writeable = False

    @classmethod
    def grid(
        cls, factory: Factory, *, units: Mapping[str, str] | None = None, **axes: Sequence[Any] | ArrayLike
    ) -> StimulusSet:
        """Build one stimulus for every combination of the axes' values; the first axis varies slowest.

        Parameters
        ----------
        factory : callable
            Takes one value of each axis by name and returns a stimulus.
        units : mapping, optional
            Units of axes, where the name does not tell (see `stimuli.labels.unit_of`).
        **axes : sequence
            Numbers, or strings; None stands for "does not apply".

        Returns
        -------
        StimulusSet
            With one parameter for each axis.

        Raises
        ------
        TypeError, ValueError
            If an axis is not a sequence, is empty or has a reserved name, or the factory does not return a stimulus.
        """
        values = {name: _values(name, axis) for name, axis in axes.items()}
        return cls._built(factory, values, list(itertools.product(*values.values())), units)

    @classmethod
    def zip(
        cls, factory: Factory, *, units: Mapping[str, str] | None = None, **axes: Sequence[Any] | ArrayLike
    ) -> StimulusSet:
        """Build one stimulus from the first values of all axes, one from the second ones, and so on.

        Parameters
        ----------
        factory, units, **axes
            As in `grid`; all axes have the same length.

        Returns
        -------
        StimulusSet
            With one parameter for each axis.

        Raises
        ------
        TypeError, ValueError
            As in `grid`, and if lengths differ.
        """
        values = {name: _values(name, axis) for name, axis in axes.items()}
        lengths = {name: len(axis) for name, axis in values.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the axes have {lengths} values; zip needs equally many. Use grid for all combinations.")
        return cls._built(factory, values, list(zip(*values.values(), strict=True)), units)

    @classmethod
    def of(
        cls,
        stimuli: Iterable[AbstractStimulus],
        *,
        units: Mapping[str, str] | None = None,
        **coordinates: Sequence[Any] | ArrayLike,
    ) -> StimulusSet:
        """Label stimuli that exist.

        Parameters
        ----------
        stimuli : iterable of AbstractStimulus
            In order.
        units : mapping, optional
            As in `grid`.
        **coordinates : sequence
            One value for each stimulus.

        Returns
        -------
        StimulusSet
        """
        if isinstance(stimuli, AbstractStimulus):
            raise TypeError(f"stimuli is one {type(stimuli).__name__}; a list is needed: StimulusSet.of([stimulus]).")
        if isinstance(stimuli, (set, frozenset)):
            raise TypeError(f"stimuli is a {type(stimuli).__name__}, whose order means nothing; a list is needed.")
        items = tuple(stimuli)
        columns = {name: _values(name, values) for name, values in coordinates.items()}
        for name, column in columns.items():
            if len(column) != len(items):
                raise ValueError(f"{name} has {len(column)} values for {len(items)} stimuli; give one for each.")
        return cls(items, _dataset(columns, units))

    @classmethod
    def _built(
        cls,
        factory: Factory,
        values: Mapping[str, Sequence[Any]],
        rows: Sequence[tuple[Any, ...]],
        units: Mapping[str, str] | None,
    ) -> StimulusSet:
        if not values:
            raise ValueError("no axis was given; name at least one, as in orientation=range(0, 180, 15).")
        parameters = _dataset({name: [row[i] for row in rows] for i, name in enumerate(values)}, units)
        stimuli = []
        for row in rows:
            arguments = dict(zip(values, row, strict=True))
            try:
                stimuli.append(factory(**arguments))
            except (TypeError, ValueError, KeyError) as error:
                error.add_note(f"while building the stimulus of {arguments}")
                raise
        return cls(stimuli, parameters)

    @property
    def parameters(self) -> xr.Dataset:
        """The labels: one coordinate along "stimulus" for each parameter, with attrs["units"]; not writeable."""
        return self._parameters.copy()

    def __len__(self) -> int:
        return len(self._stimuli)

    def __iter__(self) -> Iterator[AbstractStimulus]:
        return iter(self._stimuli)

    @overload
    def __getitem__(self, index: int) -> AbstractStimulus: ...

    @overload
    def __getitem__(self, index: slice) -> StimulusSet: ...

    def __getitem__(self, index: int | slice) -> AbstractStimulus | StimulusSet:
        if isinstance(index, slice):
            return StimulusSet(self._stimuli[index], self._parameters.isel({STIMULUS: index}, missing_dims="ignore"))
        return self._stimuli[index]

    def __add__(self, other: StimulusSet) -> StimulusSet:
        """Append another set; a parameter that one of them lacks is NaN there, or "" if it is text."""
        if not isinstance(other, StimulusSet):
            return NotImplemented
        columns = joined_columns(self._parameters, other._parameters, lengths=(len(self), len(other)))
        return StimulusSet(self._stimuli + other._stimuli, xr.Dataset(coords=columns))

    def __repr__(self) -> str:
        lines = [f"StimulusSet of {len(self)}"]
        for name, column in self._parameters.coords.items():
            values = list(dict.fromkeys(column.to_numpy().tolist()))
            shown = ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values[:8])
            lines.append(f"  {name} [{column.attrs['units']}]: {shown}{', ...' if len(values) > 8 else ''}")
        return "\n".join(lines)

    def batches(self, n: int) -> Iterator[StimulusSet]:
        """Yield consecutive sets of at most n stimuli."""
        if n < 1:
            raise ValueError(f"n is {n}; a batch holds at least 1 stimulus.")
        for start in range(0, len(self), n):
            yield self[start : start + n]

    def spec(self) -> dict[str, Any]:
        """Return stimuli and parameters as nested dict of plain values, ready for JSON (NaN becomes None)."""
        columns = {
            str(name): {
                "values": [None if value != value else value for value in column.to_numpy().tolist()],
                "units": column.attrs["units"],
            }
            for name, column in self._parameters.coords.items()
        }
        return {"kind": "StimulusSet", "stimuli": [s.spec() for s in self._stimuli], "parameters": columns}

    def render(
        self, display: Display, times: ArrayLike | None = None, *, dtype: str = "float32", backend: str = "numba"
    ) -> xr.DataArray:
        """Draw all stimuli: see `stimuli.render`."""
        from stimuli.frames import render

        return render(self, display, times, dtype=dtype, backend=backend)

    def overview(self, display: Display) -> Figure:
        """Draw a labelled thumbnail of each stimulus: see `stimuli.plotting.overview`."""
        from stimuli.plotting import overview

        return overview(self, display)


def _values(name: str, axis: Any) -> list[Any]:
    if name in (STIMULUS, TIME, ROW, COLUMN):
        raise ValueError(f"a parameter cannot be called {name!r}, the name of a dimension. Use position_x, onset, ...")
    if isinstance(axis, (set, frozenset, Mapping)):
        kind = type(axis).__name__
        raise TypeError(f"{name} is a {kind}, whose order means nothing; a list is needed: {name}=sorted(...).")
    if isinstance(axis, (str, bytes)) or not hasattr(axis, "__iter__"):
        raise TypeError(f"{name} is {axis!r}; a sequence of values is needed: {name}=[{axis!r}].")
    values = [value.item() if hasattr(value, "item") else value for value in axis]
    if not values:
        raise ValueError(f"{name} has no values; at least one is needed.")
    return values


def _dataset(columns: Mapping[str, Sequence[Any]], units: Mapping[str, str] | None) -> xr.Dataset:
    unknown = set(units or {}) - set(columns)
    if unknown:
        raise ValueError(f"units are given for {sorted(unknown)}, which is no axis. Known: {', '.join(columns)}.")
    return xr.Dataset(coords={name: label_column(name, v, units=units) for name, v in columns.items()})
