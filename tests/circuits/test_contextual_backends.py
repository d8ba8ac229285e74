"""The compiled contextual circuit against its numpy reference, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insilico.circuits.contextual import LESIONS, ContextualParameters, simulate, steady_state
from insilico.perturb import Perturbation

AGREEMENT = {"float64": 1e-10, "float32": 1e-5}  # of the maximum; float32: rounding over 12 steps
CHOICES = {
    "thO": (0.0, 0.6), "sP": (0.0, 0.05, 0.4), "sT": (0.0, 0.1), "qP": (1.0, 0.5, 1.3), "qT": (1.0, 0.7, 1.1),
    "gO": (0.0, 0.05, 0.4), "zeta": (0.0, 0.5), "gamma": (0.0, 1.0), "delta": (0.0, 1.0), "alpha": (0.0, 1.0),
    "mu": (0.0, 1.0), "beta": (0.0, 3.0), "nu": (0.0, 0.3), "soft": (0.0, 0.3), "continuous": (True, False),
    "gated": (True, False), "closed": (True, False),
}  # fmt: skip


@st.composite
def circuits(draw):
    rC, rTin = draw(st.sampled_from([0.0, 0.4, 1.0])), draw(st.sampled_from([0.0, 1.0, 1.7]))
    rP, rT = rC + draw(st.sampled_from([0.3, 1.0, 1.6])), rTin + draw(st.sampled_from([0.7, 1.0, 2.0]))
    chosen = {name: draw(st.sampled_from(values)) for name, values in CHOICES.items()}
    return ContextualParameters(rC=rC, rP=rP, rTin=rTin, rT=rT, **chosen)


@st.composite
def drives(draw, reach):
    height, width = (2 * reach + 1 + draw(st.integers(0, 4)) for _ in range(2))
    k = draw(st.sampled_from([1, 2, 7, 8, 9, 16, 17, 32, 37]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    drive = rng.uniform(0.1, 1, size=(2, height, width, k))
    return drive * (rng.uniform(size=(2, height, width, 1)) < draw(st.floats(0, 1)))


@settings(deadline=None, max_examples=40)
@given(circuits(), st.data(), st.sampled_from(["float64", "float32"]), st.sampled_from(["zero", "periodic"]))
def test_numba_agrees_with_the_reference_on_any_circuit(p, data, dtype, boundary):
    drive = data.draw(drives(max(p.near.reach, p.far.reach)))
    acts = data.draw(
        st.lists(
            st.builds(
                Perturbation,
                units=st.sampled_from(["input", "output", (0, drive[0].size)]),
                mode=st.sampled_from(["drive", "scale"]),
                value=st.sampled_from([0.3, 1.5]),
                window=st.sampled_from([(0.0, 2.0), (1.3, np.inf)]),
            ),
            max_size=2,
        )
    )
    options = {
        "method": data.draw(st.sampled_from(["exponential", "euler"])),
        "lesions": data.draw(st.lists(st.sampled_from(LESIONS), max_size=1)),
    }
    results = [
        simulate(
            drive.astype(dtype), p, step=0.5, n_steps=12, boundary=boundary, perturbations=acts, backend=backend,
            **options,
        )
        for backend in ("numba", "reference")
    ]  # fmt: skip
    for got, expected in zip(*((r.inhibited, r.output) for r in results), strict=True):
        assert got.dtype == dtype
        assert np.abs(got - expected).max() <= AGREEMENT[dtype] * max(1, np.abs(expected).max())
    np.testing.assert_allclose(results[0].residual, results[1].residual, rtol=1e-4, atol=20 * AGREEMENT[dtype])


P = ContextualParameters(
    rP=1.6, rTin=1.3, rT=5.2, soft=0.25, thO=0.7, sP=0.1, sT=0.2, qP=0.6, qT=1.2, gO=0.1, rC=0.4, mu=0.2
)


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_a_stimulus_alone_and_in_a_batch_gives_the_same_bits(backend, patch):
    batch = np.concatenate([patch, 3 * patch[::-1], np.zeros_like(patch[:1])])
    together = steady_state(batch, P, backend=backend)
    for i in range(len(batch)):
        alone = steady_state(batch[i : i + 1], P, backend=backend)
        for name in ("inhibited", "output", "residual", "converged", "n_steps"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[i])


def test_recurrent_excitation_carries_activity_beyond_the_reach_of_the_input_stage(patch):
    p = ContextualParameters(rP=1.0, rTin=1.0, rT=3.0, gO=0.5, nu=0.0)
    fast, slow = (simulate(patch, p, n_steps=12, backend=backend) for backend in ("numba", "reference"))
    assert fast.output[0, 1, 1].any()  # 4 cells from the patch
    np.testing.assert_allclose(fast.output, slow.output, atol=1e-12)
