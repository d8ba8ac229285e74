"""Intervals resample mirror orbits of panels: mirror partners nearly coincide, and are no independent samples."""

import numpy as np
import pytest

import insilico
from insilico.comparison import Comparison, bootstrap_interval, fit_linear
from protocols.summary import score_line

ORBITS = {
    "busse2009": (25, 15),
    "trott_born2015_plaid": (12, 8),
    "trott_born2015_matrix": (6, 4),
    "otoole_wenderoth1977": (10, 10),
    "kim_wilson1997": (9, 9),
    "marshak_sekuler1979": (9, 9),
    "klauke_wachtler2015": (16, 9),
}


@pytest.mark.parametrize("table", ORBITS)
def test_a_table_has_as_many_mirror_orbits_as_its_symmetry_says(table):
    reference = insilico.load_reference(table)
    assert (len(set(reference.panel)), len(set(reference.orbit))) == ORBITS[table]


def test_an_orbit_holds_whole_panels_and_their_images():
    reference = insilico.load_reference("trott_born2015_plaid")
    second, surround = (reference.values[n].values for n in ("component_2_orientation", "surround_orientation"))
    for number in set(reference.orbit):
        inside = reference.orbit == number
        assert len(set(np.abs(second[inside]))) == 1
        assert len(set(np.isnan(surround[inside]))) == 1
        assert set(reference.panel[inside]).isdisjoint(reference.panel[~inside])


def test_a_table_without_a_stated_mirror_is_resampled_by_panels():
    reference = insilico.load_reference("trott_born2015_decoded")
    assert "mirror" not in reference.card
    assert (reference.orbit == reference.panel).all()


def test_partners_that_coincide_do_not_narrow_the_interval():
    rng = np.random.default_rng(0)
    prediction = rng.normal(size=60)
    data = prediction + rng.normal(size=60)
    orbit = np.repeat(np.arange(6), 10)
    once = bootstrap_interval(data, prediction, orbit, seed=1)
    twice = [np.concatenate([v, v]) for v in (data, prediction)]
    assert bootstrap_interval(*twice, np.concatenate([orbit, orbit]), seed=1) == pytest.approx(once)
    low, high = bootstrap_interval(*twice, np.concatenate([orbit, orbit + 6]), seed=1)
    assert high - low < once[1] - once[0]


def test_the_number_of_orbits_is_printed_and_written():
    reference = insilico.load_reference("trott_born2015_matrix")
    data = reference.values.values
    found = Comparison(
        protocol="p",
        model="m",
        reference=reference,
        prediction=data,
        fit=fit_linear(data, data),
        low=0.5,
        high=0.9,
        nulls={},
        n_free=2,
        converged=True,
        residual=0.0,
    )
    assert "interval over 4 mirror orbits" in repr(found)
    assert found.score()["n_orbits"] == 4
    assert "interval over 4 mirror orbits" in score_line(found.score())
    assert "interval over panels" in score_line({k: v for k, v in found.score().items() if k != "n_orbits"})
