"""Work in processes stops at once, leaves no process, and survives the death of a worker."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from insilico.running.tasks import WorkerDiedWarning, run_tasks

POOL = """
import os, sys, time
from pathlib import Path
from insilico.running.tasks import run_tasks

def nap(folder):
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)

if __name__ == "__main__":
    run_tasks(nap, [sys.argv[1]] * 4, name="naps", unit="nap", processes=2)
"""
PROMPT = 20.0  # s, from the signal to the end of the last process: below 2 s where nothing else runs
STARTED = 300.0  # s, for imports on a busy machine


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def pool(tmp_path):
    """A program with two workers in the middle of their tasks, and the ids of these."""
    script, folder = tmp_path / "pool.py", tmp_path / "pids"
    script.write_text(POOL)
    folder.mkdir()
    program = subprocess.Popen([sys.executable, script, folder], stderr=subprocess.PIPE, text=True)
    assert until(lambda: len(list(folder.iterdir())) == 2, STARTED)
    pids = [child.pid for child in psutil.Process(program.pid).children(recursive=True)]
    workers = [int(path.name) for path in folder.iterdir()]
    assert set(workers) < set(pids)
    yield program, pids, workers
    for pid in (program.pid, *pids):
        if running(pid):
            os.kill(pid, signal.SIGKILL)
    program.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_one_that_was_stopped(pool, how):
    program, pids, _ = pool
    program.send_signal(how)
    assert until(lambda: program.poll() is not None and not any(map(running, pids)), PROMPT)


def test_ctrl_c_in_a_terminal_reaches_workers_and_only_the_command_speaks(pool):
    program, pids, workers = pool
    for pid in workers:
        os.kill(pid, signal.SIGINT)
    time.sleep(0.1)
    assert all(map(running, workers))
    program.send_signal(signal.SIGINT)
    assert until(lambda: program.poll() is not None and not any(map(running, pids)), PROMPT)
    assert program.stderr.read().count("Traceback") == 1  # of the script, which does not catch KeyboardInterrupt


def dies_once(folder, task):
    """Kill the own process at the first attempt of task 1."""
    (folder / f"{task}-{os.getpid()}").touch()
    if task == 1 and len(list(folder.glob("1-*"))) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * task


def test_the_task_of_a_killed_worker_is_named_and_done_again(tmp_path):
    with pytest.warns(
        WorkerDiedWarning, match=r"start 1 of a fit died \(signal 9\): it is done again \(attempt 2 of 3\)"
    ):
        found = run_tasks(partial(dies_once, tmp_path), range(4), name="a fit", unit="start", processes=2)
    assert found == [0, 10, 20, 30]
    attempts = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert attempts == ["0", "1", "1", "2", "3"]  # no other task was lost


@pytest.mark.filterwarnings("ignore::insilico.running.tasks.WorkerDiedWarning")
def test_a_task_that_kills_every_worker_is_given_up_by_name():
    with pytest.raises(ChildProcessError, match=r"start [01] of a fit died 3 times .*exit code 7"):
        run_tasks(os._exit, [7, 7], name="a fit", unit="start", processes=2)


class Kept(dict):
    """A ledger in memory."""

    read, write = dict.get, dict.__setitem__


def test_finished_tasks_are_not_done_again():
    ledger = Kept({1: 5})
    assert run_tasks(lambda task: -task, [0, 1, 2], name="some", unit="one", ledger=ledger) == [0, 5, -2]
    assert ledger == {0: 0, 1: 5, 2: -2}


def test_a_bar_says_what_is_run(capsys):
    run_tasks(
        abs, range(2), name="tilt, centre 10 % off", unit="start", progress=True, state=lambda r: f"{max(r)} best"
    )
    shown = capsys.readouterr().err
    assert "tilt, centre 10 % off:" in shown
    assert "starts" in shown
    assert "1 best" in shown


def test_an_error_in_a_task_ends_the_others_at_once(tmp_path):
    before = time.monotonic()
    with pytest.raises(FileNotFoundError, match="no_such_file"):
        run_tasks(Path.stat, [Path("no_such_file"), tmp_path], name="some", unit="one", processes=2)
    assert time.monotonic() - before < STARTED
    assert not [c for c in psutil.Process().children() if running(c.pid) and "spawn_main" in " ".join(c.cmdline())]


@pytest.mark.parametrize("processes", [0, -2])
def test_a_number_of_processes_below_one_is_refused(processes):
    with pytest.raises(ValueError, match="must be 1 or more"):
        run_tasks(abs, [1], name="some", unit="one", processes=processes)
