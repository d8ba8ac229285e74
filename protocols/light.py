"""The surround under light: the sources of the pools driven and silenced, and each mechanism removed.

The near facilitation P listens to the input stage close by, the tuned suppression T to the output stage further out.
Silencing what a pool hears asks the same as removing it, as an experimenter could.
"""

from __future__ import annotations

from insilico.experiment import Act
from insilico.model import SheetModel
from insilico.perturb import Lesion, Perturbation
from insilico.targets import Targets
from protocols.base import recorded_position
from stimuli.doors import door

NEAR_CELLS, FAR_CELLS = 4.5, 14.5  # edges of the rings of the 2018 circuit, from the recorded cell
DRIVE = 0.5  # of the circuit's drive, which is 1 for a grating at full contrast
MECHANISMS = ("T", "U", "P", "Q")


@door
def surround_under_light(model: SheetModel) -> dict[str, Act]:
    """Return the perturbations of the surround that a model can undergo, by name.

    Parameters
    ----------
    model
        On the preparation of the experiment (`model.prepared(experiment.preparation)`).

    Returns
    -------
    dict
        "silence far output", "drive far output", "silence near input" where the circuit has an input stage, and the
        removal of each of T, U, P, Q that it has; for `run(perturbations=…)`.
    """
    pitch, place = model.preparation.sheet.pitch, recorded_position(model.preparation)
    far = Targets(position=place, radius=FAR_CELLS * pitch, beyond=NEAR_CELLS * pitch)
    found: dict[str, Act] = {
        "silence far output": Perturbation(units=far, mode="silence"),
        "drive far output": Perturbation(units=far, mode="drive", value=DRIVE),
    }
    if "input" in model.circuit.populations:
        near = Targets(populations=("input",), position=place, radius=NEAR_CELLS * pitch, beyond=0.0)
        found["silence near input"] = Perturbation(units=near, mode="silence")
    return found | {f"without {name}": Lesion(name) for name in MECHANISMS if name in model.circuit.lesions}
