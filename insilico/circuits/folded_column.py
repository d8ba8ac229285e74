"""The centre column of a two-stage circuit under symmetric stimuli, by folding instead of the full sheet."""

from __future__ import annotations

from typing import Any

import numpy as np

from insilico.circuit import State
from insilico.circuits.contextual_equations import wired
from insilico.encode import PopulationCode
from insilico.folded_circuit import FoldedCircuit
from insilico.folding import NotSymmetricError, fold
from stimuli import StimulusSet

TOLERANCE, MAX_STEPS = 1e-9, 20_000  # those of the full sheet


def column_state(encoder: PopulationCode, parameters: Any, stimuli: StimulusSet) -> State | None:
    """Return the fixed points of the centre column, shown by all cells; None where folding does not give them.

    Parameters
    ----------
    encoder
        Its preparation is the sheet; layers are averaged over the area of a cell, as in the circuit's `encode`.
    parameters
        `ContextualParameters`, those of removed mechanisms at 0.
    stimuli
        What is shown, all of one centre of symmetry.
    """
    if parameters.gO > 0:  # O spreads by its own ring beyond the cells that are followed
        return None
    preparation = encoder.preparation
    shape = (*preparation.sheet.shape, preparation.n_channels)
    wired(parameters, shape, lesions=(), boundary=preparation.sheet.boundary)  # refuses a sheet that is too small
    try:
        folded = fold(stimuli, preparation, field=parameters.rX)
        circuit = FoldedCircuit(folded, parameters, tuning_width=preparation.tuning_width)
    except NotSymmetricError:
        return None
    activity = circuit.settled(tol=TOLERANCE, max_steps=MAX_STEPS)
    converged = activity.residual <= TOLERANCE
    if not (converged.all() and np.isfinite(activity.drive).all()):
        return None
    sheets = {
        name: np.broadcast_to(column[:, None, None], (len(column), *shape))  # a view: takes no memory
        for name, column in (("output", activity.response), ("drive", activity.drive))
    }
    return State(
        populations={"output": sheets["output"]},
        drive=sheets["drive"],
        residual=activity.residual,
        converged=converged,
        n_steps=activity.n_iterations,
    )
