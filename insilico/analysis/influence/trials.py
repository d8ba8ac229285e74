"""An influence experiment with trials: expected influences in, observed influences out.

`PairNoise` draws the error of every pair at once from its exact Gaussian law; `trial_by_trial` records every trial and
then measures, as the experimenter does: slow, and the check of the former.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from insilico.analysis.influence.measures import signal_correlation
from insilico.analysis.influence.noise import FieldNoise
from insilico.analysis.influence.pairs import FIELD, NEURON, TARGET
from insilico.analysis.influence.plan import TrialPlan
from stimuli.doors import door


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldPairs:
    """Where the pairs of one field lie among its targets and neurons.

    Parameters
    ----------
    noise
        Of the field.
    targets
        Place of each target among the field's neurons, shape (n_targets,).
    preferred
        Number of each target's preferred stimulus, shape (n_targets,).
    row, column
        Place of each pair's target among the targets and of its neuron among the neurons, shape (n_pairs,).
    """

    noise: FieldNoise
    targets: np.ndarray
    preferred: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def draw(self, plan: TrialPlan, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the errors of the influence and of that at the preferred stimulus, each (n_pairs,)."""
        overall, own = self.noise.draw(plan, self.preferred, rng)
        return overall[self.row, self.column], own[self.row, self.column]


@dataclass(frozen=True, kw_only=True, eq=False)
class PairNoise:
    """Noise of a Dataset of pairs, field by field in its order.

    Parameters
    ----------
    fields
        One for each field.
    """

    fields: tuple[FieldPairs, ...]

    def draw(self, plan: TrialPlan, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the errors of all pairs: of the influence, and of that at the preferred stimulus."""
        parts = [field.draw(plan, rng) for field in self.fields]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def pair_noise(pairs: xr.Dataset, noises: Mapping[object, FieldNoise]) -> PairNoise:
    """Return the noise of pairs.

    Parameters
    ----------
    pairs
        See `insilico.analysis.influence.pairs`; sorted by field.
    noises
        Of every field, from `insilico.analysis.influence.noise.field_noises`.
    """
    label = pairs[FIELD].values
    result = []
    for field in np.unique(label):
        if field not in noises:
            raise KeyError(f"no noise for field {field!r}: fields with noise are {', '.join(map(str, noises))}.")
        here = np.flatnonzero(label == field)
        noise = noises[field]
        targets, row = np.unique(pairs[TARGET].values[here], return_inverse=True)
        places = _places(targets, noise.neurons)
        result.append(
            FieldPairs(
                noise=noise,
                targets=places,
                preferred=noise.events[places].argmax(axis=1),
                row=row,
                column=_places(pairs[NEURON].values[here], noise.neurons),
            )
        )
    return PairNoise(fields=tuple(result))


@door
def observed(pairs: xr.Dataset, noises: Mapping[object, FieldNoise], plan: TrialPlan, *, seed: int) -> xr.Dataset:
    """Return the pairs as one experiment would measure them.

    Parameters
    ----------
    pairs
        With expected influences.
    noises
        Of every field.
    plan
        Numbers of trials.
    seed
        Of the trials.
    """
    overall, own = pair_noise(pairs, noises).draw(plan, np.random.default_rng(seed))
    result = pairs.copy()
    result["influence"] = pairs["influence"] + overall
    if "influence_at_preferred" in pairs:
        result["influence_at_preferred"] = pairs["influence_at_preferred"] + own
    return result


@door
def with_estimated_correlations(
    pairs: xr.Dataset, noises: Mapping[object, FieldNoise], *, trials: int, seed: int
) -> xr.Dataset:
    """Return the pairs with signal, noise and trace correlations as some trials of each stimulus would give them.

    Few trials make correlations noisy, which changes slopes on them, and who counts as strongly correlated.

    Parameters
    ----------
    pairs
        With the correlations of infinitely many trials.
    noises
        Of every field.
    trials
        Of each stimulus, without light; 2 or more.
    seed
        Of the trials.
    """
    if trials < 2:
        raise ValueError(f"trials = {trials}: must be 2 or more of each stimulus for a noise correlation.")
    rng = np.random.default_rng(seed)
    found: dict[str, list[np.ndarray]] = {"signal_correlation": [], "noise_correlation": [], "trace_correlation": []}
    for field in pair_noise(pairs, noises).fields:
        at = field.targets[field.row], field.column
        for name, matrix in zip(found, _estimated(field.noise, trials, rng), strict=True):
            found[name].append(matrix[at])
    known = {name: parts for name, parts in found.items() if name in pairs}
    return pairs.assign({name: pairs[name].copy(data=np.concatenate(parts)) for name, parts in known.items()})


def _estimated(field: FieldNoise, trials: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return correlations of tuning, of residuals and of all activity, each (n, n)."""
    n, n_stimuli = field.events.shape
    noise = rng.standard_normal((n_stimuli * trials, n)) @ field.root.T
    activity = field.events.T[:, None] + np.sqrt(field.variance).T[:, None] * noise.reshape(n_stimuli, trials, n)
    mean = activity.mean(axis=1)
    return (
        signal_correlation(mean.T),
        np.corrcoef((activity - mean[:, None]).reshape(-1, n), rowvar=False),
        np.corrcoef(activity.reshape(-1, n), rowvar=False),
    )


def trial_by_trial(
    field: FieldNoise,
    expected: np.ndarray,
    plan: TrialPlan,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the influences of one field measured from single trials, shape (n_targets, n).

    Parameters
    ----------
    field
        Its mean, variance and correlation.
    expected
        Influence of each target on each neuron, the same for all stimuli, residual s.d., shape (n_targets, n).
    plan
        Numbers of trials.
    rng
        Source of the trials.
    """
    n_targets, n_stimuli = len(expected), field.n_stimuli
    counts = np.vstack([plan.counts(n_targets, n_stimuli), plan.sham_counts(n_stimuli)])
    shown = np.concatenate([np.repeat(np.arange(n_stimuli), row) for row in counts])
    stimulated = np.repeat(np.arange(n_targets + 1), counts.sum(axis=1))  # the last number is sham
    change = np.vstack([expected, np.zeros(expected.shape[1])]) * field.residual_sd
    epsilon = rng.standard_normal((len(shown), expected.shape[1])) @ field.root.T
    activity = field.events.T[shown] + np.sqrt(field.variance).T[shown] * epsilon + change[stimulated]
    sham = stimulated == n_targets
    baseline = np.array([activity[sham & (shown == s)].mean(axis=0) for s in range(n_stimuli)])
    residual = activity - baseline[shown]
    means = np.array([residual[stimulated == k].mean(axis=0) for k in range(n_targets)])
    within = residual - np.vstack([means, np.zeros(expected.shape[1])])[stimulated]
    unit = np.sqrt(np.maximum((within**2).mean(axis=0), field.noise.variance_floor))
    return np.asarray(means / unit)


def _places(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    order = np.argsort(known, kind="stable")
    place = order[np.minimum(np.searchsorted(known, labels, sorter=order), len(known) - 1)]
    if (known[place] != labels).any():
        raise ValueError(f"{labels[known[place] != labels][0]!r} is not among the neurons of its field.")
    return np.asarray(place)
