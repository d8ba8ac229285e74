"""A made-up population with made-up influences, to try statistics on: no circuit, no data.

    influence_kn = A ( e exp(−d²/2λ_e²) t_e − exp(−d²/2λ_i²) (1 − τ + τ t_i) )    a Mexican hat x like-to-like
    t_x          = exp((cos 2Δθ − 1)/4w_x²)                                         circular Gaussian

Sharply tuned excitation nearby and wider, broadly tuned inhibition: all five published signs are there, each at about
two standard errors of an experiment of 80 trials per target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from insilico.analysis.influence.measures import measured_pairs
from insilico.analysis.influence.noise import STANDARD_NOISE, STIMULUS, FieldNoise, TrialNoise, field_noises
from insilico.analysis.influence.pairs import FIELD, NEURON, TARGET
from stimuli.doors import door

BASELINE = 0.05  # response to the orthogonal orientation / to the preferred one
WIDEST_DEG = 60.0  # of a tuning curve


@dataclass(frozen=True, kw_only=True)
class SyntheticInfluence:
    """A Mexican hat over distance times like-to-like tuning.

    Parameters
    ----------
    amplitude
        A, residual s.d.; 0 makes a circuit without interaction.
    excitation
        e, height relative to the inhibition's.
    excitation_um, inhibition_um
        λ_e and λ_i, µm.
    excitation_deg, inhibition_deg
        w_e and w_i, degrees of orientation.
    tuned
        τ, share of the inhibition that is like-to-like, 0 to 1.
    """

    amplitude: float = 0.02
    excitation: float = 7.0
    excitation_um: float = 80.0
    inhibition_um: float = 200.0
    excitation_deg: float = 7.0
    inhibition_deg: float = 33.0
    tuned: float = 0.9

    def between(self, *, distance_um: np.ndarray, difference_deg: np.ndarray) -> np.ndarray:
        """Return the influence at distances and differences of preferred orientation of one shape."""
        near = self.excitation * np.exp(-(distance_um**2) / (2 * self.excitation_um**2))
        wide = np.exp(-(distance_um**2) / (2 * self.inhibition_um**2))
        broad = 1 - self.tuned + self.tuned * _likeness(difference_deg, self.inhibition_deg)
        return np.asarray(self.amplitude * (near * _likeness(difference_deg, self.excitation_deg) - wide * broad))


@dataclass(frozen=True, kw_only=True)
class SyntheticPopulation:
    """Neurons scattered over square fields; numbers of Chettih & Harvey 2019 where they are known.

    Parameters
    ----------
    n_fields, n_neurons, n_targets
        Fields; neurons and targets in each.
    width_um
        Side of a field, µm.
    n_orientations, n_stimuli
        Preferred orientations and stimuli, each evenly spaced over 180°.
    tuning_deg
        Median w of the tuning curves, degrees.
    diversity
        S.d. over neurons of the logarithms of tuning width and of largest response; 0 makes all alike.
    """

    n_fields: int = 20
    n_neurons: int = 298
    n_targets: int = 26
    width_um: float = 575.0
    n_orientations: int = 16
    n_stimuli: int = 8
    tuning_deg: float = 25.0
    diversity: float = 0.4

    def neurons(self, seed: int) -> xr.Dataset:
        """Return the neurons, dims (neuron, stimulus); `is_target` marks the first n_targets of each field."""
        rng = np.random.default_rng(seed)
        n = self.n_fields * self.n_neurons
        x, y = rng.uniform(0, self.width_um, (2, n))
        preferred = rng.integers(self.n_orientations, size=n) * 180 / self.n_orientations
        shown = np.arange(self.n_stimuli) * 180 / self.n_stimuli
        width, largest = np.exp(self.diversity * rng.standard_normal((2, n, 1)))
        tuned = _likeness(preferred[:, None] - shown, np.minimum(self.tuning_deg * width, WIDEST_DEG))
        response = largest * (BASELINE + (1 - BASELINE) * tuned)
        in_field = np.tile(np.arange(self.n_neurons), self.n_fields)
        return xr.Dataset(
            {"response": ((NEURON, STIMULUS), response, {"units": "1"})},
            {
                NEURON: np.arange(n),
                FIELD: (NEURON, np.repeat(np.arange(self.n_fields), self.n_neurons)),
                "x_um": (NEURON, x, {"units": "um"}),
                "y_um": (NEURON, y, {"units": "um"}),
                "preferred_orientation": (NEURON, preferred, {"units": "deg"}),
                "is_target": (NEURON, in_field < self.n_targets),
                STIMULUS: np.arange(self.n_stimuli),
                "orientation": (STIMULUS, shown, {"units": "deg"}),
            },
        )


STANDARD_INFLUENCE, STANDARD_POPULATION = SyntheticInfluence(), SyntheticPopulation()


@door
def synthetic_experiment(
    *,
    seed: int,
    population: SyntheticPopulation = STANDARD_POPULATION,
    influence: SyntheticInfluence = STANDARD_INFLUENCE,
    noise: TrialNoise = STANDARD_NOISE,
    drive: float = 1.0,
) -> tuple[xr.Dataset, xr.Dataset, dict[object, FieldNoise]]:
    """Return pairs with expected influences, their neurons, and the noise of each field.

    Parameters
    ----------
    seed
        Of positions and preferences.
    population, influence, noise
        What is made up.
    drive
        r, written into the pairs; influences do not scale with it here.
    """
    neurons = population.neurons(seed)
    noises = field_noises(neurons, noise)
    expected = {}
    for label in noises:
        here = neurons.isel({NEURON: np.flatnonzero(neurons[FIELD].values == label)})
        expected[label] = _influence(here, influence)
    return measured_pairs(neurons, noises, expected, drive=drive), neurons, noises


def _influence(neurons: xr.Dataset, influence: SyntheticInfluence) -> xr.DataArray:
    targets = np.flatnonzero(neurons["is_target"].values)
    x, y, angle = (neurons[name].values for name in ("x_um", "y_um", "preferred_orientation"))
    distance = np.hypot(x[targets, None] - x, y[targets, None] - y)
    values = influence.between(distance_um=distance, difference_deg=angle[targets, None] - angle[None, :])
    labels = neurons[NEURON].values
    return xr.DataArray(values, {TARGET: labels[targets], NEURON: labels}, (TARGET, NEURON))


def _likeness(difference_deg: np.ndarray, width_deg: float | np.ndarray) -> np.ndarray:
    angle, width = np.deg2rad(difference_deg), np.deg2rad(width_deg)
    return np.asarray(np.exp((np.cos(2 * angle) - 1) / (4 * width**2)))
