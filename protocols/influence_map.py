"""Influence mapping: what driving one unit does to all others, on any circuit and under any grating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import xarray as xr

from insilico import analysis
from insilico.analysis.influence.connectivity import effective_connectivity
from insilico.comparison import Finding
from insilico.experiment import Acts
from insilico.model import Model, SheetModel
from insilico.preparation import Preparation
from insilico.provenance import provenance, read_provenance
from insilico.recording import Recording
from insilico.targets import Targets
from protocols.base import AbstractProtocol, described, recorded_position
from stimuli import Grating, StimulusSet

SMALL, FINITE = "small", "finite"


@dataclass(frozen=True, kw_only=True)
class InfluenceMapping(AbstractProtocol):
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

    def run(
        self,
        model: Model,
        *,
        perturbations: Mapping[str, Acts] | None = None,
        recording: Recording = Recording(),
        batch: int | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> xr.Dataset:
        """Drive the unit and return the influence on all output units.

        Parameters
        ----------
        model
            A circuit of the zoo, with its lesions.
        perturbations
            Not taken: driving a unit is what this experiment does. Perturb the model, `model.perturbed(…)`.
        recording, batch, progress
            Not used: all output units are read.
        seed
            Added to that of the protocol.

        Returns
        -------
        xarray.Dataset
            See `insilico.analysis.implicit_influence` and `finite_influence`.
        """
        if perturbations is not None:
            raise ValueError("perturbations: this experiment drives a unit itself. Use model.perturbed(…) instead.")
        if not isinstance(model, SheetModel):
            raise TypeError(f"{type(model).__name__}: influence needs a circuit of the zoo, which gives its equations.")
        subject = model if self.preparation is None else model.prepared(self.preparation)
        place = recorded_position(subject.preparation)
        targets = Targets(position=place, preferred=self.preferred).ids(subject.units)[:1]
        shown = self.stimuli(subject.preparation)
        display = self.display(subject.preparation)
        everywhere = Recording(cells="all", populations=("output",))
        if self.size == SMALL:
            data = analysis.implicit_influence(subject, shown, targets, display, recording=everywhere)
        else:
            data = analysis.finite_influence(subject, shown, targets, display, r=self.r, recording=everywhere)
        data.attrs["title"] = f"{self.title}: {described(subject.spec())}"
        data.attrs["provenance"] = provenance(
            model=subject.spec(),
            protocol=self.spec(),
            assumptions=self.assumptions(subject.preparation),
            seed=seed,
        )
        return data

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the effective connectivity: near, far, like-to-like, each with the p of its permutation null."""
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
        from insilico import influence_plotting

        one = responses.isel(stimulus=0, target=0)
        pitch = float(read_provenance(responses.attrs)["model"]["preparation"]["sheet"]["pitch"])
        edges = self.near_cells * pitch, self.far_cells * pitch
        return influence_plotting.influence_map(one, edges=edges, title=str(responses.attrs["title"]))


def influence_mapping(**settings: Any) -> InfluenceMapping:
    """Return the experiment; see `InfluenceMapping` for the settings."""
    return InfluenceMapping(**settings)
