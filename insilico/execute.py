"""Show stimuli to a model and record it, batch by batch."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Hashable
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from insilico.memory import refuse_too_large
from insilico.model import Model, SheetModel, refuse_no_model
from insilico.provenance import provenance, read_provenance
from insilico.recording import Recording
from insilico.windows import with_windows
from insilico.wording import described
from stimuli import Display, StimulusSet
from stimuli.doors import door

STIMULUS = "stimulus"
SHEET, FOLDED = "full sheet", "folded: centre column of symmetric stimuli"
DRIVE_BYTES = 64_000_000  # of the drive of one batch, float64
SAMPLE_BYTES = 256_000_000  # of the states of one batch at all times
N_POPULATIONS = 2  # whose states a circuit keeps at each time
RESERVED = frozenset(
    [
        "response",
        "drive",
        "residual",
        "converged",
        "n_steps",
        "unit",
        "population",
        "row",
        "column",
        "channel",
        "unit_x",
        "unit_y",
        "feature",
        "x",
        "y",
        "time",
        "perturbation",
        "excitation",
        "power",
        "layer",
        "layer_contrast",
        "layer_tuning",
        "contribution",
        "mechanism",
    ]
)


class NotConvergedWarning(UserWarning):
    """Some responses are not those of a fixed point."""


@door
def record(
    model: Model,
    stimuli: StimulusSet,
    display: Display | None = None,
    *,
    recording: Recording = Recording(),
    batch: int | None = None,
    progress: bool = False,
    name: str | None = None,
    folded: bool = False,
    copies: int = 1,
    **context: Any,
) -> xr.Dataset:
    """Record a model's response to stimuli.

    Parameters
    ----------
    model
        Anything that satisfies `insilico.Model`.
    stimuli
        What is shown.
    display
        What it is shown on; needed by models that see frames.
    recording
        What to keep.
    batch
        Stimuli at a time; as many as keep the drive within 64 MB if None. Never changes the result.
    progress
        True draws a progress bar on standard error.
    name
        What the bar says is recorded; the name of the model if None.
    folded
        True solves symmetric stimuli on what symmetry leaves of the sheet, where only the steady states of the centre's
        output are asked for and the circuit can (`contextual`, nothing perturbed but by lesions): same steps, same
        residual, equal to the full sheet but for rounding. The provenance says which was used, `solver`.
    copies
        Results of this size that memory has to hold in the end, for the check beforehand.
    **context
        Further entries of the provenance (protocol, seed, …).

    Returns
    -------
    xarray.Dataset
        `response` and `drive`, dims (stimulus[, time], unit), every stimulus parameter and unit property a
        coordinate with its unit; `residual`, `converged`, `n_steps` per stimulus; provenance in the attributes.

    Raises
    ------
    TooLargeError
        A MemoryError, before anything is run: the result would not fit into memory.

    Warns
    -----
    NotConvergedWarning
        Where a steady state was asked for and not reached.
    """
    refuse_no_model(model)
    sheet = 8 * int(np.prod((*model.preparation.sheet.shape, model.preparation.n_channels)))
    samples = sheet * N_POPULATIONS * recording.n_times
    if batch is None:
        batch = max(1, min(DRIVE_BYTES // sheet, SAMPLE_BYTES // samples))
    if progress:
        batch = min(batch, max(1, len(stimuli) // 20))  # so that the bar moves
    if batch < 1:
        raise ValueError(f"batch = {batch}: must be 1 or more.")
    refuse_too_large(
        copies * _result_bytes(model, len(stimuli), recording) + min(batch, len(stimuli)) * (8 * sheet + 2 * samples),
        what=f"recording {recording.n_units(model.preparation):,} units under {len(stimuli):,} stimuli"
        + (f" at {recording.n_times:,} times" if recording.window is not None else ""),
        remedy="record fewer cells (Recording(cells=…)), fewer times (window, cadence), or parts of the stimuli, each "
        "saved before the next",
    )
    names = set(map(str, stimuli.parameters.coords))
    clash = sorted((RESERVED & names) | {name for name in names if name.startswith("preferred_")})
    if clash:
        raise ValueError(f"stimulus parameter {clash[0]!r} is a name that responses use: rename it in the StimulusSet.")
    if display is not None:
        for stimulus in stimuli:
            stimulus.refuse_display(display)
    shown_as = model.name if name is None else name
    part = model.folded(stimuli, recording) if folded and isinstance(model, SheetModel) else None
    whole = Filled(len(stimuli))
    if part is not None:
        whole.add(part)
    else:
        bar = tqdm(total=len(stimuli), desc=shown_as, unit=" stimuli", disable=not progress, leave=False)
        with bar:
            for group in stimuli.batches(batch):
                whole.add(model.respond(model.encode(group, display), recording=recording))
                bar.update(len(group))
    data = whole.labelled(stimuli)
    shown = {"size_px": display.size_px, "ppd": display.ppd} if display is not None else None
    written = provenance(
        model=model.spec(),
        stimuli=stimuli.spec(),
        display=shown,
        recording=dataclasses.asdict(recording),
        solver=SHEET if part is None else FOLDED,
        **context,
    )
    subject = read_provenance({"provenance": written})["model"]
    data.attrs = {"title": f"response of {described({'name': model.name, **subject})}", "provenance": written}
    data = with_windows(data, subject.get("perturbations", ()))
    if recording.window is None:
        warn_if_not_converged(data)
    return data


def warn_if_not_converged(data: xr.Dataset) -> None:
    """Warn with the number of stimuli whose response is not that of a fixed point, and the largest residual."""
    missed = int((~data["converged"].values.astype(bool)).sum())
    if missed:
        warnings.warn(
            f"{missed} of {data.sizes[STIMULUS]} stimuli did not converge: largest residual "
            f"{float(data['residual'].max()):.1e} per unit time. Do not read these responses as steady states.",
            NotConvergedWarning,
            stacklevel=4,  # above `record` and its door
        )


def _result_bytes(model: Model, n_stimuli: int, recording: Recording) -> int:
    """Return the size of the responses, drives and contributions of a recording."""
    n_mechanisms = len(model.circuit.mechanisms) if recording.mechanisms and isinstance(model, SheetModel) else 0
    return 8 * n_stimuli * recording.n_units(model.preparation) * (recording.n_times * (1 + n_mechanisms) + 1)


class Filled:
    """A result that is filled in place, part by part, so that nothing is held twice.

    Parameters
    ----------
    n_stimuli
        Of the whole result.
    """

    def __init__(self, n_stimuli: int) -> None:
        self._n, self._done = n_stimuli, 0
        self._values: dict[Hashable, np.ndarray] = {}
        self._labels = xr.Dataset()

    def add(self, part: xr.Dataset) -> None:
        """Copy the responses to the next stimuli."""
        if not self._values:
            self._labels = part.isel({STIMULUS: slice(0, 0)}).copy(deep=True)
            self._values = {name: self._empty(variable) for name, variable in part.data_vars.items()}
        end = self._done + part.sizes[STIMULUS]
        for name, values in self._values.items():
            axis = part[name].dims.index(STIMULUS)
            values[(*[slice(None)] * axis, slice(self._done, end))] = part[name].values
        self._done = end

    def labelled(self, stimuli: StimulusSet) -> xr.Dataset:
        """Return the whole, labelled once."""
        variables = {name: (self._labels[name].dims, v, self._labels[name].attrs) for name, v in self._values.items()}
        kept = {name: c for name, c in self._labels.coords.items() if STIMULUS not in c.dims}
        return xr.Dataset(variables, coords={**kept, **dict(stimuli.parameters.coords)})

    def _empty(self, part: xr.DataArray) -> np.ndarray:
        return np.empty([self._n if dim == STIMULUS else n for dim, n in part.sizes.items()], dtype=part.dtype)
