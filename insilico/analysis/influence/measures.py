"""From neurons and expected influences to pairs: correlations, responses and the unit of influence.

    signal correlation   Pearson, over stimuli, of the mean responses μ
    trace correlation    cov(a_n, a_m) / sqrt(var a_n var a_m) over all trials,
                         cov(a_n, a_m) = cov over stimuli (μ_n, μ_m) + mean over stimuli of σ_n σ_m C_nm

Both are those of infinitely many trials; those that few trials would give: `trials.with_estimated_correlations`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from insilico.analysis.influence.noise import FieldNoise
from insilico.analysis.influence.pairs import FIELD, NEURON, PAIR, TARGET, stack_pairs
from stimuli.doors import door


def signal_correlation(events: np.ndarray) -> np.ndarray:
    """Return the correlation of mean responses, shape (n, n), from responses (n, stimuli); 0 for flat tuning."""
    centred = events - events.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    length[length == 0] = np.inf
    unit = centred / length[:, None]
    return np.asarray(np.clip(unit @ unit.T, -1, 1))


def trace_correlation(field: FieldNoise) -> np.ndarray:
    """Return the correlation over all trials, shape (n, n)."""
    centred = field.events - field.events.mean(axis=1, keepdims=True)
    n_stimuli = field.n_stimuli
    sd = np.sqrt(field.variance)
    covariance = centred @ centred.T / n_stimuli + field.correlation * (sd @ sd.T / n_stimuli)
    total = np.sqrt(np.diag(covariance))
    return np.asarray(np.clip(covariance / total[:, None] / total, -1, 1))


@door
def measured_pairs(
    neurons: xr.Dataset,
    noises: Mapping[object, FieldNoise],
    influence: Mapping[object, xr.DataArray],
    *,
    drive: float,
    at_preferred: Mapping[object, xr.DataArray] | None = None,
) -> xr.Dataset:
    """Return the pairs of an experiment with all variables of the contract.

    Parameters
    ----------
    neurons
        See `insilico.analysis.influence.noise.field_noises`.
    noises
        Of every field, from `field_noises`.
    influence
        Of every field, dims (target, neuron) with labels of that field's neurons, residual s.d.
    drive
        r: change of the target's response / its largest response.
    at_preferred
        Influence under each target's preferred stimulus, as `influence`; None takes `influence`, which says that it
        does not depend on the stimulus.
    """
    parts = []
    for label, field in noises.items():
        here = neurons.isel({NEURON: np.flatnonzero(neurons[FIELD].values == label)})
        own = None if at_preferred is None else at_preferred[label]
        parts.append(stack_pairs(_matrices(here, field, influence[label], own, drive)))
    pairs = xr.concat(parts, dim=PAIR, coords="different", compat="equals", join="exact")
    pairs.attrs = {"title": "pairs of a stimulated target and a recorded neuron"}
    return pairs


def _matrices(
    neurons: xr.Dataset, field: FieldNoise, influence: xr.DataArray, at_preferred: xr.DataArray | None, drive: float
) -> xr.Dataset:
    place = {label: i for i, label in enumerate(field.neurons)}
    unknown = [t for t in influence[TARGET].values if t not in place]
    if unknown:
        raise ValueError(f"target {unknown[0]!r} is not among the neurons of its field.")
    chosen = np.array([place[t] for t in influence[TARGET].values])
    x, y, angle = (neurons[name].values for name in ("x_um", "y_um", "preferred_orientation"))
    apart = np.abs(angle[chosen, None] - angle[None, :]) % 180
    both = (TARGET, NEURON)
    variables = {
        "distance_um": (both, np.hypot(x[chosen, None] - x, y[chosen, None] - y)),
        "signal_correlation": (both, signal_correlation(field.events)[chosen]),
        "trace_correlation": (both, trace_correlation(field)[chosen]),
        "noise_correlation": (both, field.correlation[chosen]),
        "orientation_difference": (both, np.minimum(apart, 180 - apart)),
        "response_at_preferred": (both, field.events[:, field.events[chosen].argmax(axis=1)].T),
        "residual_sd": (NEURON, field.residual_sd),
        "drive": (TARGET, np.full(len(chosen), float(drive))),
        "target_maximum": (TARGET, field.events[chosen].max(axis=1)),
    }
    coordinates = {TARGET: influence[TARGET].values, NEURON: field.neurons, FIELD: (NEURON, neurons[FIELD].values)}
    result = xr.Dataset(variables, coordinates)
    result["influence"] = influence.transpose(*both).reindex({NEURON: field.neurons})
    own = influence if at_preferred is None else at_preferred
    result["influence_at_preferred"] = own.transpose(*both).reindex({NEURON: field.neurons})
    return result
