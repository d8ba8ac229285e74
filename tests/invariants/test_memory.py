"""A recording holds its result once, and says beforehand where memory will not do."""

import tracemalloc

import numpy as np
import pytest

import insilico
from insilico import execute, memory
from insilico.memory import TooLargeError
from stimuli import Grating, StimulusSet

SHEET = {"preparation.shape": (31, 31), "preparation.n_channels": 12}
ONE_BATCH = 8_000_000  # bytes: what a batch of eight stimuli takes on its way


def shown(n):
    return StimulusSet.grid(
        lambda orientation: Grating(orientation=orientation, spatial_frequency=2, diameter=2),
        orientation=np.linspace(0, 179, n),
    )


def test_a_recording_of_all_cells_is_held_once():
    model, stimuli, everywhere = (
        insilico.load_model("feedforward", **SHEET),
        shown(200),
        insilico.Recording(cells="all"),
    )
    insilico.record(model, shown(2), recording=everywhere)
    tracemalloc.start()
    try:
        data = insilico.record(model, stimuli, recording=everywhere, batch=8)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 1.3 * data.nbytes + ONE_BATCH


@pytest.mark.parametrize(
    ("recording", "what"),
    [
        (insilico.Recording(cells="all"), "11,532 units under 20 stimuli needs"),
        (insilico.Recording(window=(0.0, 2.9e5)), "12 units under 20 stimuli at 96,667 times needs"),
    ],
)
def test_what_will_not_fit_is_refused_before_anything_is_run(monkeypatch, recording, what):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_000_000)
    monkeypatch.setattr(insilico.SheetModel, "encode", lambda *_: pytest.fail("was run"))
    with pytest.raises(TooLargeError, match=what) as caught:
        insilico.record(insilico.load_model("feedforward", **SHEET), shown(20), recording=recording)
    assert isinstance(caught.value, MemoryError)
    assert "GiB are free: record fewer cells (Recording(cells=…))" in str(caught.value)


def test_several_perturbations_need_as_many_results(monkeypatch):
    asked = []
    monkeypatch.setattr(execute, "refuse_too_large", lambda needed, **_: asked.append(needed))
    model, row = insilico.load_model("feedforward", **SHEET), insilico.Recording(cells="row")
    act = insilico.Perturbation(units=(0,), mode="drive", value=0.1)
    insilico.record(model, shown(2), recording=row)
    insilico.experiment.record_under({"driven": act}, model, shown(2), recording=row)
    result = 8 * 2 * 31 * 12 * 2
    assert asked[1] == asked[0] + (2 * 3 - 1) * result


def test_the_working_set_over_time_is_bounded_by_the_batch(monkeypatch):
    batches = []
    monkeypatch.setattr(execute, "SAMPLE_BYTES", 4 * 8 * 31 * 31 * 12 * 2 * 5)
    model = insilico.load_model("feedforward", **SHEET)
    respond = insilico.SheetModel.respond
    monkeypatch.setattr(
        insilico.SheetModel,
        "respond",
        lambda self, drive, **settings: batches.append(drive.sizes["stimulus"]) or respond(self, drive, **settings),
    )
    insilico.record(model, shown(10), recording=insilico.Recording(window=(0, 12)))
    assert batches == [4, 4, 2]


def test_memory_is_that_of_the_container_where_it_has_less(monkeypatch, tmp_path):
    limit, used = tmp_path / "memory.max", tmp_path / "memory.current"
    used.write_text("600\n")
    monkeypatch.setattr(memory, "CGROUPS", ((str(limit), str(used)),))
    limit.write_text("1000\n")
    assert memory.available_bytes() == 400
    limit.write_text("max\n")
    assert memory.available_bytes() > 1000
