"""Show stimuli to a model and record it, batch by batch."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr
from tqdm import tqdm

from insilico.model import Model
from insilico.provenance import provenance
from insilico.recording import Recording
from stimuli import Display, StimulusSet
from stimuli.doors import door

STIMULUS = "stimulus"
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


@door
def record(
    model: Model,
    stimuli: StimulusSet,
    display: Display | None = None,
    *,
    recording: Recording = Recording(),
    batch: int | None = None,
    progress: bool = False,
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
    parts = []
    with tqdm(total=len(stimuli), unit=" stimuli", disable=not progress, leave=False) as bar:
        for group in stimuli.batches(batch):
            parts.append(model.respond(model.encode(group, display), recording=recording))
            bar.update(len(group))
    data = _joined(parts, stimuli)
    shown = {"size_px": display.size_px, "ppd": display.ppd} if display is not None else None
    data.attrs = {
        "title": f"response of {model.name}",
        "provenance": provenance(
            model=model.spec(), stimuli=stimuli.spec(), display=shown, recording=_recording_spec(recording), **context
        ),
    }
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


def _joined(parts: list[xr.Dataset], stimuli: StimulusSet) -> xr.Dataset:
    """Concatenate along stimuli as arrays, and label once."""
    first = parts[0]
    variables = {}
    for name, variable in first.data_vars.items():
        values = np.concatenate([part[name].values for part in parts], axis=variable.dims.index(STIMULUS))
        variables[name] = (variable.dims, values, variable.attrs)
    kept = {name: c for name, c in first.coords.items() if STIMULUS not in c.dims}
    return xr.Dataset(variables, coords={**kept, **dict(stimuli.parameters.coords)})


def _recording_spec(recording: Recording) -> dict[str, Any]:
    return {
        "cells": recording.cells,
        "populations": recording.populations,
        "window": recording.window,
        "cadence": recording.cadence,
    }
