"""What cannot be shown is refused, with its value, what is allowed and a remedy."""

import math

import numpy as np
import pytest

import stimuli
from stimuli import Annulus, CenterSurround, Component, Gabor, Grating, Plaid, Superposition, TiltIllusion, Window

OK = {"orientation": 0, "spatial_frequency": 2}
DISPLAY = stimuli.Display(size_px=(64, 96), ppd=16)


@pytest.mark.parametrize("build", [Grating, Component])
@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"contrast": 1.2}, ValueError, r"contrast is 1.2; .*\[0, 1\].*not per cent"),
        ({"contrast": -0.1}, ValueError, r"contrast is -0.1; .*180"),
        ({"contrast": math.nan}, ValueError, "contrast is nan; it must be finite"),
        ({"contrast": "high"}, TypeError, "contrast = 'high' .*must be a number"),
        ({"contrast": True}, TypeError, "contrast = True .*no number"),
        ({"contrast": None}, TypeError, "contrast = None"),
        ({"orientation": math.inf}, ValueError, "orientation is inf"),
        ({"phase": math.nan}, ValueError, "phase is nan"),
        ({"spatial_frequency": 0}, ValueError, "spatial_frequency is 0 cycles/deg; it must be larger than 0"),
        ({"spatial_frequency": -1}, ValueError, "larger than 0"),
        ({"temporal_frequency": math.nan}, ValueError, "temporal_frequency"),
        ({"waveform": "sinus"}, ValueError, "no waveform 'sinus'. Did you mean 'sine'.*Known: sine, square"),
        ({"modulation": "counter-phase"}, ValueError, "Did you mean 'counterphase'"),
        ({"waveform": 3}, TypeError, "waveform = 3"),
    ],
)  # fmt: skip
def test_a_carrier_that_means_nothing_is_refused(build, fields, error, says):
    with pytest.raises(error, match=says):
        build(**(OK | fields))


@pytest.mark.parametrize("build", [lambda **fields: Grating(**OK, **fields), Window])
@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"diameter": 0}, ValueError, "diameter is 0 deg; it must be larger than 0"),
        ({"diameter": -2}, ValueError, "larger than 0"),
        ({"diameter": math.nan}, ValueError, "diameter is nan"),
        ({"diameter": 2, "edge_width": -1}, ValueError, "edge_width is -1 deg; it must be 0 or larger"),
        ({"diameter": 2, "edge_width": 2.5}, ValueError, "at most the diameter"),
        ({"edge_width": 1}, ValueError, "diameter is None.*no edge"),
        ({"aperture": "circle"}, ValueError, "no aperture 'circle'.*Known: disc, gaussian, square"),
        ({"aperture": "gausian", "diameter": 2}, ValueError, "Did you mean 'gaussian'"),
        ({"aperture": "gaussian"}, ValueError, "6 standard deviations"),
        ({"aperture": "gaussian", "diameter": 2, "edge_width": 1}, ValueError, "has no edge"),
        ({"position": 1.0}, TypeError, "sequence of 2, each a number"),
        ({"position": (1, 2, 3)}, TypeError, "sequence of 2, each a number"),
        ({"position": (1, math.nan)}, ValueError, r"position\[1\] is nan"),
    ],
)  # fmt: skip
def test_a_window_that_means_nothing_is_refused(build, fields, error, says):
    with pytest.raises(error, match=says):
        build(**fields)


def surrounded(center=None, surround=None, **fields):
    return CenterSurround(
        center=Grating(**OK, **({"diameter": 2} | (center or {}))), surround=Grating(**OK, **(surround or {})), **fields
    )


@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (lambda: surrounded(surround={"diameter": 2}), ValueError, "annulus inside out.*2 deg.*must be larger.*gap"),
        (lambda: surrounded(surround={"diameter": 2.5}, gap=0.3), ValueError, "annulus inside out.*inner 2.6 deg"),
        (lambda: surrounded(surround={"diameter": 2.5, "position": (1, 0)}), ValueError, "crosses the edge"),
        (lambda: surrounded({"aperture": "square"}, {"diameter": 2.5}), ValueError, "crosses the edge of its disc"),
        (lambda: surrounded({"edge_width": 1}, {"diameter": 2.5}), ValueError, "crosses the edge.*narrower"),
        (lambda: surrounded(gap=-0.1), ValueError, "gap is -0.1"),
        (lambda: surrounded({"diameter": None}), ValueError, "diameter None.*needs an end"),
        (lambda: surrounded({"aperture": "gaussian"}), ValueError, "still has contrast 0.0111.*0.988.*gap"),
        (lambda: surrounded(surround={"aperture": "gaussian", "diameter": 5}), ValueError, "only a disc or a square"),
        (lambda: CenterSurround(center=stimuli.Blank(), surround=Grating(**OK)), TypeError, "center = Blank.*a Plaid"),
        (lambda: CenterSurround(center=Grating(**OK, diameter=2), surround=None), TypeError, "surround = None"),
        (lambda: Annulus(inner_diameter=3, outer_diameter=3, **OK), ValueError, "annulus inside out"),
        (lambda: Annulus(inner_diameter=0, outer_diameter=3, **OK), ValueError, "inner_diameter is 0"),
        (lambda: Annulus(inner_diameter=2, outer_diameter=3, edge_width=1, **OK), ValueError, "crosses the edge"),
        (lambda: Gabor(sigma=0, **OK), ValueError, "sigma is 0 deg"),
        (lambda: Plaid(mask_orientation=90, mask_contrast=1.5, **OK), ValueError, "mask_contrast is 1.5"),
        (lambda: Plaid(mask_orientation=math.nan, **OK), ValueError, "mask_orientation is nan"),
        (lambda: Plaid(mask_orientation=9, mask_spatial_frequency=0, **OK), ValueError, "mask_spatial_frequency is 0"),
        (lambda: Plaid(mask_orientation=90, contrast=0.7, **OK), ValueError, r"add up to 1\.2.*Lower the contrasts"),
        (lambda: Grating(**OK) + Grating(**OK, diameter=1, contrast=0.1), ValueError, r"add up to 1\.1"),
        (lambda: Superposition(parts=(Grating(**OK), 3)), TypeError, r"parts\[1\] = 3 \(int\)"),
        (lambda: TiltIllusion(center_orientation=0, surround_orientation=math.nan, spatial_frequency=2,
                              center_diameter=2), ValueError, "surround_orientation is nan"),
        (lambda: TiltIllusion(center_orientation=0, surround_orientation=0, spatial_frequency=2, center_diameter=2,
                              surround_contrast=2), ValueError, "surround_contrast is 2"),
        (lambda: TiltIllusion(center_orientation=0, surround_orientation=0, spatial_frequency=2, center_diameter=2,
                              surround_diameter=1), ValueError, "annulus inside out"),
    ],
)  # fmt: skip
def test_a_combination_that_means_nothing_is_refused(build, error, says):
    with pytest.raises(error, match=says):
        build()


def test_a_thing_that_is_no_stimulus_cannot_be_added():
    with pytest.raises(TypeError, match="unsupported operand"):
        Grating(**OK) + 1


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize(
    ("stimulus", "says"),
    [
        (Grating(orientation=0, spatial_frequency=8), r"8 cycles/deg.*less than 8\. .*ppd.*allow_undersampling=True"),
        (Grating(**OK, diameter=4.1), r"diameter is 4.1 deg; the display is 6 deg wide and 4 deg high.*diameter=None"),
        (Gabor(**OK, sigma=1), "sigma is 1 deg: a Gaussian window takes 6 sigma, 6 deg; the display is"),
        (Grating(**OK, diameter=2, position=(0.9, 0)) + Grating(**OK, diameter=2, position=(-0.9, 0)), "add up to 2"),
        (Grating(**OK, diameter=2, position=(0.9, 0), edge_width=1, contrast=0.8)
         + Grating(**OK, diameter=2, position=(-0.5, 0), edge_width=1, contrast=0.9), "add up to 1"),
    ],
    ids=["aliasing", "too large", "gabor too large", "clipping", "soft clipping"],
)  # fmt: skip
def test_what_the_display_cannot_show_is_refused_by_every_backend(stimulus, says, backend):
    with pytest.raises(ValueError, match=says):
        stimuli.render(stimulus, DISPLAY, backend=backend)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_aliasing_is_drawn_when_asked_for(backend):
    display = stimuli.Display(size_px=(8, 8), ppd=16, allow_undersampling=True)
    alias = stimuli.render(Grating(orientation=0, spatial_frequency=18), display, dtype="float64", backend=backend)
    true = stimuli.render(Grating(orientation=0, spatial_frequency=2), display, dtype="float64", backend=backend)
    np.testing.assert_allclose(np.abs(alias), np.abs(true), atol=1e-12)


def test_a_window_of_exactly_the_display_fits():
    display = stimuli.Display.from_viewing(size_px=(60, 60), width_cm=3, distance_cm=57)
    image = Grating(**OK, diameter=display.extent_deg[0]).contrast_image(display)
    assert image.shape == (60, 60)
    assert np.abs(image).max() > 0


def test_a_negative_cell_is_refused():
    with pytest.raises(ValueError, match="cell is -1 deg"):
        Grating(**OK).layers("orientation", 0.0, 0.0, cell=-1)


def test_a_time_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="t is nan"):
        Grating(**OK).contrast_image(DISPLAY, math.nan)
