"""Pairs of a stimulated target and a recorded neuron: the contract of all statistics on influence.

A Dataset of pairs has one dimension, `pair`, sorted by field, target and neuron, and the variables

    field, target, neuron     labels; a target and a neuron belong to one field, pairs are within a field
    distance_um               between their somata, µm, ≥ 25
    signal_correlation        of their tuning curves, −1 to 1
    trace_correlation         of their activities over all trials, −1 to 1
    influence                 of the target on the neuron, residual s.d.

and, for the population gain (test e),

    influence_at_preferred    influence under the stimulus that the target prefers, residual s.d.
    response_at_preferred     response of the neuron to that stimulus, events per trial
    residual_sd               of the neuron, events per trial
    drive                     r: change of the target's own response / its largest response (one value per target)
    target_maximum            largest response of the target, events per trial (one value per target)

Other variables (`orientation_difference`, `noise_correlation`, …) may be there and are kept. The target's own unit and
pairs nearer than 25 µm, which the light reaches directly (Chettih & Harvey 2019, Extended Data 1d), are not pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from stimuli.doors import door

PAIR, TARGET, NEURON, FIELD = "pair", "target", "neuron", "field"
DIRECT_UM = 25.0
LABELS = (FIELD, TARGET, NEURON)
MEASURES = ("distance_um", "signal_correlation", "trace_correlation", "influence")
GAIN_MEASURES = ("influence_at_preferred", "response_at_preferred", "residual_sd", "drive", "target_maximum")
UNITS = {
    "field": "1",
    "target": "1",
    "neuron": "1",
    "distance_um": "um",
    "signal_correlation": "1",
    "trace_correlation": "1",
    "influence": "residual s.d.",
    "influence_at_preferred": "residual s.d.",
    "response_at_preferred": "events/trial",
    "residual_sd": "events/trial",
    "drive": "1",
    "target_maximum": "events/trial",
    "noise_correlation": "1",
    "orientation_difference": "deg",
}
BOUNDED = ("signal_correlation", "trace_correlation")


@dataclass(frozen=True, kw_only=True, eq=False)
class PairTable:
    """The bare arrays of a set of pairs, each of shape (n_pairs,); labels are numbered from 0 in sorted order.

    Parameters
    ----------
    field, target, neuron
        Numbers of the labels, sorted by (field, target, neuron).
    measures
        Variables of the contract, in its units.
    """

    field: np.ndarray
    target: np.ndarray
    neuron: np.ndarray
    measures: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a variable of the contract."""
        if name not in self.measures:
            raise KeyError(f"the pairs carry no {name!r}: it is needed here. There are {', '.join(self.measures)}.")
        return self.measures[name]

    @property
    def n_fields(self) -> int:
        """Number of fields."""
        return int(self.field[-1]) + 1

    @property
    def n_targets(self) -> int:
        """Number of targets in all fields."""
        return int(self.target.max()) + 1

    def with_measures(self, **measures: np.ndarray) -> PairTable:
        """Return the same pairs with some variables replaced."""
        return PairTable(
            field=self.field, target=self.target, neuron=self.neuron, measures={**self.measures, **measures}
        )


def pair_table(pairs: xr.Dataset) -> PairTable:
    """Return the arrays of a Dataset of pairs after checking it against the contract.

    Raises
    ------
    ValueError, KeyError
        If dimensions, variables or their ranges are not those of the contract.
    """
    _check_shape(pairs)
    labels = {}
    for name in LABELS:
        labels[name] = np.unique(pairs[name].values, return_inverse=True)[1]
    present = [name for name in (*MEASURES, *GAIN_MEASURES) if name in pairs.variables]
    measures = {name: np.asarray(pairs[name].values, dtype=float) for name in present}
    for name, values in measures.items():
        _check_range(name, values)
    _check_labels(pairs, labels)
    return PairTable(field=labels[FIELD], target=labels[TARGET], neuron=labels[NEURON], measures=measures)


@door
def stack_pairs(matrices: xr.Dataset) -> xr.Dataset:
    """Return the pairs of dense matrices (target, neuron), without own units, other fields and pairs < 25 µm.

    Parameters
    ----------
    matrices
        Dims (target, neuron), whose coordinates name units of one set of labels, so that a target is also a neuron.
        Coordinate or variable `field` is (neuron,); variables are those of the contract, (target, neuron), or
        (target,) or (neuron,) where they belong to one of the two.

    Returns
    -------
    xarray.Dataset
        Dims (pair,), sorted by field, target, neuron.
    """
    if set(matrices.dims) != {TARGET, NEURON}:
        raise ValueError(f"matrices have dims {tuple(matrices.dims)}: must be (target, neuron).")
    for name in (TARGET, NEURON, FIELD):
        if name not in matrices.variables:
            raise KeyError(f"matrices lack {name!r}: the labels of targets and neurons and the neurons' field.")
    targets, neurons = matrices[TARGET].values, matrices[NEURON].values
    field = matrices[FIELD].values
    order = np.argsort(neurons, kind="stable")
    place = order[np.minimum(np.searchsorted(neurons, targets, sorter=order), len(neurons) - 1)]
    if (neurons[place] != targets).any():
        stranger = targets[neurons[place] != targets][0]
        raise ValueError(f"target {stranger!r} is not among the neurons: a target is a neuron of its field.")
    distance = matrices["distance_um"].transpose(TARGET, NEURON).values
    valid = (field[place][:, None] == field[None, :]) & (targets[:, None] != neurons[None, :]) & (distance >= DIRECT_UM)
    row, column = np.nonzero(valid)
    rank = np.lexsort((neurons[column], targets[row], field[column]))
    at = {TARGET: xr.DataArray(row[rank], dims=PAIR), NEURON: xr.DataArray(column[rank], dims=PAIR)}
    pairs = matrices.isel(at).reset_coords(drop=False)
    for name in UNITS:
        if name in pairs.variables:
            pairs[name].attrs.setdefault("units", UNITS[name])
    return pairs.set_coords(list(LABELS))


def _check_shape(pairs: xr.Dataset) -> None:
    for name in (*LABELS, *MEASURES):
        if name not in pairs.variables:
            raise KeyError(f"the pairs lack {name!r}: {', '.join((*LABELS, *MEASURES))} are needed, each (pair,).")
    for name in (*LABELS, *MEASURES, *(n for n in GAIN_MEASURES if n in pairs.variables)):
        if pairs[name].dims != (PAIR,):
            raise ValueError(f"{name} has dims {pairs[name].dims}: must be ('pair',); see stack_pairs for matrices.")
    if pairs.sizes[PAIR] < 2:
        raise ValueError(f"there are {pairs.sizes[PAIR]} pairs: two or more are needed.")


def _check_range(name: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} has {(~np.isfinite(values)).sum()} values that are not finite: leave those pairs out."
        )
    if name in BOUNDED and np.abs(values).max() > 1 + 1e-9:
        raise ValueError(f"{name} reaches {values[np.abs(values).argmax()]:g}: a correlation is between -1 and 1.")
    if name == "distance_um" and values.min() < DIRECT_UM:
        raise ValueError(
            f"distance_um is as small as {values.min():g}: pairs below {DIRECT_UM:g} um are stimulated directly; "
            "leave them and the target's own unit out (stack_pairs does)."
        )
    if name == "residual_sd" and values.min() <= 0:
        raise ValueError(f"residual_sd is as small as {values.min():g}: must be above 0; use a variance floor.")


def _check_labels(pairs: xr.Dataset, labels: Mapping[str, np.ndarray]) -> None:
    if (pairs[TARGET].values == pairs[NEURON].values).any():
        raise ValueError("a target is paired with itself: leave the target's own unit out (stack_pairs does).")
    for name in (TARGET, NEURON):
        of_label = np.full(labels[name].max() + 1, -1)
        of_label[labels[name]] = labels[FIELD]
        if (of_label[labels[name]] != labels[FIELD]).any():
            wrong = pairs[name].values[of_label[labels[name]] != labels[FIELD]][0]
            raise ValueError(f"{name} {wrong!r} is in two fields: pairs are within a field, labels unique over fields.")
    key = (labels[FIELD].astype(np.int64) * (labels[TARGET].max() + 1) + labels[TARGET]) * (labels[NEURON].max() + 1)
    key = key + labels[NEURON]
    if (np.diff(key) <= 0).any():
        raise ValueError("pairs are not sorted by field, target, neuron, or one is there twice: sort, drop duplicates.")
