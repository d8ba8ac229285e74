"""The sign of influence near, midway and far from the target, circuit by circuit, at 20 µm per cell.

Bins 25-60, 60-300 and more than 300 µm in a square field of 575 µm; a full-field grating of 15 % contrast on a periodic
sheet of 64 x 64 cells and 16 channels; small drives to the output stage, scaled to the target's largest response.
"""

import numpy as np
import pytest

import insilico
from insilico.analysis import implicit_influence
from stimuli import Grating, StimulusSet

SIDE, CHANNELS, UM, FIELD = 64, 16, 20.0, 575.0
EDGES = ((25, 60), (60, 300), (300, np.inf))
SHOWN = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, contrast=0.15)])


def by_distance(name, parameters=None, lesions=(), **changes):
    """Mean change of all other units near, midway, far and overall, 1e-5 of the largest response for r = 1."""
    sheet = {"preparation.shape": (SIDE, SIDE), "preparation.n_channels": CHANNELS, "preparation.boundary": "periodic"}
    model = insilico.load_model(name, parameters, **sheet, **changes).perturbed(*map(insilico.Lesion, lesions))
    targets = insilico.unit_ids(
        (SIDE, SIDE, CHANNELS), population="output", y=0, x=0, populations=model.circuit.populations
    )
    mapped = implicit_influence(model, SHOWN, targets)
    assert mapped.attrs["residual"] <= 1e-13
    assert mapped.attrs["largest_eigenvalue"] < 0
    influence = mapped["influence"].values.reshape(CHANNELS, SIDE, SIDE, CHANNELS).mean(axis=(0, 3)) * 1e5
    offset = np.minimum(np.arange(SIDE), SIDE - np.arange(SIDE)) * UM
    distance = np.hypot(offset[:, None], offset)
    pairs = np.outer(*[np.clip(FIELD - offset, 0, None)] * 2)  # how many pairs of a field lie at that offset
    inside = [(distance >= low) & (distance < high) for low, high in (*EDGES, (25, np.inf))]
    return [float(np.average(influence[here], weights=pairs[here])) for here in inside]


@pytest.mark.parametrize(
    ("circuit", "signs"),
    [
        (("mely2018",), "--+"),
        (("mely2018", "published_best"), "--+"),
        (("mely2018", "default", ("U",)), "+-+"),
        (("mely2018", "default", ("T",)), "--0"),
        (("mely2018", "default", ("untuned_T",)), "---"),
        (("mely2018", "default", ("P",)), "+-0"),
        (("contextual", "light"), "+-0"),
        (("linear", "near_far"), "+--"),
        (("linear", "far"), "0--"),
        (("linear", "untuned"), "+--"),
    ],
)
def test_the_sign_of_influence_near_midway_and_far(circuit, signs):
    *found, mean = by_distance(*circuit)
    near_zero = (1.0, 0.2, 0.06)
    for value, sign, limit in zip(found, signs, near_zero, strict=True):
        assert {"+": value > 0, "-": value < 0, "0": abs(value) < limit}[sign], (found, signs)
    assert mean < 0


def test_near_influence_has_no_clear_sign_without_the_subtractive_part_of_U():
    near, mid, far, mean = by_distance("mely2018", mu=0.0)
    assert abs(near) < 1
    assert mid < 0 < far
    assert mean < 0


def test_the_linear_sets_differ_in_their_near_pairs_and_in_their_tuning_only():
    both, far, untuned = (by_distance("linear", name) for name in ("near_far", "far", "untuned"))
    assert both[0] > 10
    assert abs(far[0]) < 1
    np.testing.assert_allclose(both, untuned, rtol=0.02)
    assert -1.5 < both[3] < -0.3
