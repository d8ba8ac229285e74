"""Who is driven and who is read in influence mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insilico.equations import Populations
from insilico.influence.fixed_point import FixedPoint, NoFixedPointError
from insilico.influence.stimulation import Outcome, Site
from insilico.model import SheetModel
from insilico.perturb import Perturbation, selected_units
from insilico.recording import Recording
from insilico.units import unit_ids_of
from stimuli.errors import unknown_name


def sites_of(model: SheetModel, targets: Sequence[int], populations: Sequence[str] | None) -> list[Site]:
    """Return where the targets are, and which populations a drive to each reaches.

    Raises
    ------
    ValueError
        For a target that does not exist or is named twice, or a population that the circuit lacks.
    """
    if isinstance(targets, str):
        raise TypeError(f"targets = {targets!r}: must be unit ids, see unit_ids.")
    ids = np.asarray(Perturbation(units=tuple(np.atleast_1d(targets)), mode="drive", value=0.0).units)
    if not ids.size or np.unique(ids).size < ids.size:
        raise ValueError(f"targets = {ids.tolist()}: name one unit or more, each once; see unit_ids.")
    if isinstance(populations, str):
        raise TypeError(f"populations = {populations!r}: must be a tuple of names, ({populations!r},).")
    known = model.circuit.populations
    for name in populations or ():
        if name not in known:
            raise unknown_name("population", name, known)
    shape = (*model.preparation.sheet.shape, model.preparation.n_channels)
    selected_units(Perturbation(units=tuple(ids), mode="drive", value=0.0), shape, populations=known)  # they exist
    found = []
    for unit in ids:
        p, row, column, channel = (int(i) for i in np.unravel_index(unit, (len(known), *shape)))
        driven = (p,) if populations is None else tuple(sorted({known.index(name) for name in populations}))
        found.append(Site(population=p, driven=driven, row=row, column=column, channel=channel))
    return found


@dataclass(frozen=True, kw_only=True)
class Readout:
    """The units that are read.

    Parameters
    ----------
    ids
        Their ids, (unit,).
    population, row, column, channel
        Where they are, (unit,) each.
    sheet
        Rows and columns of the sheet.
    """

    ids: np.ndarray
    population: np.ndarray
    row: np.ndarray
    column: np.ndarray
    channel: np.ndarray
    sheet: tuple[int, int]

    def of(self, state: Populations, *, moved: tuple[int, int] = (0, 0)) -> np.ndarray:
        """Return the units' values in a state that is to be moved by (rows, columns) round the sheet; (unit,)."""
        values = np.empty(self.ids.size)
        row, column = (self.row - moved[0]) % self.sheet[0], (self.column - moved[1]) % self.sheet[1]
        for p, activity in enumerate(state):
            here = self.population == p
            values[here] = activity[row[here], column[here], self.channel[here]]
        return values


def readout_of(model: SheetModel, recording: Recording) -> Readout:
    """Return the units of a recording; raises ValueError for a recording over time."""
    if recording.window is not None:
        raise ValueError(f"window = {recording.window}: influence is that of steady states; leave the window out.")
    known = model.circuit.populations
    ids = unit_ids_of(recording, model.preparation, known)
    shape = (len(known), *model.preparation.sheet.shape, model.preparation.n_channels)
    population, row, column, channel = np.unravel_index(ids, shape)
    return Readout(
        ids=ids, population=population, row=row, column=column, channel=channel, sheet=model.preparation.sheet.shape
    )


def refuse_silent(point: FixedPoint, sites: Sequence[Site], model: SheetModel) -> None:
    """Raise ValueError where a target's rectifier is shut, or it is held."""
    for site in sites:
        if not any(site.gains(point.linear)):
            raise ValueError(
                f"target {_name(site, model)} is silent or held: its rectifier is shut, so that a small drive changes "
                "nothing. Leave it out, or drive it with finite_influence."
            )


def refuse_held(point: FixedPoint, sites: Sequence[Site], model: SheetModel) -> None:
    """Raise ValueError where a perturbation of the model holds a target."""
    forces = point.equations.forces
    if forces is None:
        return
    for site in sites:
        unit = (site.population, *site.place)
        if forces.held[unit] or forces.scale[unit] == 0:
            raise ValueError(
                f"target {_name(site, model)} is held, or its input is scaled by 0, by a perturbation of the model: no "
                "drive can change it. Leave it out, or lift the perturbation."
            )


def refuse_unsettled(outcome: Outcome, site: Site, model: SheetModel) -> None:
    """Raise ValueError where the driven circuit has no fixed point."""
    if not outcome.converged:
        raise NoFixedPointError(
            f"no steady state was found with target {_name(site, model)} driven by {outcome.drive:.4g} (residual "
            f"{outcome.residual:.2g} per unit time), or none with the change that was asked for. Drive it less."
        )


def refuse_destabilised(outcome: Outcome, site: Site, model: SheetModel) -> None:
    """Raise ValueError where the driven circuit would not rest at its fixed point."""
    if not outcome.largest_eigenvalue < 0:
        raise NoFixedPointError(
            f"target {_name(site, model)} driven by {outcome.drive:.4g} makes the circuit unstable, or it is not known "
            f"to be stable (residual {outcome.residual:.2g} per unit time, largest eigenvalue "
            f"{outcome.largest_eigenvalue:+.4g}, must be < 0): it would not rest there. Drive it less."
        )


def _name(site: Site, model: SheetModel) -> str:
    population = model.circuit.populations[site.population]
    return f"(population {population}, row {site.row}, column {site.column}, channel {site.channel})"
