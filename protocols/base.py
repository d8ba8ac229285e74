"""An experiment: what is shown, to whom, what is measured."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import at_preference
from insilico.analysis.unfold import unfolded
from insilico.comparison import Finding
from insilico.experiment import NONE, PERTURBATION, Acts, record_under, refuse_several
from insilico.model import Model, refuse_no_model
from insilico.preparation import Preparation
from insilico.provenance import read_provenance
from insilico.recording import Recording
from insilico.wording import described
from stimuli import Display, StimulusSet
from stimuli.doors import door
from stimuli.errors import unknown_name

PIXELS_PER_CELL = 4
MARGIN_CELLS = 6.5  # gray border of the display around the sheet, so that filters near the edge see the surround
STIMULUS, UNIT = "stimulus", "unit"
SWEPT = ("contrasts", "diameters", "orientations", "angles")


@door
@dataclass(frozen=True, kw_only=True)
class AbstractProtocol(abc.ABC):
    """One experiment on a model.

    Parameters
    ----------
    preparation
        Sheet, channels and geometry that the experiment asks for; None takes the model's own.
    spatial_frequency
        Of all gratings, cycles/deg.
    phase
        Of all gratings at the aperture's centre, degrees.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str] = "none: an experiment without a published table"
    has_surround: ClassVar[bool] = False
    assumed_contrasts: ClassVar[tuple[str, ...]] = ()

    preparation: Preparation | None = None
    spatial_frequency: float = 2.0
    phase: float = 0.0

    @abc.abstractmethod
    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return what is shown, sized for a preparation."""

    @abc.abstractmethod
    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the measures of this experiment on a result of `run`."""

    @abc.abstractmethod
    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of a result of `run`."""

    def display(self, preparation: Preparation) -> Display:
        """Return the display: the sheet and a border around it, 4 pixels per cell."""
        rows, columns = preparation.sheet.shape
        size = tuple(round((n + 2 * MARGIN_CELLS) * PIXELS_PER_CELL) for n in (rows, columns))
        return Display(size_px=(size[0], size[1]), ppd=PIXELS_PER_CELL / preparation.sheet.pitch)

    def run(
        self,
        model: Model,
        *,
        perturbations: Mapping[str, Acts] | None = None,
        recording: Recording = Recording(),
        batch: int | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> xr.Dataset:
        """Show the stimuli to a model and record it.

        Parameters
        ----------
        model
            Any `insilico.Model`; it is prepared for this experiment first.
        perturbations
            Name to one or several of `Lesion`, `Perturbation` and `Light`. Adds the dimension `perturbation`: "none",
            "sham" (the same units addressed, with nothing), then these. Take one of them to compare it:
            `compare(responses.sel(perturbation="…"))`.
        recording
            What to keep; the column at the sheet's centre by default.
        batch
            Stimuli at a time, see `insilico.record`; never changes the result.
        seed
            Written into the provenance; this experiment draws no random numbers.
        progress
            True draws a progress bar, named by experiment, model and perturbation.

        Returns
        -------
        xarray.Dataset
            See `insilico.record`.
        """
        self.refuse_repeats()
        refuse_no_model(model)
        subject = model if self.preparation is None else model.prepared(self.preparation)
        data = record_under(
            perturbations,
            subject,
            self.stimuli(subject.preparation),
            self.display(subject.preparation),
            recording=recording,
            batch=batch,
            progress=progress,
            name=f"{self.name}, {model.name}",
            folded=True,
            protocol=self.spec(),
            assumptions=self.assumptions(subject.preparation) + _encoder_assumptions(subject.spec()),
            seed=seed,
        )
        data.attrs["title"] = f"{self.title}: {described(read_provenance(data.attrs)['model'])}"
        return data

    def refuse_repeats(self) -> None:
        """Raise ValueError where a value of a swept parameter is there twice: no curve can be read off it."""
        for name in SWEPT:
            values = getattr(self, name, None) or ()
            for value in values:
                if list(values).count(value) > 1:
                    raise ValueError(f"{name} = {tuple(values)}: {value:g} is there twice; give each once.")

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what the experiment takes as given where its source does not say, with the values used."""
        sheet, diameter = preparation.sheet, preparation.center_diameter
        chosen = [
            f"centre: {preparation.aperture} of {diameter:g} deg ({diameter / sheet.pitch:g} cells)",
            f"{sheet.pitch:g} deg per cell, {sheet.shape[0]} x {sheet.shape[1]} cells",
            f"spatial frequency {self.spatial_frequency:g} cycles/deg",
            f"phase {self.phase:g} deg",
            f"{preparation.n_channels} channels of {preparation.feature}, {preparation.spacing}, "
            f"tuning width {preparation.tuning_width:g}",
        ]
        if self.has_surround:
            size = preparation.surround_diameter
            chosen.append("surround fills the sheet" if size is None else f"surround out to {size:g} deg")
            if preparation.gap:
                chosen.append(f"gap of {preparation.gap:g} deg between centre and surround")
        return chosen + [f"{name.replace('_', ' ')} {getattr(self, name):g}" for name in self.assumed_contrasts]

    def with_settings(self, **settings: Any) -> AbstractProtocol:
        """Return the protocol with some of its own settings changed; unknown names raise UnknownNameError."""
        known = {f.name for f in fields(self)} - {"preparation"}
        for name in settings:
            if name not in known:
                raise unknown_name(f"setting of {self.name}", name, known)
        return replace(self, **settings)

    def spec(self) -> dict[str, Any]:
        """Return the name and all settings as plain data."""
        return {"name": self.name, **dataclasses.asdict(self)}

    def cite(self) -> str:
        """Return what to cite when this experiment is reported."""
        return self.citation

    def center_grating(self, preparation: Preparation) -> dict[str, Any]:
        """Return the geometry that gratings at the centre share."""
        return {
            "spatial_frequency": self.spatial_frequency,
            "phase": self.phase,
            "aperture": preparation.aperture,
            "diameter": preparation.center_diameter,
            "position": center_position(preparation),
        }

    def surround_grating(self, preparation: Preparation) -> dict[str, Any]:
        """Return the geometry that surround gratings share."""
        return {**self.center_grating(preparation), "diameter": preparation.surround_diameter}

    def checked(self, responses: xr.Dataset) -> xr.Dataset:
        """Return the recorded column of the output population of a result of this protocol.

        Raises
        ------
        ValueError
            If the responses come from another experiment, lack dimensions or their unit, hold no such column or only
            some of its channels, hold a stimulus twice, or are not finite.
        """
        shown = read_provenance(responses.attrs).get("protocol", {}).get("name")
        if shown != self.name:
            raise ValueError(
                f"these responses are of {shown or 'a free recording'}, not of {self.name}: run {self.name}."
            )
        response = responses["response"]
        refuse_several(responses)
        if set(response.dims) != {STIMULUS, UNIT}:
            raise ValueError(
                f"response has dims {response.dims}: (stimulus, unit) is needed, recorded in the steady state."
            )
        if response.attrs.get("units") != "1":
            raise ValueError(
                f"response has units {response.attrs.get('units')!r}: '1' is needed (dimensionless activity)."
            )
        keep = np.ones(response.sizes[UNIT], dtype=bool)
        for name in ("row", "column"):
            values = responses[name].values
            center = read_provenance(responses.attrs)["model"]["preparation"]["sheet"]["shape"][name == "column"] // 2
            keep &= values == center
        keep &= responses["population"].values == "output"
        if not keep.any():
            raise ValueError("the output column at the sheet's centre was not recorded: use Recording(cells='center').")
        column = responses.isel({UNIT: np.flatnonzero(keep)})
        _refuse_incomplete(column, read_provenance(responses.attrs)["model"]["preparation"]["n_channels"])
        return column


def _refuse_incomplete(column: xr.Dataset, n_channels: int) -> None:
    """Raise ValueError where a recorded column lacks channels, holds a stimulus twice, or is not finite."""
    channels = column["channel"].values
    if not np.array_equal(np.sort(channels), np.arange(n_channels)):
        raise ValueError(
            f"the column holds {channels.size} channels ({np.unique(channels).size} different) of {n_channels}: "
            "responses are read between channels, so all are needed, each once; compare the recording before any "
            "selection of units."
        )
    shown = {str(name): c.values.tolist() for name, c in column.coords.items() if c.dims == (STIMULUS,)}
    rows = [repr(values) for values in zip(*shown.values(), strict=True)]  # NaN, "does not apply", is like NaN
    first = {row: number for number, row in reversed(list(enumerate(rows)))}
    again = [number for number, row in enumerate(rows) if first[row] != number]
    if again:
        values = ", ".join(f"{name} = {of[again[0]]}" for name, of in shown.items())
        raise ValueError(
            f"{len(again)} stimuli are there twice, the first with {values}: two runs joined along stimulus have two "
            "answers. Compare one run at a time."
        )
    for name in ("response", "drive"):
        bad = ~np.isfinite(column[name].values)
        if bad.any():
            raise ValueError(
                f"{name} is not finite for {int(bad.any(axis=column[name].dims.index(UNIT)).sum())} of "
                f"{column.sizes[STIMULUS]} stimuli: there is nothing to compare. Look at the model's parameters."
            )


def curve_at(response: xr.DataArray, preference: float, *, along: Sequence[str]) -> xr.DataArray:
    """Return the response of the unit of a preference, stimulus parameters as dimensions `along`; see `unfolded`."""
    preferred = at_preference(response, np.array([preference]))
    curve = preferred.isel({preferred.dims[-1]: 0}, drop=True)
    curve = curve.drop_vars([name for name in curve.coords if curve[name].dims != (STIMULUS,)])
    return unfolded(curve, along)


def center_position(preparation: Preparation) -> tuple[float, float]:
    """Return the centre of a centre stimulus: on the recorded cell, half a cell off for a square of even size."""
    sheet = preparation.sheet
    x, y = recorded_position(preparation)
    cells = preparation.center_diameter / sheet.pitch
    if preparation.aperture == "square" and abs(cells - round(cells)) < 1e-9 and round(cells) % 2 == 0:
        return x - sheet.pitch / 2, y + sheet.pitch / 2
    return x, y


def recorded_position(preparation: Preparation) -> tuple[float, float]:
    """Return x and y of the recorded cell: 0, 0 on a sheet with odd numbers of rows and columns."""
    row, column = preparation.sheet.center
    return float(preparation.sheet.x[column]), float(preparation.sheet.y[row])


def _encoder_assumptions(model: Mapping[str, Any]) -> list[str]:
    settings = model.get("encoder_settings", {})
    if model.get("encoder", "population") == "population":
        return []
    shown = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())
    return [f"{model['encoder']} encoder ({shown}): the tuning width above is not used"]


def subject_of(responses: xr.Dataset) -> str:
    """Return the name of the model that was recorded, with all that makes it differ from the default."""
    model = described(read_provenance(responses.attrs)["model"])
    under = str(responses[PERTURBATION].item()) if PERTURBATION in responses.coords else NONE
    return model if under == NONE else f"{model}, {under}"


def heading(responses: xr.Dataset) -> str:
    """Return the title of a figure: that of the experiment and its model, and the perturbation that was taken."""
    title = str(responses.attrs["title"])
    under = str(responses[PERTURBATION].item()) if PERTURBATION in responses.coords else NONE
    return title if under == NONE else f"{title}, {under}"
