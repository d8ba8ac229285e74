"""Record a model under several perturbations: one more dimension, with an unperturbed and a sham entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import xarray as xr

from insilico.execute import record
from insilico.light import Light
from insilico.model import Model, described_perturbation
from insilico.perturb import Lesion, Perturbation
from insilico.provenance import read_provenance
from stimuli import Display, StimulusSet

Act = Lesion | Perturbation | Light
Acts = Act | Sequence[Act]
PERTURBATION, NONE, SHAM = "perturbation", "none", "sham"


def record_under(
    perturbations: Mapping[str, Acts] | None,
    model: Model,
    stimuli: StimulusSet,
    display: Display | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Record a model intact, under a sham, and under each of several perturbations.

    Parameters
    ----------
    perturbations
        Name to one or several perturbations, lights or lesions; None records the model as it is.
    model, stimuli, display
        See `insilico.record`.
    **settings
        Passed on to `insilico.record`.

    Returns
    -------
    xarray.Dataset
        That of `insilico.record`, all variables with the dimension `perturbation`: "none", "sham", then the names.
    """
    if perturbations is None:
        return record(model, stimuli, display, **settings)
    named = {name: _listed(name, acts) for name, acts in perturbations.items()}
    every = {NONE: (), SHAM: tuple(_sham(act) for acts in named.values() for act in acts), **named}
    subjects = {name: model.perturbed(*[act for act in acts if act is not None]) for name, acts in every.items()}
    described = {name: [described_perturbation(act) for act in acts] for name, acts in named.items()}
    parts = [record(subject, stimuli, display, perturbations=described, **settings) for subject in subjects.values()]
    names = xr.DataArray(list(every), dims=PERTURBATION, attrs={"units": "1", "long_name": "perturbation"})
    joined = xr.concat([part.drop_attrs(deep=False) for part in parts], dim=names, coords="minimal", compat="override")
    joined = joined.transpose(PERTURBATION, ...)
    joined.attrs = dict(parts[0].attrs)  # of the model without perturbation, which stand in a record of their own
    return joined


def perturbations_of(responses: xr.Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return what each perturbation of a recording was, as plain data; empty where there is none."""
    return dict(read_provenance(responses.attrs).get("perturbations", {}))


def _listed(name: str, acts: Acts) -> tuple[Act, ...]:
    if name in (NONE, SHAM):
        raise ValueError(f"perturbation {name!r}: this name is taken by the entry that every run has; choose another.")
    found = (acts,) if isinstance(acts, Act) else tuple(acts)
    for act in found:
        if not isinstance(act, Act):
            raise TypeError(f"{act!r} in {name!r}: must be a Lesion, a Perturbation or a Light of insilico.")
    return found


def _sham(act: Act) -> Act | None:
    """Return the same without effect: the units are addressed, nothing is done; None for a lesion."""
    if isinstance(act, Lesion):
        return None
    if isinstance(act, Light):
        return replace(act, power=0.0)
    return replace(act, mode="drive", value=0.0)
