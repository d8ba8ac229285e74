"""Trial noise of an influence experiment, and draws of what it adds to the expected influences.

    a_nt   = μ_n(s_t) + σ_n(s_t) ε_nt                     activity of neuron n on trial t with stimulus s_t, events
    σ²_n(s) = max(F μ_n(s), σ²_min)                       F Fano factor
    C      = (1 − h − q) I + h K' + q 1 1ᵀ               correlation of ε between neurons, the same for every stimulus
    K      = exp(−d²/2λ²) exp((cos 2Δθ − 1)/4w²)         input noise over distance d and preferred orientation θ
    K'     = K as the circuit passes it on, mean diagonal 1; K itself where that is not given
    y_kn   = Σ_s T_ks/T_k (mean of a_n over the T_ks trials of target k − mean over the M_s sham trials) / σ̄_n
    σ̄²_n  = mean over stimuli of σ²_n(s)                   squared residual s.d., floor included

The mean of T_ks trials is Gaussian with covariance D_s C D_s / T_ks, D_s = diag σ_n(s), so it is drawn directly, one
draw for each target and stimulus; the sham means, one draw for each field and stimulus, are shared by its targets.
Assumed numbers: 3 events per trial at the best stimulus, F 1.5, σ²_min .25, h .2 over λ 100 µm and w 30°, q .03.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import xarray as xr

from insilico.analysis.influence.pairs import FIELD, NEURON
from insilico.analysis.influence.plan import TrialPlan
from stimuli.doors import door

STIMULUS = "stimulus"


@door
@dataclass(frozen=True, kw_only=True)
class TrialNoise:
    """Noise of single trials.

    Parameters
    ----------
    maximal_response
        Mean over neurons of the response to the best stimulus, events per trial; scales a circuit's responses.
    fano
        Variance / mean.
    variance_floor
        Smallest variance, events².
    input_share
        Share of the variance that is input noise, correlated over distance and tuning.
    input_length_um, input_width_deg
        λ, µm, and w, degrees of orientation.
    common_share
        Share of the variance that is common to all neurons: their correlation.
    """

    maximal_response: float = 3.0
    fano: float = 1.5
    variance_floor: float = 0.25
    input_share: float = 0.2
    input_length_um: float = 100.0
    input_width_deg: float = 30.0
    common_share: float = 0.03

    def __post_init__(self) -> None:
        """Refuse what is no variance."""
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0.0 if field.name.endswith("share") else np.nextafter(0, 1)
            if not least <= value < np.inf:
                bound = "0 or above" if least == 0 else "above 0"
                raise ValueError(f"{field.name} is {value}: must be finite and {bound}.")
        if self.input_share + self.common_share >= 1:
            raise ValueError(
                f"input_share + common_share is {self.input_share + self.common_share:g}: must be below 1, "
                "the rest is each neuron's own noise."
            )


STANDARD_NOISE = TrialNoise()


def expected_events(neurons: xr.Dataset, noise: TrialNoise) -> xr.DataArray:
    """Return the mean response to each stimulus, dims (neuron, stimulus), events per trial.

    Parameters
    ----------
    neurons
        With `response` (neuron, stimulus), in any unit, ≥ 0; scaled so that the mean largest response is the noise's.
    noise
        Gives the scale.
    """
    response = neurons["response"].transpose(NEURON, STIMULUS).astype(float)
    if float(response.min()) < 0 or float(response.max()) <= 0:
        raise ValueError(
            f"response is from {float(response.min()):g} to {float(response.max()):g}: must be 0 or above."
        )
    events = response * (noise.maximal_response / float(response.max(STIMULUS).mean()))
    return events.assign_attrs(units="events/trial", long_name="mean response")


def noise_correlation(
    *,
    x_um: np.ndarray,
    y_um: np.ndarray,
    orientation: np.ndarray,
    noise: TrialNoise,
    passed: np.ndarray | None = None,
) -> np.ndarray:
    """Return C between the neurons of one field, shape (n, n).

    Parameters
    ----------
    x_um, y_um, orientation
        Position, µm, and preferred orientation, degrees; shape (n,).
    noise
        Shares, length and width.
    passed
        K', correlation of the input noise as the circuit passes it on, shape (n, n); None leaves it as it enters.
    """
    if passed is None:
        squared = (x_um[:, None] - x_um) ** 2 + (y_um[:, None] - y_um) ** 2
        angle = np.deg2rad(orientation[:, None] - orientation)
        shared = np.exp(-squared / (2 * noise.input_length_um**2)) * input_tuning(angle, noise)
    elif passed.shape != (x_um.size, x_um.size):
        raise ValueError(f"passed has shape {passed.shape}: must be {(x_um.size, x_um.size)}, (neuron, neuron).")
    else:
        shared = passed
    result = noise.input_share * shared + noise.common_share
    own = 1 - np.diag(result)
    if own.min() <= 0:
        raise ValueError(
            f"the shared noise takes {1 - own.min():.2f} of a neuron's variance: must be below 1; lower input_share, "
            "or check the stability of the circuit."
        )
    result[np.diag_indices_from(result)] = 1.0
    return result


def input_tuning(angle: np.ndarray, noise: TrialNoise) -> np.ndarray:
    """Return how much input noise two channels share that are `angle` radians of orientation apart."""
    return np.asarray(np.exp((np.cos(2 * angle) - 1) / (4 * np.deg2rad(noise.input_width_deg) ** 2)))


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldNoise:
    """Noise of one field, with neurons and targets numbered from 0.

    Parameters
    ----------
    neurons
        Labels, shape (n,).
    events
        μ, shape (n, stimuli).
    x_um, y_um, orientation
        Positions, µm, and preferred orientations, degrees; shape (n,).
    noise
        Of single trials.
    passed
        K' of the input noise, shape (n, n); None leaves it as it enters.
    """

    neurons: np.ndarray
    events: np.ndarray
    x_um: np.ndarray
    y_um: np.ndarray
    orientation: np.ndarray
    noise: TrialNoise
    passed: np.ndarray | None = None

    def reordered(self, order: np.ndarray) -> FieldNoise:
        """Return the field in which neuron i has the tuning of neuron order[i]; input noise is as it enters."""
        return replace(self, events=self.events[order], orientation=self.orientation[order], passed=None)

    @cached_property
    def variance(self) -> np.ndarray:
        """σ², shape (n, stimuli)."""
        return np.maximum(self.noise.fano * self.events, self.noise.variance_floor)

    @cached_property
    def residual_sd(self) -> np.ndarray:
        """σ̄, shape (n,), events per trial: the unit of influence."""
        return np.asarray(np.sqrt(self.variance.mean(axis=1)))

    @cached_property
    def correlation(self) -> np.ndarray:
        """C, shape (n, n)."""
        return noise_correlation(
            x_um=self.x_um,
            y_um=self.y_um,
            orientation=self.orientation,
            noise=self.noise,
            passed=self.passed,
        )

    @cached_property
    def root(self) -> np.ndarray:
        """Lower triangle L with L Lᵀ = C."""
        return np.linalg.cholesky(self.correlation)

    @cached_property
    def relative_sd(self) -> np.ndarray:
        """σ_n(s)/σ̄_n, shape (stimuli, n)."""
        return (np.sqrt(self.variance) / self.residual_sd[:, None]).T

    @property
    def n_stimuli(self) -> int:
        """Number of stimuli."""
        return self.events.shape[1]

    def draw(self, plan: TrialPlan, preferred: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw the error of all influences of some targets on all neurons.

        Parameters
        ----------
        plan
            Numbers of trials.
        preferred
            Number of each target's preferred stimulus, shape (n_targets,).
        rng
            Source of the draw.

        Returns
        -------
        tuple
            Error of the influence over all stimuli, and of that at the preferred stimulus; shape (n_targets, n),
            residual s.d. The second is NaN for a target without trials at its preferred stimulus.
        """
        counts = plan.counts(len(preferred), self.n_stimuli)
        sham_counts = plan.sham_counts(self.n_stimuli)
        n_targets, n_stimuli = counts.shape
        white = rng.standard_normal(((n_targets + 1) * n_stimuli, len(self.root)))
        unit = (white @ self.root.T).reshape(n_targets + 1, n_stimuli, -1)
        sham = unit[-1] / np.sqrt(sham_counts)[:, None]
        share = counts / counts.sum(axis=1, keepdims=True)
        scale = np.sqrt(counts) / counts.sum(axis=1, keepdims=True)  # share / sqrt(counts), and 0 where there are none
        overall = np.einsum("ks,ksn,sn->kn", scale, unit[:-1], self.relative_sd, optimize=True)
        overall -= share @ (sham * self.relative_sd)
        at = np.arange(n_targets)
        own_counts = counts[at, preferred].astype(float)
        own_counts[own_counts == 0] = np.nan
        own = unit[at, preferred] / np.sqrt(own_counts)[:, None] - sham[preferred]
        return overall, own * self.relative_sd[preferred]


@door
def field_noises(
    neurons: xr.Dataset, noise: TrialNoise, passed: Mapping[object, np.ndarray] | None = None
) -> dict[object, FieldNoise]:
    """Return the noise of every field by its label.

    Parameters
    ----------
    neurons
        Dims (neuron, stimulus): `response`; (neuron,): `field`, `x_um`, `y_um`, `preferred_orientation` (degrees).
    noise
        Of single trials.
    passed
        K' of each field, see `noise_correlation`; None leaves the input noise as it enters.
    """
    events = expected_events(neurons, noise)
    labels = neurons[FIELD].values
    result: dict[object, FieldNoise] = {}
    for label in np.unique(labels):
        here = labels == label
        result[label] = FieldNoise(
            neurons=neurons[NEURON].values[here],
            events=events.values[here],
            x_um=neurons["x_um"].values[here].astype(float),
            y_um=neurons["y_um"].values[here].astype(float),
            orientation=neurons["preferred_orientation"].values[here].astype(float),
            noise=noise,
            passed=None if passed is None else passed[label],
        )
    return result
