"""Bad input to the contextual circuit is refused with the value, what is allowed, and the remedy."""

import math

import numpy as np
import pytest

from insilico.circuits.contextual import DEFAULTS, ContextualParameters, simulate, steady_state

DRIVE = np.ones((1, 29, 29, 4))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"tau": 0.0}, r"tau = 0.0: must be finite and > 0"),
        ({"thO": -1.0}, r"thO = -1.0: must be finite and >= 0"),
        ({"gO": math.inf}, r"gO = inf: must be finite and >= 0"),
        ({"sP": -0.1}, r"sP = -0.1: must be finite and >= 0"),
        ({"sT": math.nan}, r"sT = nan: must be finite"),
        ({"qP": 0.0}, r"qP = 0.0: must be finite and > 0"),
        ({"qT": -1.0}, r"qT = -1.0: must be finite and > 0"),
        ({"rC": -0.5}, r"rC = -0.5: must be finite and >= 0"),
        ({"rC": 4.0}, r"rC = 4.0, rP = 4.0: must be 0 <= rC < rP.*lower rC or raise rP"),
        ({"rTin": 15.0}, r"rTin = 15.0, rT = 14.0: must be 0 <= rTin < rT"),
        ({"soft": 1.0}, r"soft = 1.0: must be a fraction, 0 <= soft < 1"),
        ({"c50": 0.0}, r"c50 = 0.0: must be > 0, a contrast; inf leaves the afferents linear"),
        ({"c50": math.nan}, r"c50 = nan"),
        ({"n": 0.0}, r"n = 0.0: must be finite and > 0"),
    ],
)
def test_parameters_are_checked_when_they_are_made(bad, message):
    with pytest.raises(ValueError, match=message):
        ContextualParameters(**bad)


@pytest.mark.parametrize("function", [simulate, steady_state])
def test_sheets_drives_and_lesions_are_checked(function):
    with pytest.raises(ValueError, match=r"rT = 14.0, soft = 0.1: the rings reach over 33 cells on a sheet of 29 x 29"):
        function(DRIVE, ContextualParameters(soft=0.1))
    with pytest.raises(ValueError, match=r"smallest entry of -1.0"):
        function(-DRIVE)
    with pytest.raises(KeyError, match=r"no lesion 'M'.*Known: N, P, Q, T, U, untuned_P, untuned_T"):
        function(DRIVE, DEFAULTS, lesions=("M",))
