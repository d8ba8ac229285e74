"""Show stimuli to a model and record it, batch by batch."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from insilico.model import Model, SheetModel, refuse_no_model
from insilico.provenance import provenance, read_provenance
from insilico.recording import Recording
from insilico.windows import with_windows
from insilico.wording import described
from stimuli import Display, StimulusSet

STIMULUS = "stimulus"
SHEET, FOLDED = "full sheet", "folded: centre column of symmetric stimuli"
DRIVE_BYTES = 64_000_000  # of the drive of one batch, float64
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
    ]
)


class NotConvergedWarning(UserWarning):
    """Some responses are not those of a fixed point."""


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
    **context
        Further entries of the provenance (protocol, seed, …).

    Returns
    -------
    xarray.Dataset
        `response` and `drive`, dims (stimulus[, time], unit), every stimulus parameter and unit property a
        coordinate with its unit; `residual`, `converged`, `n_steps` per stimulus; provenance in the attributes.

    Warns
    -----
    NotConvergedWarning
        Where a steady state was asked for and not reached.
    """
    refuse_no_model(model)
    if batch is None:
        shape = (*model.preparation.sheet.shape, model.preparation.n_channels)
        batch = max(1, DRIVE_BYTES // (8 * int(np.prod(shape))))
    if progress:
        batch = min(batch, max(1, len(stimuli) // 20))  # so that the bar moves
    if batch < 1:
        raise ValueError(f"batch = {batch}: must be 1 or more.")
    names = set(map(str, stimuli.parameters.coords))
    clash = sorted((RESERVED & names) | {name for name in names if name.startswith("preferred_")})
    if clash:
        raise ValueError(f"stimulus parameter {clash[0]!r} is a name that responses use: rename it in the StimulusSet.")
    if display is not None:
        for stimulus in stimuli:
            stimulus.refuse_display(display)
    shown_as = model.name if name is None else name
    part = model.folded(stimuli, recording) if folded and isinstance(model, SheetModel) else None
    if part is not None:
        data = _labelled({name: variable.values for name, variable in part.data_vars.items()}, part, stimuli)
    else:
        data = _recorded(model, stimuli, display, recording, batch, shown_as if progress else None)
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
            stacklevel=3,
        )


def _recorded(
    model: Model,
    stimuli: StimulusSet,
    display: Display | None,
    recording: Recording,
    batch: int,
    shown_as: str | None,
) -> xr.Dataset:
    """Fill the whole result batch by batch, so that nothing is ever held twice; no bar where it has no name."""
    values: dict[Hashable, np.ndarray] = {}
    first, done = None, 0
    with tqdm(total=len(stimuli), desc=shown_as, unit=" stimuli", disable=shown_as is None, leave=False) as bar:
        for group in stimuli.batches(batch):
            part = model.respond(model.encode(group, display), recording=recording)
            if first is None:
                first = part.isel({STIMULUS: slice(0, 0)}).copy(deep=True)  # labels without values
                values = {name: _empty(variable, len(stimuli)) for name, variable in part.data_vars.items()}
            for name, whole in values.items():
                place = [slice(None)] * whole.ndim
                place[part[name].dims.index(STIMULUS)] = slice(done, done + len(group))
                whole[tuple(place)] = part[name].values
            done += len(group)
            bar.update(len(group))
    assert first is not None
    return _labelled(values, first, stimuli)


def _empty(part: xr.DataArray, n: int) -> np.ndarray:
    shape = [n if dim == STIMULUS else size for dim, size in part.sizes.items()]
    return np.empty(shape, dtype=part.dtype)


def _labelled(values: Mapping[Hashable, np.ndarray], part: xr.Dataset, stimuli: StimulusSet) -> xr.Dataset:
    """Label the arrays of a whole recording, as its first part was."""
    variables = {name: (part[name].dims, array, part[name].attrs) for name, array in values.items()}
    kept = {name: c for name, c in part.coords.items() if STIMULUS not in c.dims}
    return xr.Dataset(variables, coords={**kept, **dict(stimuli.parameters.coords)})
