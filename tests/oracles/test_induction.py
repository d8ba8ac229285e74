"""Decoding, unscaled scores, ceilings and size measures against closed forms and independent computations."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico.analysis import circular_vote, decoded, pointers, preferred_size, unimodal, vector_average, wrapped
from insilico.circuit import AbstractStaticCircuit
from insilico.comparison import bootstrap_interval, fit_unscaled
from insilico.model import SheetModel
from protocols.induction_curve import peak, peak_angle, trough, zero
from protocols.neighbouring import with_half_cells
from stimuli import StimulusSet
from tests.tolerances import CEILING

INDUCTION = ("otoole_wenderoth1977", "kim_wilson1997")


def population(name, **settings):
    experiment = protocols.protocol_named(name, **settings)
    return experiment, experiment.preparation


@pytest.mark.parametrize("k", [25, 36])
def test_circular_vote_is_the_published_formula(k):
    rng = np.random.default_rng(k)
    u, activity = np.linspace(0, 1, k), rng.random(k)
    angle = 2 * np.pi * u - np.pi
    published = (np.arctan2((activity * np.sin(angle)).sum(), (activity * np.cos(angle)).sum()) + np.pi) / (2 * np.pi)
    response = xr.DataArray(activity, dims="z", coords={"z": 180 * u})
    found = float(circular_vote(response, "z"))
    assert found % 180 == pytest.approx(published * 180 % 180, abs=1e-9)


def test_a_duplicated_preference_counts_once_in_the_vector_average_and_twice_in_the_vote():
    z, activity = np.linspace(-90, 90, 13), np.arange(13.0)
    merged = np.append((activity[0] + activity[-1]) / 2, activity[1:-1])
    once = np.rad2deg(np.angle((merged * np.exp(2j * np.deg2rad(z[:-1]))).sum())) / 2
    twice = np.rad2deg(np.angle((activity * np.exp(2j * np.deg2rad(z))).sum())) / 2
    response = xr.DataArray(activity, dims="z", coords={"z": z})
    assert float(vector_average(response, "z")) == pytest.approx(once)
    assert float(circular_vote(response, "z")) == pytest.approx(twice)
    assert abs(once - twice) > 0.1


def test_without_duplicates_both_read_outs_agree():
    z = np.arange(0, 360, 15.0)
    vectors = [pointers(z, period=360, read_out=name) for name in ("vector_average", "circular_vote")]
    assert np.allclose(*vectors, atol=1e-15)


def test_what_points_nowhere_is_not_decoded():
    vectors = pointers(np.arange(0, 180, 45.0), period=180, read_out="circular_vote")
    assert np.isnan(decoded(np.ones(4), vectors, period=180))
    assert np.isnan(decoded(np.zeros((2, 4)), vectors, period=180)).all()


def test_angles_wrap_into_the_half_open_interval():
    assert wrapped(np.array([-90, 90, 91, 270, -359]), period=180).tolist() == [90, 90, -89, 90, 1]


@pytest.mark.parametrize("read_out", ["vector_average", "circular_vote"])
@pytest.mark.parametrize("name", INDUCTION)
@pytest.mark.parametrize("center", [None, 0.0, 85.0])
def test_the_shift_of_a_shifted_population_is_read_back_with_its_sign(name, read_out, center):
    settings = {"read_out": read_out, **({} if center is None else {"center_angle": center})}
    experiment, preparation = population(name, geometry="discs", **settings)
    period = preparation.axis.period
    stimuli = experiment.stimuli(preparation)
    angles = stimuli.parameters[experiment.coordinate].values
    away = 0.11 * angles - 3  # what the read-out should find

    def tuned(values):
        return np.exp(np.cos(2 * np.pi * (preparation.preferences - np.reshape(values, (-1, 1))) / period))

    response = tuned(experiment.center_angle - away)
    drive = tuned(np.full(angles.size, experiment.center_angle))
    found = experiment.reader(stimuli, preparation)(response, drive)
    assert np.allclose(found, np.interp(experiment.reference.values[experiment.coordinate], angles, away), atol=1e-9)


def test_a_surround_on_the_other_side_has_the_sign_of_away_too():
    experiment, preparation = population("otoole_wenderoth1977", geometry="discs", angles=(-20.0, 20.0))
    shift = 2.0
    z = preparation.preferences
    rows = [np.exp(np.cos(2 * np.deg2rad(z - seen))) for seen in (shift, -shift)]
    data = protocols.base.AbstractProtocol.run(experiment, insilico.load_model("feedforward"))
    column = experiment.checked(data)
    column = column.assign(response=column["response"].copy(data=np.array(rows)))
    assert np.allclose(experiment.curve(column), shift, atol=1e-9)


def test_centre_gap_and_surround_cover_whole_cells_half_a_cell_off():
    for name, cells in (("otoole_wenderoth1977", (8, 8, 32)), ("kim_wilson1997", (8, 12, 24))):
        experiment, preparation = population(name, angles=(20.0,))
        layers = insilico.PopulationCode(preparation=preparation).layers(experiment.stimuli(preparation))
        center, surround = layers["layer_contrast"].values[0]
        middle = preparation.sheet.shape[0] // 2

        def square(side, middle=middle, shape=preparation.sheet.shape):
            image = np.zeros(shape)
            image[middle - side // 2 : middle + side // 2, middle - side // 2 : middle + side // 2] = 1
            return image

        assert np.array_equal(center, square(cells[0]))
        assert np.array_equal(surround, square(cells[2]) - square(cells[1]))


@pytest.mark.parametrize("name", INDUCTION)
def test_ceiling_and_agreement_of_the_card_follow_from_the_series(name):
    reference = insilico.load_reference(name)
    series, mean = reference.series.values, reference.values.values
    assert np.allclose(series.mean(axis=0), mean)
    total = ((mean - mean.mean()) ** 2).sum()
    symmetric = mean.copy()
    symmetric[[0, -1]] = 0  # f(−x) = −f(x) and the period leave nothing at either end
    assert 1 - ((mean - symmetric) ** 2).sum() / total == pytest.approx(reference.ceiling, abs=CEILING)
    variance = series.var(axis=0, ddof=1) / len(series)
    assert 1 - variance.sum() / total == pytest.approx(reference.card["agreement"], abs=CEILING)


def test_tables_of_illusions_have_the_published_size():
    for name, shape in (("otoole_wenderoth1977", (2, 10)), ("kim_wilson1997", (4, 9))):
        reference = insilico.load_reference(name)
        assert reference.series.shape == shape
        assert reference.values.size == len(set(reference.panel)) == shape[1]
        assert reference.values.attrs["units"] == "deg"
        for entry in ("ceiling_basis", "agreement_basis", "assumptions", "notes", "digitisation_error_basis"):
            assert reference.card[entry]
        assert ", ".join(reference.card["series"]) in repr(reference)


def test_an_unscaled_score_counts_amplitude():
    data = np.array([0.0, 2.0, 1.0, -1.0])
    assert fit_unscaled(data, data).r2 == 1
    assert fit_unscaled(data, np.full(4, data.mean())).r2 == pytest.approx(0)
    assert fit_unscaled(data, 2 * data).r2 == pytest.approx(1 - (data**2).sum() / ((data - 0.5) ** 2).sum())
    assert np.isnan(fit_unscaled(data, np.array([0, np.nan, 1, 1])).r2)
    low, high = bootstrap_interval(data, np.array([0, np.nan, 1, 1]), np.arange(4), seed=0)
    assert np.isnan([low, high]).all()


def test_measures_of_a_curve_drawn_by_hand():
    angles = np.arange(0, 70, 10.0)
    shift = np.array([0, 2, 3, 1, -1, -2, 0])
    assert (peak(angles, shift), peak_angle(angles, shift)) == (3, 20)
    assert (zero(angles, shift), trough(angles, shift)) == (35, -2)
    assert np.isnan(zero(angles, np.abs(shift)))
    assert np.isnan(zero(angles, -np.abs(shift)))
    touching = np.array([0, 2, 1, 0, 0, -1e-9, 1e-9])
    assert np.isnan(zero(angles, touching))
    assert all(np.isnan(measure(angles, shift * np.nan)) for measure in (peak, peak_angle, zero, trough))


def test_the_preferred_size_is_that_of_a_parabola_where_it_has_neighbours():
    sizes = np.array([1.0, 2.0, 3.5, 4.0, 6.0])

    def curve(values):
        return xr.DataArray(values, dims="diameter", coords={"diameter": sizes})

    for vertex in (2.9, 3.3, 3.8):
        assert float(preferred_size(curve(9 - (sizes - vertex) ** 2))) == pytest.approx(vertex)
    assert float(preferred_size(curve(sizes))) == 6.0
    assert float(preferred_size(curve(-sizes + 7))) == 1.0
    assert float(preferred_size(curve(np.array([0, 1, 1, 1, 0])))) == pytest.approx(2.75)
    assert np.isnan(float(preferred_size(curve(0 * sizes))))


def test_a_curve_is_unimodal_within_the_tolerance_and_a_plateau_counts():
    rows = [[0, 1, 2, 1, 0], [0, 2, 1, 2, 0], [0, 1, 2, 1, 1.5], [1, 1, 1, 1, 1], [0, 1, 0.985, 2, 1], [0, 0, 0, 0, 0]]
    curves = xr.DataArray(rows, dims=("contrast", "diameter"), coords={"diameter": np.arange(5.0)})
    assert unimodal(curves).values.tolist() == [1, 0, 0, 1, 1, 0]
    assert unimodal(curves, tolerance=0.001).values.tolist() == [1, 0, 0, 1, 0, 0]


@dataclass(frozen=True, kw_only=True)
class Rings:
    rP: float = 4.0
    rTin: float = 4.0
    rT: float = 14.0


class Averaging(AbstractStaticCircuit):
    """[X − summed X around, in square degrees]_+ : depends on areas, not on cells."""

    name, summary, citation = "averaging", "", ""
    parameters_class = Rings

    def encode(self, encoder, parameters, stimuli, display):
        drive = replace(encoder, cell_average=True).encode(stimuli)
        return drive.assign_attrs(cell=encoder.preparation.sheet.pitch**2)

    def respond(self, drive, parameters, *, boundary):
        around = 0.004 * drive.values.sum(axis=(1, 2), keepdims=True) * drive.attrs["cell"]
        return np.maximum(drive.values - around, 0), drive.values


def test_neighbouring_geometries_change_the_centre_or_the_cells():
    model = SheetModel(circuit=Averaging(), parameters=Rings())
    found = {f.name: f.value for f in protocols.neighbouring_geometries(model)}
    assert set(found) == {"tilt_r2_090", "tilt_r2_110", "tilt_r2_half_cell"}
    experiment = protocols.otoole_wenderoth1977(angles=tuple(range(0, 91, 10)))

    def score(diameter):
        shown = replace(experiment, preparation=experiment.preparation.replaced(center_diameter=diameter))
        return shown.compare(shown.run(model)).r2

    assert found["tilt_r2_half_cell"] == pytest.approx(score(2.0), abs=1e-9)
    assert found["tilt_r2_090"] == pytest.approx(score(1.8), abs=1e-6)
    assert found["tilt_r2_110"] == pytest.approx(score(2.2), abs=1e-6)
    assert len({round(value, 3) for value in found.values()}) == 3


def test_cells_half_as_wide_leave_rings_as_wide_in_degrees():
    here = protocols.papers.HUMAN_OTOOLE_WENDEROTH1977
    model = SheetModel(circuit=Averaging(), parameters=Rings(rP=6.35), overrides={here.name: {"rT": 11.0}})
    model = model.prepared(here)
    assert model.effective_parameters.rT == 11.0
    finer = with_half_cells(model)
    assert finer.preparation.sheet.shape == (101, 101)
    for name in ("rP", "rTin", "rT"):
        widths = [(2 * getattr(m.effective_parameters, name) + 1) * m.preparation.sheet.pitch for m in (model, finer)]
        assert widths[0] == pytest.approx(widths[1])
    stimuli = StimulusSet.of(list(protocols.otoole_wenderoth1977(angles=(30,)).stimuli(finer.preparation)))
    drive = finer.encode(stimuli).isel(stimulus=0, feature=12).values
    assert set(np.round(drive, 9).ravel()) == {0.0, 1.0, round(float(drive[30, 30]), 9)}  # no cell is cut
