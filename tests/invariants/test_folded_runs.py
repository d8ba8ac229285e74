"""An experiment that reads the centre column gives the same result from folded stimuli as from the full sheet."""

import subprocess
import sys

import numpy as np
import pytest

import insilico
import protocols
from insilico.execute import FOLDED, SHEET
from insilico.provenance import read_provenance
from stimuli import Grating, StimulusSet
from tests.tolerances import FOLDED_RUN

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 12}


def small(name="contextual", parameters="minimal", **changes):
    return insilico.load_model(name, parameters if name == "contextual" else None, **{**SMALL, **changes})


def solver(data):
    return read_provenance(data.attrs)["solver"]


def sweep(experiment, model, n):
    subject = model.prepared(experiment.preparation) if experiment.preparation else model
    shown = experiment.stimuli(subject.preparation)
    return subject, next(shown.batches(n))


LARGE = {"preparation.shape": (59, 59), "preparation.n_channels": 12}  # for wider rings about larger stimuli
TABLES = ("busse2009", "trott_born2015_plaid", "trott_born2015_matrix", "size_tuning")
TILT = ("otoole_wenderoth1977", "kim_wilson1997")
CASES = [
    *[(name, SMALL, ()) for name in TABLES],
    *[(name, LARGE, ()) for name in TILT],
    *[("trott_born2015_matrix", SMALL, lesions) for lesions in (("P",), ("Q",), ("T", "U"))],
]


@pytest.mark.parametrize(("name", "sheet", "lesions"), CASES)
def test_folded_and_full_sheet_agree_in_response_drive_and_steps(name, sheet, lesions):
    parameters = "joint" if sheet is LARGE else "minimal"  # whose rings fit on the small sheet
    model = small(parameters=parameters, **sheet).perturbed(*[insilico.Lesion(lesion) for lesion in lesions])
    subject, shown = sweep(protocols.protocol_named(name), model, 3)
    folded, full = (insilico.record(subject, shown, folded=choice) for choice in (True, False))
    assert (solver(folded), solver(full)) == (FOLDED, SHEET)
    for variable in ("response", "drive"):
        largest = float(full[variable].max())
        assert np.abs(folded[variable] - full[variable]).max() <= FOLDED_RUN * largest
        assert folded[variable].dims == full[variable].dims
    assert np.array_equal(folded["converged"], full["converged"])
    assert np.array_equal(folded["n_steps"], full["n_steps"])
    assert np.allclose(folded["residual"], full["residual"], rtol=0, atol=1e-9)
    assert all(folded[label].identical(full[label]) for label in full.coords)


def test_a_protocol_runs_folded_and_says_so():
    run = protocols.trott_born2015_matrix().run(small())
    assert solver(run) == FOLDED
    assert run.identical(protocols.trott_born2015_matrix().run(small(), batch=1))


@pytest.mark.parametrize(
    ("model", "recording"),
    [
        (small("mely2018"), insilico.Recording()),
        (small(encoder="energy"), insilico.Recording()),
        (small(**{"preparation.n_channels": 13}), insilico.Recording()),
        (small(gO=0.05), insilico.Recording()),
        (small().perturbed(insilico.Lesion("untuned_P")), insilico.Recording()),
        (small().perturbed(insilico.Perturbation(units=(0,), mode="drive", value=0.0)), insilico.Recording()),
        (small(), insilico.Recording(cells="row")),
        (small(), insilico.Recording(populations=("input", "output"))),
        (small(), insilico.Recording(window=(0, 3))),
    ],
    ids=["circuit", "frames", "odd channels", "spread", "untuned", "perturbed", "row", "input", "time"],
)
def test_what_folding_does_not_give_is_left_to_the_full_sheet(model, recording):
    shown = next(protocols.OrientationTuning().stimuli(model.preparation).batches(1))
    assert model.folded(shown, recording) is None


def test_stimuli_off_the_common_centre_are_left_to_the_full_sheet():
    shown = StimulusSet.of(
        [Grating(orientation=0, spatial_frequency=2, diameter=2, position=(x, 0.0)) for x in (0.0, 1.0)]
    )
    assert small().folded(shown) is None


def test_a_free_recording_is_one_of_the_full_sheet():
    shown = next(protocols.OrientationTuning().stimuli(small().preparation).batches(1))
    assert solver(insilico.record(small(), shown)) == SHEET


def test_a_sham_is_the_intact_model_to_the_last_bit_whatever_the_solver():
    experiment = protocols.OrientationTuning(orientations=(0.0, 45.0))
    acts = {
        "without Q": insilico.Lesion("Q"),
        "driven": insilico.Perturbation(units=(0,), mode="drive", value=0.1),
    }
    for chosen, expected in ((["without Q"], FOLDED), (list(acts), SHEET)):
        run = experiment.run(small(), perturbations={name: acts[name] for name in chosen})
        assert solver(run) == expected
        assert np.array_equal(run["response"].sel(perturbation="none"), run["response"].sel(perturbation="sham"))


def test_rings_that_leave_the_sheet_are_refused_as_on_the_full_sheet():
    narrow = insilico.load_model("contextual", "minimal", **{**SMALL, "preparation.shape": (21, 21)})
    with pytest.raises(ValueError, match="larger sheet or smaller rings"):
        protocols.OrientationTuning().run(narrow)


def test_a_folded_run_compiles_nothing():
    program = (
        "import sys, insilico, protocols\n"
        "model = insilico.load_model('contextual', 'minimal')\n"
        "protocols.trott_born2015_matrix().run(model)\n"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
