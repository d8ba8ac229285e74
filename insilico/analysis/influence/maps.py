"""Influence mapping: what driving one unit does to all others, around the fixed point under each stimulus.

    gain_j      = ∂ r_j / ∂ d                small drive d inside the target's rectifier      (implicit_influence)
    change_j    = r_j(d) − r_j(0)            a finite drive d                                 (finite_influence)
    influence_j = gain_j / gain_target  or  change_j / change_target:  per unit of the target's own change

On a periodic sheet under a full-field stimulus all pairs follow from one small matrix per spatial frequency
(`insilico.influence.blocks`), and targets of one channel are translations of each other; on any other sheet each target
costs one run of GMRES.

Chettih SN, Harvey CD (2019) Single-neuron perturbations reveal feature-specific competition in V1. Nature 567:334-340.
doi:10.1038/s41586-019-0997-6
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from insilico.analysis.influence.labels import STIMULUS, TARGET, labelled
from insilico.analysis.influence.sites import (
    readout_of,
    refuse_destabilised,
    refuse_held,
    refuse_silent,
    refuse_unsettled,
    sites_of,
)
from insilico.influence.fixed_point import FixedPoint, fixed_point
from insilico.influence.mapping import own_value, small_signals, stimulated
from insilico.model import SheetModel
from insilico.recording import Recording
from insilico.units import UNIT
from stimuli import Display, StimulusSet
from stimuli.doors import door
from stimuli.errors import unknown_name

METHODS = ("auto", "blocks", "gmres")
EVERYWHERE = Recording(cells="all")
LARGEST_REMAINDER = 1e-5  # of a linear solve, relative: influences are then within 1e-4 of the exact ones
LARGEST_RATE = 1e-10  # |ds/dt| at which changes of a thousandth of a response are still right to 1e-4
LARGEST_SHARE = 1e-5  # of a target's change, that the rates under its drive may be
FIXED_POINT = 1e-13  # |ds/dt| that counts as zero: finite and implicit influence agree to 1e-4 only below this


@door
def implicit_influence(
    model: SheetModel,
    stimuli: StimulusSet,
    targets: Sequence[int],
    display: Display | None = None,
    *,
    populations: Sequence[str] | None = None,
    recording: Recording = EVERYWHERE,
    method: str = "auto",
    tol: float = 1e-8,
) -> xr.Dataset:
    """Return the small-signal influence of single units, by the implicit function theorem.

    Parameters
    ----------
    model
        A model whose circuit gives its equations; its lesions and perturbations hold.
    stimuli
        What is shown.
    targets
        Ids of the units that are driven, see `unit_ids`.
    display
        Display for models that see frames.
    populations
        Populations that the drive reaches at the target's place and channel; the target's own if None.
    recording
        Units to read, in the steady state; all units of the output stage by default.
    method
        "blocks" (one small matrix per spatial frequency: uniform periodic sheets only), "gmres" (any sheet), or "auto":
        blocks where they apply.
    tol
        Remainder of a linear solve by GMRES, relative; 0 < tol <= 1e-5.

    Returns
    -------
    xarray.Dataset
        `gain` and `influence` (stimulus, target, unit), `own_gain` (stimulus, target); `residual`, `converged` and
        `largest_eigenvalue` (stimulus) of the fixed points, and the worst of each in the attributes.

    Raises
    ------
    ValueError
        For a target that does not exist or is silent, and where the fixed point was not found or is not stable; says
        its residual and its largest eigenvalue (real part, in 1 / unit of time).

    Examples
    --------
    >>> import insilico
    >>> from stimuli import Grating, StimulusSet
    >>> sheet = {"preparation.shape": (32, 32), "preparation.boundary": "periodic", "preparation.n_channels": 16}
    >>> model = insilico.load_model("mely2018", **sheet)
    >>> shown = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, contrast=0.15)])
    >>> ids = insilico.unit_ids((32, 32, 16), population="output", y=16, x=16, feature=0)
    >>> insilico.analysis.implicit_influence(model, shown, ids)["influence"].dims
    ('stimulus', 'target', 'unit')
    """
    _refuse_loose(tol, LARGEST_REMAINDER)
    sites, readout = sites_of(model, targets, populations), readout_of(model, recording)
    points = _fixed_points(model, stimuli, display, method)
    gain = np.zeros((len(points), len(sites), readout.ids.size))
    own = np.zeros(gain.shape[:2])
    for i, point in enumerate(points):
        refuse_silent(point, sites, model)
        for j, (state, moved) in enumerate(small_signals(point, sites, tol)):
            gain[i, j] = readout.of(state, moved=moved)
            own[i, j] = own_value(state, sites[j], moved)
    return labelled(
        {
            "gain": ((STIMULUS, TARGET, UNIT), gain, "change per unit of drive to the target"),
            "influence": (
                (STIMULUS, TARGET, UNIT),
                _over(gain, own[..., None]),
                "change per unit of the target's change",
            ),
            "own_gain": ((STIMULUS, TARGET), own, "change of the target per unit of drive to it"),
        },
        model=model,
        stimuli=stimuli,
        targets=targets,
        readout=readout,
        points=points,
        title="small-signal influence",
        record={"populations": populations, "method": method, "tol": tol},
    )


@door
def finite_influence(
    model: SheetModel,
    stimuli: StimulusSet,
    targets: Sequence[int],
    display: Display | None = None,
    *,
    drive: float | None = None,
    r: float | None = None,
    change: float | None = None,
    populations: Sequence[str] | None = None,
    recording: Recording = EVERYWHERE,
    method: str = "auto",
    tol: float = FIXED_POINT,
    check_stability: bool = True,
) -> xr.Dataset:
    """Return the influence of single units under a finite drive, the circuit solved anew for each.

    Parameters
    ----------
    model, stimuli, targets, display, populations, recording, method
        As for `implicit_influence`; a silent target may be driven.
    drive
        Size of the drive; 0 is a sham, negative suppresses. Give one of the three.
    r
        Change of the target, in units of its largest response over `stimuli`: the drive is found that makes it.
    change
        Change of the target, in units of its activity: the drive is found that makes it.
    tol
        Largest |ds/dt| that counts as a fixed point, with and without the drive; 0 < tol <= 1e-10.
    check_stability
        Whether the driven circuit's largest eigenvalue is computed, too, some 50 products with its Jacobian for each
        drive; False leaves `driven_eigenvalue` NaN.

    Returns
    -------
    xarray.Dataset
        `change` and `influence` (stimulus, target, unit; the latter NaN under a sham), `drive`, `own_change`, `r`,
        `driven_residual` and `driven_eigenvalue` (stimulus, target; the last to within 1 %); `residual`, `converged`
        and `largest_eigenvalue` (stimulus) of the fixed points without drive, and the worst of each in the attributes.

    Raises
    ------
    ValueError
        As `implicit_influence`, and where a driven circuit does not settle, is not stable, a target cannot be driven,
        or changes too little for the tolerance.
    """
    given = [value for value in (drive, r, change) if value is not None]
    if len(given) != 1 or not np.isfinite(given[0]):
        raise ValueError(f"drive = {drive}, r = {r}, change = {change}: give one of the three, finite.")
    _refuse_loose(tol, LARGEST_RATE)
    [size] = given
    sites, readout = sites_of(model, targets, populations), readout_of(model, recording)
    points = _fixed_points(model, stimuli, display, method, tol)
    largest = np.max([[point.state[s.population][s.place] for s in sites] for point in points], axis=0)
    if r is not None and not (largest > 0).all():
        raise ValueError(
            f"target {np.atleast_1d(targets)[~(largest > 0)][0]} responds to none of the stimuli: r is in units of its "
            "largest response. Show one that it responds to, or give a drive."
        )
    wanted = [size * top if r is not None else size for top in largest]
    moves = np.zeros((len(points), len(sites), readout.ids.size))
    own, drives, residuals = (np.zeros(moves.shape[:2]) for _ in range(3))
    eigenvalues = np.full(own.shape, np.nan)
    for i, point in enumerate(points):
        refuse_held(point, sites, model)
        before = {(0, 0): readout.of(point.state)}
        for j, (outcome, moved) in enumerate(stimulated(point, sites, wanted, by_change=drive is None, tol=tol)):
            refuse_unsettled(outcome, sites[j], model)
            if moved not in before:
                before[moved] = readout.of(point.state, moved=moved)
            moves[i, j] = readout.of(outcome.state, moved=moved) - before[moved]
            own[i, j] = own_value(outcome.state, sites[j], moved) - own_value(point.state, sites[j], moved)
            drives[i, j], residuals[i, j] = outcome.drive, outcome.residual
            if check_stability and outcome.drive:
                refuse_destabilised(outcome, sites[j], model)
            if check_stability:
                eigenvalues[i, j] = outcome.largest_eigenvalue if outcome.drive else point.largest_eigenvalue
    _refuse_drowned(own, residuals)
    per_pair, per_target = (STIMULUS, TARGET, UNIT), (STIMULUS, TARGET)
    return labelled(
        {
            "change": (per_pair, moves, "change of activity"),
            "influence": (per_pair, _over(moves, own[..., None]), "change per unit of the target's change"),
            "drive": (per_target, drives, "drive to the target"),
            "own_change": (per_target, own, "change of the target"),
            "r": (per_target, _over(own, largest), "change of the target over its largest response to the stimuli"),
            "driven_residual": (per_target, residuals, "largest rate of change under the drive, per unit time"),
            "driven_eigenvalue": (per_target, eigenvalues, "largest real part under the drive, per unit time"),
        },
        model=model,
        stimuli=stimuli,
        targets=targets,
        readout=readout,
        points=points,
        title="influence of a finite drive",
        record={"populations": populations, "method": method, "tol": tol, "drive": drive, "r": r, "change": change},
    )


def _fixed_points(
    model: SheetModel, stimuli: StimulusSet, display: Display | None, method: str, tol: float = FIXED_POINT
) -> list[FixedPoint]:
    """Return the stable fixed point under each stimulus."""
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if not isinstance(model, SheetModel):
        raise TypeError(f"{type(model).__name__} gives no equations: must be a model of load_model.")
    if display is not None:
        for stimulus in stimuli:
            stimulus.refuse_display(display)
    blocks = {"auto": None, "blocks": True, "gmres": False}[method]
    points = [fixed_point(e, tol=tol, blocks=blocks) for e in model.equations(model.encode(stimuli, display))]
    for number, point in enumerate(points):
        point.refuse_unstable(f"{number} of {model.name}")
    return points


def _refuse_loose(tol: float, largest: float) -> None:
    """Raise ValueError for a tolerance at which influences would be wrong, and still be said to have converged."""
    if not 0 < tol <= largest:
        raise ValueError(f"tol = {tol}: must be > 0 and at most {largest:g}, or the influences are not right to 1e-4.")


def _refuse_drowned(own: np.ndarray, residuals: np.ndarray) -> None:
    """Raise ValueError where a target's largest change over stimuli is not well above what fixed points leave undone.

    Both arrays are (stimulus, target).
    """
    changes, left = np.abs(own).max(axis=0, initial=0.0), residuals.max(axis=0, initial=0.0)
    for change, residual in zip(changes, left, strict=True):
        if change and residual > LARGEST_SHARE * change:
            raise ValueError(
                f"the target changes by {change:.2g}, and the fixed point is known to {residual:.2g} per unit time "
                "only: influences per unit of that change would be wrong. Drive it more, lower tol, or use "
                "implicit_influence."
            )


def _over(value: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return value / unit, NaN where the unit is 0."""
    return np.divide(value, unit, out=np.full_like(value, np.nan), where=np.broadcast_to(unit != 0, value.shape))
