"""What symmetry leaves is the whole: folded and full sheets give the same states."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import insilico
import protocols
from insilico.circuits.contextual import ContextualParameters, simulate, steady_state
from insilico.folded_circuit import FoldedCircuit
from insilico.folding import ChannelFold, Grid, NotSymmetricError, fold, ring_matrix
from insilico.pools import circulant, gaussian_over_features, ring_pool, soft_ring
from protocols.fit_targets import EXPERIMENTS
from stimuli import CenterSurround, Grating, StimulusSet

EXTENDED = {
    "alpha": 0.2,
    "mu": 0.1,
    "beta": 0.05,
    "nu": 0.1,
    "thO": 0.6,
    "sP": 0.05,
    "sT": 0.02,
    "qP": 0.6,
    "qT": 1.2,
    "gO": 0.05,
    "rP": 5.3,
    "rTin": 3.4,
    "rT": 12.6,
    "soft": 0.3,
    "c50": 0.1,
    "n": 2.4,
}
FIELDS = {**EXTENDED, "rX": 2.0, "closed": True}


def full_and_folded(name, parameters, dtype):
    experiment = EXPERIMENTS[name]()
    preparation = experiment.preparation
    stimuli = experiment.stimuli(preparation)
    model = insilico.load_model("contextual", "extensions_off").prepared(preparation)
    drive = model.circuit.encode(model._encoder(), parameters, stimuli, None).values.astype(dtype)
    shown = fold(stimuli, preparation, field=parameters.rX)
    folded = FoldedCircuit(shown, parameters, tuning_width=preparation.tuning_width, dtype=dtype)
    return drive, preparation.sheet.center, folded


@pytest.mark.parametrize("name", ["busse2009", "trott_born2015_plaid", "trott_born2015_matrix", "otoole_wenderoth1977"])
@pytest.mark.parametrize(
    ("values", "dtype", "tolerance"),
    [
        ({}, np.float64, 1e-12),
        (EXTENDED, np.float64, 1e-12),
        (EXTENDED, np.float32, 1e-6),
        (FIELDS, np.float64, 1e-12),
        ({**FIELDS, "gated": True}, np.float64, 1e-12),
    ],
    ids=["mely2018", "extended", "extended float32", "receptive fields", "gated"],
)
def test_folded_equals_full_sheet_after_any_number_of_steps(name, values, dtype, tolerance):
    parameters = ContextualParameters(**values)
    drive, (row, column), folded = full_and_folded(name, parameters, dtype)
    full = simulate(drive, parameters, step=1.0, n_steps=12).output[:, row, column]
    part = folded.simulate(step=1.0, n_steps=12)
    assert np.allclose(part.drive, drive[:, row, column], rtol=0, atol=tolerance)
    assert np.abs(part.response - full).max() <= tolerance * full.max()


@pytest.mark.parametrize("name", ["busse2009"])
def test_the_fixed_point_is_that_of_the_full_sheet(name):
    parameters = ContextualParameters(**EXTENDED)
    drive, (row, column), folded = full_and_folded(name, parameters, np.float64)
    full = steady_state(drive, parameters, tol=1e-10).output[:, row, column]
    part = folded.steady_state(tol=1e-11)
    assert part.residual.max() < 1e-9
    assert np.abs(part.response - full).max() <= 1e-7 * full.max()


@given(
    outer=st.floats(1.5, 6),
    inner=st.floats(0, 1.4),
    soft=st.sampled_from([0.0, 0.3]),
    half=st.integers(2, 7),
    even=st.booleans(),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_the_folded_ring_is_the_ring_on_a_symmetric_field(outer, inner, soft, half, even, seed):
    ring = soft_ring(outer=outer, inner=inner, spread=soft)
    grid = Grid(half=half, even=even)
    octant = np.random.default_rng(seed).random(grid.n_cells)
    quadrant = np.zeros((half, half))
    quadrant[grid.y, grid.x] = octant
    quadrant[grid.x, grid.y] = octant
    first = 0 if even else 1
    right = np.concatenate([quadrant[:, first:][:, ::-1], quadrant], axis=1)
    field = np.concatenate([right[first:][::-1], right])
    pooled = ring_pool(field[:, :, None], ring)[:, :, 0]
    middle = half - first
    expected = pooled[middle:, middle:][grid.y, grid.x]
    assert np.allclose(ring_matrix(ring, grid, grid) @ octant, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["none", "on channel", "between channels"])
def test_folded_channel_pools_are_the_pools_on_mirror_symmetric_activity(kind):
    k = 12
    channels = ChannelFold(kind=kind, n_channels=k)
    part = np.random.default_rng(1).random(channels.n)
    whole = part[channels.of_channel]
    matrix = circulant(gaussian_over_features(k, 0.2))
    assert np.allclose((whole @ matrix)[channels.channels], part @ channels.folded(matrix))
    assert whole.mean() == pytest.approx(part @ channels.share)


def test_shifted_and_mirrored_copies_are_solved_once():
    experiment = EXPERIMENTS["trott_born2015_matrix"]()
    folded = fold(experiment.stimuli(experiment.preparation), experiment.preparation)
    assert len(folded.places) == 42
    assert sum(len(group.contrast) for group in folded.groups) == 5  # alone, and four differences of orientation


def test_what_has_no_symmetry_is_refused_with_the_reason():
    preparation = insilico.Preparation(n_channels=24)
    off = Grating(orientation=0, spatial_frequency=2, diameter=2, position=(1.0, 0.0))
    with_off = CenterSurround(
        center=Grating(orientation=0, spatial_frequency=2, diameter=2, position=(1.0, 0.0)),
        surround=Grating(orientation=90, spatial_frequency=2, diameter=8),
    )
    assert fold(StimulusSet.of([off]), preparation).room < 26  # symmetric about its own centre
    with pytest.raises(NotSymmetricError, match="rotation or reflection"):
        fold(StimulusSet.of([with_off]), preparation)
    with pytest.raises(NotSymmetricError, match="even number"):
        fold(StimulusSet.of([off]), preparation.replaced(n_channels=25))
    with pytest.raises(NotSymmetricError, match="border"):
        fold(StimulusSet.of([off]), preparation.replaced(boundary="periodic"))


def test_fitted_tables_are_those_of_the_protocols():
    for name in (
        "busse2009",
        "trott_born2015_plaid",
        "trott_born2015_matrix",
        "otoole_wenderoth1977",
        "kim_wilson1997",
    ):
        assert EXPERIMENTS[name]().reference.values.equals(protocols.protocol_named(name).reference.values)
