"""Record a model under several perturbations: one more dimension, with an unperturbed and a sham entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import xarray as xr

from insilico.execute import record
from insilico.light import Light
from insilico.model import Model, SheetModel, described_perturbation
from insilico.perturb import Lesion, Perturbation, combined, refuse_finite_windows
from insilico.provenance import read_provenance
from insilico.recording import Recording
from insilico.windows import with_windows
from stimuli import Display, StimulusSet

Act = Lesion | Perturbation | Light
Acts = Act | Sequence[Act]
PERTURBATION, NONE, SHAM = "perturbation", "none", "sham"
UNNAMEABLE = ("/", "\\", "$")
"""Signs that a netCDF group, a path or a figure reads as something else."""


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
    subjects = subjects_under(perturbations, model, recording=settings.get("recording"))
    if any(getattr(subject, "perturbations", ()) for subject in subjects.values()):
        settings["folded"] = False  # one solver for all that is compared: a sham is the intact model to the last bit
    settings["copies"] = 2 * len(subjects)  # each alone, and all joined
    described, whole = described_acts(perturbations), settings.pop("name", model.name)
    parts = {
        name: record(subject, stimuli, display, perturbations=described, name=f"{whole}, {name}", **settings)
        for name, subject in subjects.items()
    }
    joined = along_perturbation(parts)
    for name, acts in described.items():
        joined = with_windows(joined, acts, name=name)
    return joined


def subjects_under(
    perturbations: Mapping[str, Acts], model: Model, *, recording: Recording | None = None
) -> dict[str, Model]:
    """Return the model intact, under a sham and under each perturbation, by name.

    Raises
    ------
    ValueError
        For what cannot be done to this model, with the name of the perturbation.
    """
    named = {name: _listed(name, acts) for name, acts in perturbations.items()}
    every = {NONE: (), SHAM: tuple(_sham(act) for acts in named.values() for act in acts), **named}
    found = {name: _perturbed(name, model, every[name]) for name in (*named, *every)}
    for name in named:
        _refuse_early(name, found[name], recording)
    return {name: found[name] for name in every}


def described_acts(perturbations: Mapping[str, Acts]) -> dict[str, list[dict[str, Any]]]:
    """Return perturbations as plain data, by name."""
    return {name: [described_perturbation(act) for act in _listed(name, acts)] for name, acts in perturbations.items()}


def along_perturbation(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Join the results under each perturbation along the dimension of that name, which comes first."""
    names = xr.DataArray(list(parts), dims=PERTURBATION, attrs={"units": "1", "long_name": "perturbation"})
    each = [part.drop_attrs(deep=False) for part in parts.values()]
    joined = xr.concat(each, dim=names, coords="minimal", compat="override").transpose(PERTURBATION, ...)
    joined.attrs = dict(next(iter(parts.values())).attrs)  # of the model without perturbation, which stand apart
    return joined


def refuse_several(responses: xr.Dataset) -> None:
    """Raise ValueError where responses are those under several perturbations, of which one is to be measured."""
    if PERTURBATION in responses.dims:
        names = ", ".join(repr(str(n)) for n in responses[PERTURBATION].values)
        raise ValueError(f"responses under {names}: take one, responses.sel(perturbation={NONE!r}).")


def perturbations_of(responses: xr.Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return what each perturbation of a recording was, as plain data; empty where there is none."""
    return dict(read_provenance(responses.attrs).get("perturbations", {}))


def _perturbed(name: str, model: Model, acts: Sequence[Act | None]) -> Model:
    try:
        return model.perturbed(*[act for act in acts if act is not None])
    except ValueError as error:
        raise ValueError(f"perturbation {name!r}: {error}") from error


def _refuse_early(name: str, subject: Model, recording: Recording | None) -> None:
    """Raise what is wrong with a perturbation before anything is run, and say with which."""
    if not isinstance(subject, SheetModel):
        return
    try:
        found = subject.checked_perturbations()
        if recording is None or recording.window is None:
            refuse_finite_windows(found)
        shape = (*subject.preparation.sheet.shape, subject.preparation.n_channels)
        populations = tuple(dict.fromkeys(map(str, subject.units["population"].values)))
        for start in {p.window[0] for p in found}:  # what holds one unit at two values is refused where it begins
            combined([p for p in found if p.window[0] <= start < p.window[1]], shape, populations=populations)
    except ValueError as error:
        raise ValueError(f"perturbation {name!r}: {error}") from error


def _listed(name: str, acts: Acts) -> tuple[Act, ...]:
    if name in (NONE, SHAM):
        raise ValueError(f"perturbation {name!r}: this name is taken by the entry that every run has; choose another.")
    if not isinstance(name, str):
        raise TypeError(f"perturbation {name!r} ({type(name).__name__}): its name must be text.")
    if not name.strip() or not name.isprintable() or any(sign in name for sign in UNNAMEABLE):
        raise ValueError(
            f"perturbation {name!r}: a name must have letters, all printable, without any of {' '.join(UNNAMEABLE)}; "
            "files and figures carry it."
        )
    if not isinstance(acts, Act | list | tuple):
        raise TypeError(f"{acts!r} in {name!r}: must be a Lesion, a Perturbation or a Light of insilico, or a list.")
    found = (acts,) if isinstance(acts, Act) else tuple(acts)
    for act in found:
        if not isinstance(act, Act):
            raise TypeError(f"{act!r} in {name!r}: must be a Lesion, a Perturbation or a Light of insilico.")
    return found


def _sham(act: Act) -> Act | None:
    """Return the same without effect: the same units driven by 0, by the same code; None for a lesion."""
    if isinstance(act, Lesion):
        return None
    if isinstance(act, Light):
        return replace(act, power=0.0)
    return replace(act, mode="drive", value=0.0)
