"""Translations reproduce the other programs' own formulas, written out here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stimuli
from stimuli import conventions

SAME = 1e-10
DISPLAY = stimuli.Display(size_px=(24, 30), ppd=12)
X, ROWS = DISPLAY.grid()
Y = ROWS[:, None]
F = 1.7

FORMULAS = {
    "psychopy": lambda ori, phase: np.cos(
        2 * np.pi * (F * (X * np.cos(np.deg2rad(ori)) - Y * np.sin(np.deg2rad(ori))) - phase)
    ),
    "stimupy": lambda rotation, phase_shift: np.sin(
        2 * np.pi * F * (X * np.cos(np.deg2rad(rotation)) + Y * np.sin(np.deg2rad(rotation))) + np.deg2rad(phase_shift)
    ),
    "imagen": lambda orientation, phase: np.sin(
        2 * np.pi * F * (-X * np.sin(orientation) + Y * np.cos(orientation)) + phase
    ),
}


@pytest.mark.parametrize("program", FORMULAS)
@settings(deadline=None, max_examples=25)
@given(orientation=st.floats(-400, 400), phase=st.floats(-400, 400))
def test_the_translated_angles_draw_the_same_image(program, orientation, phase):
    ours = stimuli.Grating(orientation=orientation, spatial_frequency=F, phase=phase).contrast_image(DISPLAY)
    theirs = FORMULAS[program](**getattr(conventions, f"to_{program}")(orientation=orientation, phase=phase))
    np.testing.assert_allclose(theirs, ours, atol=SAME)


@pytest.mark.parametrize("program", FORMULAS)
def test_there_and_back_is_the_identity(program):
    there = getattr(conventions, f"to_{program}")(orientation=33.0, phase=-71.0)
    back = getattr(conventions, f"from_{program}")(**there)
    assert back == pytest.approx({"orientation": 33.0, "phase": -71.0})


def test_angles_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="must be finite"):
        conventions.to_psychopy(orientation=float("nan"), phase=0)
