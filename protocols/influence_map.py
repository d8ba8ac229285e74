"""Influence mapping: what driving one unit does to all others, on any circuit and under any grating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import xarray as xr

from insilico import analysis
from insilico.analysis.influence.connectivity import effective_connectivity
from insilico.comparison import Finding
from insilico.experiment import refuse_several
from insilico.model import SheetModel
from insilico.preparation import Preparation
from insilico.provenance import read_provenance
from insilico.recording import Recording
from insilico.targets import Targets
from protocols.base import heading, recorded_position
from protocols.driving import AbstractDrivingProtocol
from stimuli import Grating, StimulusSet
from stimuli.doors import door

SMALL, FINITE = "small", "finite"


@door
@dataclass(frozen=True, kw_only=True)
class InfluenceMapping(AbstractDrivingProtocol):
    """The unit at the sheet's centre is driven under a grating; everybody else's change is mapped.

    Parameters
    ----------
    orientation, contrast, diameter
        Of the grating, degrees; a diameter of None fills the sheet.
    preferred
        Preference of the driven unit, degrees; the nearest channel is taken.
    size
        "small": the derivative. "finite": a drive that changes the target by `r` of its largest response.
    r
        See above.
    near_cells, far_cells
        Edges of the near and the far surround, in cells from the target.
    permutations, seed
        Of the null of the effective connectivity.
    """

    name: ClassVar[str] = "influence_mapping"
    title: ClassVar[str] = "Influence of one unit on all others"

    orientation: float = 0.0
    contrast: float = 1.0
    diameter: float | None = None
    preferred: float = 0.0
    size: str = SMALL
    r: float = 0.5
    near_cells: float = 4.5
    far_cells: float = 14.5
    permutations: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size not in (SMALL, FINITE):
            raise ValueError(f"size = {self.size!r}: must be {SMALL!r} or {FINITE!r}.")
        if not 0 < self.near_cells < self.far_cells:
            raise ValueError(f"near_cells = {self.near_cells}, far_cells = {self.far_cells}: need 0 < near < far.")

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return the grating."""
        place: dict[str, Any] = {}
        if self.diameter is not None:
            place = {"diameter": self.diameter, "position": recorded_position(preparation)}

        def grating(orientation: float) -> Grating:
            return Grating(
                orientation=orientation, spatial_frequency=self.spatial_frequency, contrast=self.contrast, **place
            )

        return StimulusSet.grid(grating, orientation=[self.orientation])

    def measured(self, model: SheetModel, *, seed: int) -> xr.Dataset:
        """Drive the unit and return the influence on all output units.

        Returns
        -------
        xarray.Dataset
            See `insilico.analysis.implicit_influence` and `finite_influence`.
        """
        place = recorded_position(model.preparation)
        targets = Targets(position=place, preferred=self.preferred).ids(model.units)[:1]
        shown, display = self.stimuli(model.preparation), self.display(model.preparation)
        everywhere = Recording(cells="all", populations=("output",))
        if self.size == SMALL:
            return analysis.implicit_influence(model, shown, targets, display, recording=everywhere)
        return analysis.finite_influence(model, shown, targets, display, r=self.r, recording=everywhere)

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the effective connectivity: near, far, like-to-like, each with the p of its permutation null."""
        refuse_several(responses)
        pitch = float(read_provenance(responses.attrs)["model"]["preparation"]["sheet"]["pitch"])
        found = effective_connectivity(
            responses.isel(stimulus=0, target=0),
            near=self.near_cells * pitch,
            far=self.far_cells * pitch,
            permutations=self.permutations,
            seed=self.seed,
        )
        unit = "change per change of the target"
        rows = []
        for name in found["measure"].values:
            one = found.sel(measure=name)
            rows.append(Finding(name=str(name), value=float(one["value"]), unit=unit))
            rows.append(Finding(name=f"{name}_p", value=float(one["p"]), unit="two-sided, permutation"))
        largest = float(responses["largest_eigenvalue"].max())
        return [*rows, Finding(name="largest_eigenvalue", value=largest, unit="per unit time")]

    def plot(self, responses: xr.Dataset) -> Any:
        """Return the map round the target, like and unlike units apart, and influence by preferred orientation."""
        refuse_several(responses)
        from insilico import influence_plotting

        one = responses.isel(stimulus=0, target=0)
        pitch = float(read_provenance(responses.attrs)["model"]["preparation"]["sheet"]["pitch"])
        edges = self.near_cells * pitch, self.far_cells * pitch
        return influence_plotting.influence_map(one, edges=edges, title=heading(responses))


@door
def influence_mapping(**settings: Any) -> InfluenceMapping:
    """Return the experiment; see `InfluenceMapping` for the settings."""
    return InfluenceMapping(**settings)
