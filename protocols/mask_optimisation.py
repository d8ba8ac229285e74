"""Mask optimisation: which lateral drive would undo a change at the centre? Not a stimulation experiment.

Earlier work on trained circuits multiplied the feed-forward drive of a central block by p and searched, by gradient
descent, for an additive mask M on the surround that gives the centre its old response back. Here the circuit is
differentiated instead, and a small such mask is found by Gauss-Newton steps (shortened where they do not help):

    minimise |M|²  so that  O_centre(p X_centre, M) = O_centre(X),        M on the output stage of all cells within
                                                                          `reach` but the centre's

M says what would be needed, not what anybody does to anybody; `influence_mapping` says that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis.influence.connectivity import effective_connectivity
from insilico.comparison import Finding
from insilico.experiment import refuse_several
from insilico.model import SheetModel
from insilico.perturb import Perturbation, unit_ids
from insilico.preparation import Preparation, Sheet
from insilico.recording import Recording
from protocols.base import heading
from protocols.driving import AbstractDrivingProtocol
from protocols.photostimulation import gains
from stimuli import Grating, StimulusSet
from stimuli.doors import door

STEPS, HALVINGS = 30, 6
RESTORED = 1e-3  # of the change that is to be undone
RIDGE = 1e-3  # of the largest eigenvalue of A Aᵀ: small masks before perfect ones


@door
@dataclass(frozen=True, kw_only=True)
class MaskOptimisation(AbstractDrivingProtocol):
    """The smallest lateral drive that gives a changed centre its old response back, under a full-field grating.

    Parameters
    ----------
    contrast, orientation
        Of the grating.
    factor
        By which the drive of the centre's cell is multiplied, > 0; above 1 excites it, below 1 inhibits it.
    reach_cells, near_cells
        Radius of the mask, and edge of its near zone.
    permutations, seed
        Of the null: distances exchanged for near and far, preferences within each cell for like-to-like.
    """

    name: ClassVar[str] = "mask_optimisation"
    title: ClassVar[str] = "Mask optimisation: the lateral drive that undoes a change at the centre"

    contrast: float = 0.1
    orientation: float = 0.0
    factor: float = 1.1
    reach_cells: float = 14.5
    near_cells: float = 4.5
    permutations: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.factor) and self.factor > 0) or self.factor == 1:
            raise ValueError(f"factor = {self.factor}: must be > 0 and not 1, which changes nothing.")
        if not 0 < self.near_cells < self.reach_cells < 30:
            raise ValueError(
                f"near_cells = {self.near_cells}, reach_cells = {self.reach_cells}: need near < reach < 30."
            )

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return the full-field grating."""
        return StimulusSet.grid(
            lambda orientation: Grating(
                orientation=orientation, spatial_frequency=self.spatial_frequency, contrast=self.contrast
            ),
            orientation=[self.orientation],
        )

    def sheet(self, model: SheetModel) -> Preparation:
        """Return the sheet of the experiment: periodic, 64 cells a side, 16 channels."""
        return self.preparation or Preparation(
            name="mask_optimisation",
            sheet=Sheet(shape=(64, 64), boundary="periodic"),
            n_channels=16,
            spacing="even",
            tuning_width=model.preparation.tuning_width,
        )

    def measured(self, model: SheetModel, *, seed: int) -> xr.Dataset:
        """Find the mask.

        Returns
        -------
        xarray.Dataset
            `influence` (unit): the mask M on the output units (so called for `effective_connectivity`), `target`,
            `changed` and `restored` (channel): the centre's response before, changed, and under the mask; `residual`,
            `converged` (stimulus).
        """
        if "input" not in model.circuit.populations:
            raise TypeError(f"{model.name}: a circuit with an input and an output stage is needed.")
        return self._found(model, self.stimuli(model.preparation))

    def _found(self, model: SheetModel, shown: StimulusSet) -> xr.Dataset:
        (height, width), k = model.preparation.sheet.shape, model.preparation.n_channels
        at = height // 2, width // 2
        drive = model.encode(shown)
        inputs = unit_ids(
            (height, width, k), population="input", y=at[0], x=at[1], populations=model.circuit.populations
        )
        entering = float(model.effective_parameters.xi) * np.asarray(drive.data)[0, at[0], at[1]]
        change = Perturbation(units=inputs, mode="drive", value=tuple((self.factor - 1) * entering))
        row, column, channel = np.indices((height, width, k))
        distance = np.hypot(row - at[0], column - at[1])
        free = (distance > 0) & (distance <= self.reach_cells)
        ids = np.asarray(unit_ids((height, width, k), population="output"))[free.ravel()]
        gain = gains(model, shown, "output")
        A = gain[channel[free], (at[0] - row[free]) % height, (at[1] - column[free]) % width].T
        normal = A @ A.T
        normal += RIDGE * float(np.linalg.eigvalsh(normal).max()) * np.eye(k)
        center = Recording(cells="center", populations=("output",))

        def response(mask: np.ndarray | None) -> xr.Dataset:
            acts = [] if mask is None else [change]
            if mask is not None and mask.any():
                acts.append(Perturbation(units=tuple(ids.tolist()), mode="drive", value=tuple(mask)))
            return model.perturbed(*acts).respond(drive, recording=center)

        wanted = response(None)["response"].values[0]
        mask = np.zeros(ids.size)
        found = response(mask)
        changed = found["response"].values[0]
        left = wanted - changed
        for _ in range(STEPS):
            if np.abs(left).max() <= RESTORED * np.abs(changed - wanted).max():
                break
            step = A.T @ np.linalg.solve(normal, left)
            for halving in range(HALVINGS):
                tried = response(mask + step / 2**halving)
                still = wanted - np.asarray(tried["response"].data)[0]
                if bool(tried["converged"].all()) and np.linalg.norm(still) < np.linalg.norm(left):
                    break
            else:
                break
            mask, left, found = mask + step / 2**halving, still, tried
        whole = np.zeros((height, width, k))
        whole[free] = mask
        units = model.units.isel(unit=np.asarray(unit_ids((height, width, k), population="output")))
        center_unit = units.isel(unit=int(np.ravel_multi_index((*at, 0), (height, width, k))))
        plain = {"units": "1"}
        preferred = f"preferred_{model.preparation.feature}"
        nearest = float(model.preparation.preferences[int(np.argmax(wanted))])
        return xr.Dataset(
            {
                "influence": ("unit", whole.ravel(), plain | {"long_name": "mask: drive to the output stage"}),
                "response_before": ("of_channel", wanted, plain),
                "response_changed": ("of_channel", changed, plain),
                "response_restored": ("of_channel", found["response"].values[0], plain),
                "residual": ("stimulus", found["residual"].values, plain),
                "converged": ("stimulus", found["converged"].values, plain),
            },
            coords={
                **units.coords,
                "target_x": ((), float(center_unit["unit_x"]), {"units": "deg"}),
                "target_y": ((), float(center_unit["unit_y"]), {"units": "deg"}),
                f"target_{preferred}": ((), nearest, {"units": "deg"}),
            },
        )

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return how much of the change is undone, and the mask near, far, and by likeness, with permutation nulls."""
        refuse_several(responses)
        before, changed = responses["response_before"], responses["response_changed"]
        left = float(np.sqrt(((responses["response_restored"] - before) ** 2).sum() / ((changed - before) ** 2).sum()))
        pitch = float(np.diff(np.unique(responses["unit_x"].values)).min())
        found = effective_connectivity(
            responses,
            near=self.near_cells * pitch,
            far=self.reach_cells * pitch,
            permutations=self.permutations,
            seed=self.seed,
        )
        rows = [Finding(name="change_undone", value=1 - left, unit="1")]
        for name in found["measure"].values:
            one = found.sel(measure=name)
            rows.append(Finding(name=f"mask_{name}", value=float(one["value"]), unit="drive"))
            rows.append(Finding(name=f"mask_{name}_p", value=float(one["p"]), unit="two-sided, permutation"))
        return rows

    def plot(self, responses: xr.Dataset) -> Any:
        """Return the map of the mask, and the mask by preferred orientation near and far."""
        refuse_several(responses)
        from insilico import influence_plotting

        pitch = float(np.diff(np.unique(responses["unit_x"].values)).min())
        return influence_plotting.influence_map(
            responses,
            edges=(self.near_cells * pitch, self.reach_cells * pitch),
            title=heading(responses),
            what="mask",
            unit="(drive to the output)",
        )


def mask_optimisation(**settings: Any) -> MaskOptimisation:
    """Return the analysis; see `MaskOptimisation` for the settings."""
    return MaskOptimisation(**settings)
