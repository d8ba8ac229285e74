"""A result on disk is whole, the one that was written, and there at every moment."""

import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import insilico
import protocols
from insilico.running import files
from insilico.running.files import unfinished, write_whole
from insilico.storage import SEAL_LENGTH, checksum
from protocols.folder import CONTENTS, check_writable, result_folder
from protocols.result_files import load_run, write_result


@pytest.fixture(scope="module")
def responses():
    model = insilico.load_model("feedforward", **{"preparation.shape": (15, 15), "preparation.n_channels": 6})
    return protocols.contrast_response().run(model)


@contextlib.contextmanager
def full_disk(size):
    """Let no file grow beyond a size: writing fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_error_and_the_earlier_result_stays(responses, tmp_path):
    path = insilico.save_result(responses, tmp_path / "result.nc")
    with full_disk(2000), pytest.raises(OSError, match=r"result\.nc cannot be written \(File too large\): the earlier"):
        insilico.save_result(responses, path)
    xr.testing.assert_identical(insilico.load_result(path), responses)
    with full_disk(2000), pytest.raises(OSError, match="nothing was written"):
        insilico.save_result(responses, tmp_path / "other.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["result.nc"]


def test_any_changed_byte_is_found_before_the_file_is_parsed(responses, tmp_path, monkeypatch):
    content = insilico.save_result(responses, tmp_path / "result.nc").read_bytes()
    monkeypatch.setattr(xr, "open_dataset", lambda *_, **__: pytest.fail("was parsed"))
    rng = np.random.default_rng(0)
    for place in [*rng.integers(0, len(content), 200), *range(len(content) - SEAL_LENGTH, len(content))]:
        changed = bytearray(content)
        changed[place] ^= 1 << rng.integers(8)
        (tmp_path / "changed.nc").write_bytes(changed)
        with pytest.raises(ValueError, match=r"is damaged|not a netCDF file|carries no checksum"):
            insilico.load_result(tmp_path / "changed.nc")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_that_was_cut_off_is_refused(responses, tmp_path, share):
    path = insilico.save_result(responses, tmp_path / "result.nc")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"its end is lost|not a netCDF file"):
        insilico.load_result(path)


def test_other_programs_read_a_result_as_netcdf(responses, tmp_path):
    path = insilico.save_result(responses, tmp_path / "result.nc")
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        xr.testing.assert_identical(opened.load(), responses)


def test_the_same_result_has_the_same_checksum(responses, tmp_path):
    first, second = (checksum(insilico.save_result(responses, tmp_path / name)) for name in ("a.nc", "b.nc"))
    assert first == second
    other = responses.assign(response=responses["response"] * 1.000001)
    other["response"].attrs = responses["response"].attrs
    assert checksum(insilico.save_result(other, tmp_path / "c.nc")) != first


def test_a_folder_is_no_result(tmp_path):
    with pytest.raises(ValueError, match=r"it is no file\. Name result\.nc"):
        insilico.load_result(tmp_path)


def of_a_dead_process(path):
    """Return a path of an unfinished file as if a process that is no more had named it."""
    dead = subprocess.Popen([sys.executable, "-S", "-c", ""])
    dead.wait()
    return path.with_name(path.name.replace(f"-{os.getpid()}-", f"-{dead.pid}-"))


def test_what_a_killed_process_left_is_cleared_by_the_next_and_that_of_a_living_one_is_not(tmp_path):
    target = tmp_path / "r"
    left, mine, of_another = of_a_dead_process(unfinished(target)), unfinished(target), unfinished(tmp_path / "r2")
    left.mkdir()
    for path in (left / "half", mine, of_another):
        path.touch()
    check_writable(target)
    assert sorted(tmp_path.iterdir()) == sorted([mine, of_another])
    left.touch()
    write_whole(target, b"whole", b" thing")
    assert target.read_bytes() == b"whole thing"
    assert not left.exists()


def test_files_get_the_rights_that_the_user_asked_for(tmp_path):
    mask = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"x")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.fixture
def made(responses, tmp_path):
    """A folder with a result, and what makes it again with another number."""

    def write(number, out=tmp_path / "r"):
        protocol = protocols.contrast_response()
        content = {"protocol": protocol.name, "model": "m", "converged": True, "scores": [], "findings": [number]}
        figure = protocol.plot(responses)
        write_result(out, responses, figure=figure, page="page", content=content)
        return out

    return write(0), write


def test_a_result_that_is_replaced_is_there_at_every_moment(made, tmp_path):
    out, _ = made
    absent = []
    stop = threading.Event()

    def watch():
        for name in itertools.cycle(CONTENTS):
            if stop.is_set():
                return
            try:
                (out / name).open("rb").close()
            except FileNotFoundError:
                absent.append(name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(300):
            with result_folder(out) as folder:
                for name in CONTENTS:
                    (folder / name).touch()
    finally:
        stop.set()
        watcher.join()
    assert absent == []
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_of_runs_into_one_folder_the_last_one_stays_and_none_fails(tmp_path):
    out = tmp_path / "r"
    failed = []

    def write(number):
        try:
            for _ in range(40):
                with result_folder(out) as folder:
                    (folder / "summary.json").write_text(str(number))
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (out / "summary.json").read_text() in "0123"
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_where_names_cannot_be_exchanged_a_killed_replacement_is_undone(made, tmp_path, monkeypatch):
    def cannot(*_):
        raise NotImplementedError

    monkeypatch.setattr(files, "_exchange", cannot)
    out, write = made
    write(1)
    assert load_run(out)["findings"] == [1]
    aside = of_a_dead_process(unfinished(out)).with_suffix(files.ASIDE)
    os.rename(out, aside)  # as if killed between the two renames
    check_writable(out)
    assert load_run(out)["findings"] == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_a_full_disk_leaves_the_earlier_folder(made, tmp_path):
    out, write = made
    with full_disk(3000), pytest.raises(OSError, match="File too large"):
        write(1)
    assert load_run(out)["findings"] == [0]
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_an_edited_summary_and_the_data_of_another_run_are_refused(made, tmp_path):
    out, write = made
    summary = out / "summary.json"
    written = summary.read_text()
    summary.write_text(json.dumps(json.loads(written)))  # laid out anew, the same content
    assert load_run(out)["findings"] == [0]
    summary.write_text(written.replace('"converged": true', '"converged": false'))
    with pytest.raises(ValueError, match="changed after it was written"):
        load_run(out)
    summary.write_text(written)
    model = insilico.load_model("feedforward", **{"preparation.shape": (15, 15), "preparation.n_channels": 6})
    other = protocols.contrast_response().run(model, seed=1)
    insilico.save_result(other, out / "result.nc")
    with pytest.raises(ValueError, match=r"result\.nc is not of the run that summary\.json is of"):
        load_run(out)
    del other
    write(2)
    data = bytearray((out / "result.nc").read_bytes())
    data[len(data) // 2] ^= 1
    (out / "result.nc").write_bytes(data)
    with pytest.raises(ValueError, match="is damaged"):
        load_run(out)


def test_a_folder_that_may_not_be_written_is_noticed_before_any_work():
    with tempfile.TemporaryDirectory() as parent:
        out = Path(parent) / "r"
        out.mkdir()
        out.chmod(0o555)
        os.chmod(parent, 0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root may write everything, nobody may not
        try:
            with pytest.raises(PermissionError, match=r"r cannot be written: Permission denied\. Name a folder"):
                check_writable(out)
        finally:
            os.seteuid(user)
            out.chmod(0o755)
