"""Bad input is refused with the value, what is allowed, and the remedy."""

import math

import numpy as np
import pytest

from insilico.circuits.mely2018 import Mely2018Parameters, simulate, steady_state
from insilico.perturb import Lesion, Perturbation, unit_ids

DRIVE = np.ones((1, 29, 29, 4))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"tau": 0.0}, r"tau = 0.0: must be finite and > 0"),
        ({"omega": 0.0}, r"omega = 0.0: must be finite and > 0"),
        ({"alpha": -1.0}, r"alpha = -1.0: must be finite and >= 0"),
        ({"beta": math.nan}, r"beta = nan"),
        ({"ssn": 8}, r"srf, ssn, ssf = \(1, 8, 29\): must be odd"),
        ({"ssn": 31}, r"1 <= srf < ssn < ssf"),
    ],
)
def test_parameters_are_checked_when_they_are_made(bad, message):
    with pytest.raises(ValueError, match=message):
        Mely2018Parameters(**bad)


@pytest.mark.parametrize(
    ("drive", "error", "message"),
    [
        (DRIVE.astype(int), TypeError, r"int64: must be an array of float32 or float64"),
        (DRIVE.tolist(), TypeError, r"list: must be an array"),
        (DRIVE[0], ValueError, r"\(29, 29, 4\): must be \(stimulus, y, x, feature\)"),
        (DRIVE * np.nan, ValueError, r"3364 NaN or infinite entries"),
        (-DRIVE, ValueError, r"smallest entry of -1.0: must be >= 0"),
        (DRIVE[:, :28], ValueError, r"ssf = 29 cells on a sheet of 28 x 29.*larger sheet or a smaller ssf"),
    ],
)
@pytest.mark.parametrize("function", [simulate, steady_state])
def test_drives_are_checked(function, drive, error, message):
    with pytest.raises(error, match=message):
        function(drive)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "Euler"}, ValueError, r"no method 'Euler'\. Did you mean 'euler'\? Known: euler, exponential"),
        ({"backend": "torch"}, ValueError, r"no backend 'torch'.*numba, reference"),
        ({"boundary": "periodical"}, KeyError, r"Did you mean 'periodic'"),
        ({"lesions": ("untuned_t",)}, KeyError, r"no lesion 'untuned_t'\. Did you mean 'untuned_T'"),
        ({"lesions": "PT"}, TypeError, r"must be a tuple of names"),
        ({"step": 0.0}, ValueError, r"step = 0.0: must be > 0"),
        ({"method": "euler", "step": 25.0}, ValueError, r"with method 'euler', at most 24"),
        ({"n_steps": 0}, ValueError, r"n_steps = 0: must be an integer >= 1"),
        ({"initial": (DRIVE,)}, ValueError, r"initial has 1 arrays: must be \(I, O\)"),
        ({"initial": (DRIVE, DRIVE[:, 1:])}, ValueError, r"initial O of shape \(1, 28, 29, 4\)"),
        ({"initial": (DRIVE, -DRIVE)}, ValueError, r"initial O: must be finite and >= 0"),
    ],
)
def test_options_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        simulate(DRIVE, **options)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"mode": "clamped", "value": 1.0}, ValueError, r"no mode of perturbation 'clamped'\. Did you mean 'clamp'"),
        ({"mode": "clamp"}, ValueError, r"value = None with mode 'clamp'"),
        ({"mode": "silence", "value": 0.0}, ValueError, r"leave it out"),
        ({"mode": "clamp", "value": np.inf}, ValueError, r"must be finite"),
        ({"mode": "drive", "value": math.inf}, ValueError, r"must be finite"),
        ({"mode": "drive", "value": (1.0, 2.0, 3.0)}, ValueError, r"exactly one per unit id"),
        ({"mode": "silence", "window": (3.0, 3.0)}, ValueError, r"window = \(3.0, 3.0\)"),
        ({"mode": "silence", "units": (-1,)}, ValueError, r"unit -1: ids start at 0"),
        ({"mode": "silence", "units": (0.5,)}, TypeError, r"must be a whole number"),
    ],
)
def test_perturbations_are_checked_when_they_are_made(bad, error, message):
    with pytest.raises(error, match=message):
        Perturbation(**({"units": (0, 1)} | bad))


def test_perturbations_are_checked_against_the_circuit():
    silence = Perturbation(units=(2 * DRIVE.size,), mode="silence")
    with pytest.raises(ValueError, match=r"unit 6728 does not exist: this circuit has the units 0 … 6727"):
        simulate(DRIVE, perturbations=(silence,))
    with pytest.raises(ValueError, match=r"no population 'outputs'\. Did you mean 'output'"):
        steady_state(DRIVE, perturbations=(Perturbation(units="outputs", mode="silence"),))


def test_contradicting_clamps_are_refused_and_separate_ones_are_not():
    first = Perturbation(units=(7, 8), mode="clamp", value=1.0, window=(0.0, 5.0))
    clash = Perturbation(units=(8, 9), mode="silence", window=(4.0, 9.0))
    with pytest.raises(ValueError, match=r"unit 8 is clamped to 1.0 and 0.0 at once"):
        simulate(DRIVE, n_steps=10, perturbations=(first, clash))
    later = Perturbation(units=(8, 9), mode="silence", window=(5.0, 9.0))
    simulate(DRIVE, n_steps=10, perturbations=(first, later))


@pytest.mark.parametrize("window", [(0.0, 10.0), (1.0, math.inf)])
def test_a_steady_state_refuses_a_perturbation_that_comes_or_goes(window):
    act = Perturbation(units="output", mode="silence", window=window)
    with pytest.raises(ValueError, match=r"a steady state needs window \(0, inf\)"):
        steady_state(DRIVE, perturbations=(act,))


def test_other_bad_values_are_refused():
    with pytest.raises(ValueError, match=r"tol = 0"):
        steady_state(DRIVE, tol=0)
    with pytest.raises(TypeError, match=r"must be text"):
        Lesion(name=3)
    with pytest.raises(ValueError, match=r"x = 4: must lie within 0 … 3"):
        unit_ids((3, 4, 5), population="input", x=4, populations=("input", "output"))
