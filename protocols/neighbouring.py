"""The tilt illusion in neighbouring geometries: a fit that holds only at the published centre size is a knife-edge.

Half the cell size: a half-width of r cells covers 2r + 1 cells, and twice as many of the new ones: r' = 2r + ½.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from insilico.comparison import Finding
from insilico.model import SheetModel
from insilico.recording import Recording
from protocols.base import center_position
from protocols.papers import HUMAN_OTOOLE_WENDEROTH1977
from protocols.tilt_induction import TiltInduction
from stimuli import Grating, StimulusSet
from stimuli.doors import door

FACTORS = {"090": 0.9, "110": 1.1}
HALF_WIDTHS = ("rC", "rP", "rTin", "rT")  # of rings, in cells, as real numbers
SIDES = ("srf", "ssn", "ssf")  # of rings, in cells, odd


@door
def neighbouring_geometries(model: SheetModel, *, read_out: str = "circular_vote") -> list[Finding]:
    """Return the tilt R² with the centre 0.9 and 1.1 times as wide, and with cells half as wide.

    Parameters
    ----------
    model
        Its preparation of this experiment, its own overrides included, is the middle of the neighbourhood. Its
        encoder must average layers over the area of a cell. Ring half-widths rC, rP, rTin, rT among its parameters are
        scaled with the cells; centre and surround stay where they are when the centre's size changes.
    read_out
        As in `TiltInduction`.

    Returns
    -------
    list of Finding
        `tilt_r2_090`, `tilt_r2_110`, `tilt_r2_half_cell`; NaN where a response has not converged.

    Raises
    ------
    TypeError, ValueError
        If the model is no SheetModel, its encoder rounds sizes to whole cells, or its rings cannot be halved.
    """
    if not isinstance(model, SheetModel):
        raise TypeError(f"model is a {type(model).__name__}; an insilico.SheetModel is needed, see load_model.")
    here = model.prepared(HUMAN_OTOOLE_WENDEROTH1977)
    _refuse_sampling(here)
    middle = here.preparation
    experiment = TiltInduction(read_out=read_out, angles=_angles())
    fixed = replace(experiment, position=center_position(middle))
    found = []
    for label, factor in FACTORS.items():
        other = middle.replaced(center_diameter=factor * middle.center_diameter)
        found.append(_score(f"tilt_r2_{label}", fixed, replace(here, preparation=other)))
    return [*found, _score("tilt_r2_half_cell", experiment, with_half_cells(here))]


def with_half_cells(model: SheetModel) -> SheetModel:
    """Return a model on a sheet of the same extent with cells half as wide, its rings as wide in degrees as before."""
    sheet = model.preparation.sheet
    shape = tuple(2 * n - n % 2 for n in sheet.shape)  # odd stays odd: the recorded cell is in the middle
    preparation = model.preparation.replaced(shape=shape, pitch=sheet.pitch / 2)
    parameters = _finer_rings(model.name, model.effective_parameters)  # with what the set changes for this experiment
    return replace(model, preparation=preparation, parameters=parameters, overrides={})


def _finer_rings(name: str, parameters: Any) -> Any:
    names = {f.name for f in fields(parameters)}
    rings = {ring: 2 * getattr(parameters, ring) + 0.5 for ring in HALF_WIDTHS if ring in names}
    whole = [side for side in SIDES if side in names]
    if whole and not rings:
        raise ValueError(
            f"{name} has rings of whole, odd numbers of cells ({', '.join(whole)}), which cells of half the size "
            f"cannot make: a circuit with real half-widths {', '.join(HALF_WIDTHS)} is needed."
        )
    return replace(parameters, **rings) if rings else parameters


def _score(name: str, experiment: TiltInduction, model: SheetModel) -> Finding:
    responses = experiment.run(model)
    if not bool(responses["converged"].values.all()):
        return Finding(name=name, value=float("nan"), unit="1")
    prediction = experiment.predict(experiment.checked(responses))
    return Finding(name=name, value=experiment.scale.fit(experiment.reference.values.values, prediction).r2, unit="1")


def _angles() -> tuple[float, ...]:
    reference = TiltInduction().reference
    return tuple(reference.values["relative_orientation"].values.tolist())


def _refuse_sampling(model: SheetModel) -> None:
    """Raise ValueError if a square of 7.2 cells is encoded as one of a whole number of cells."""
    preparation = model.preparation
    square = Grating(
        orientation=0, spatial_frequency=2, aperture="square", diameter=7.2 * preparation.sheet.pitch, contrast=0.5
    )
    drive = model.encode(StimulusSet.of([square]), TiltInduction().display(preparation))
    row = model.respond(drive, recording=Recording(cells="row"))["drive"].isel(stimulus=0)
    strength = row.values.reshape(-1, preparation.n_channels).max(axis=-1)
    inside = strength > 1e-9
    if np.ptp(strength[inside]) < 1e-3 * strength.max():
        raise ValueError(
            f"the encoder of {model.name} samples layers at the centres of cells, so that a centre 0.9 or 1.1 times as "
            "wide is rounded to whole cells: use a circuit that averages layers over the area of a cell "
            "(PopulationCode(cell_average=True))."
        )
