"""A command ends with one line and nothing half written: by an error, by a signal, into a pipe, in ASCII."""

import os
import re
import signal
import subprocess
import sys
import time
from importlib import metadata

import psutil
import pytest

from protocols.cli import main

INSILICO = [sys.executable, "-m", "protocols.cli"]
FAST = ["--set", "preparation.shape=(31, 31)", "preparation.n_channels=12"]
FIT = ["fit", "--to", "busse2009", "--free", "c50", "n", "tuning_width@cat", "--processes", "2", "--starts", "500"]
PROMPT = 20.0  # s, from the signal to the end of the last process: below 2 s where nothing else runs
STARTED = 300.0  # s, for imports on a busy machine


def ended(status, err):
    [line] = err.splitlines()
    return status, line


def failing(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("protocols.cli.load_run", fail)


def test_a_fault_of_the_program_is_told_from_a_wrong_argument(monkeypatch, capsys, tmp_path):
    failing(monkeypatch, AttributeError("no attribute\n'x'"))
    status, line = ended(main(["compare", str(tmp_path)]), capsys.readouterr().err)
    assert status == 1
    assert line.startswith("internal error: AttributeError: no attribute 'x'; please report it, INSILICO_DEBUG=1")
    failing(monkeypatch, ValueError("value\nx"))
    assert ended(main(["compare", str(tmp_path)]), capsys.readouterr().err) == (2, "error: value x")
    failing(monkeypatch, MemoryError("Unable to allocate 3 TiB"))
    status, line = ended(main(["compare", str(tmp_path)]), capsys.readouterr().err)
    assert status == 2
    assert line.startswith("error: memory ran out (Unable to allocate 3 TiB): ask for fewer")


def test_debugging_shows_where_an_error_arose(monkeypatch, tmp_path):
    failing(monkeypatch, ValueError("here"))
    monkeypatch.setenv("INSILICO_DEBUG", "1")
    with pytest.raises(ValueError, match="here"):
        main(["compare", str(tmp_path)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_a_command_with_their_own_status(monkeypatch, capsys, tmp_path, number):
    monkeypatch.setattr("protocols.cli.load_run", lambda _: os.kill(os.getpid(), number) or time.sleep(5))
    handlers = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)]
    status, line = ended(main(["compare", str(tmp_path)]), capsys.readouterr().err)
    assert status == 128 + number
    assert line == "interrupted: no result was left half written"
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)] == handlers


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"insilico-neurophysiology {metadata.version('insilico-neurophysiology')}\n"


def test_a_terminal_that_knows_only_ascii_still_gets_its_results(tmp_path):
    command = [*INSILICO, "run", "contrast_response", "--model", "feedforward", "--out", tmp_path / "r", *FAST]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr.count("Error")) == (0, 0)
    assert "all converged" in done.stdout
    assert done.stdout.isascii()


def test_a_reader_that_has_seen_enough_ends_a_command_quietly():
    command = " ".join([*INSILICO, "list"])
    done = subprocess.run(f"{command} | true", shell=True, capture_output=True, text=True)
    assert done.stderr == ""


def test_bars_say_what_they_run(capsys, tmp_path):
    arguments = ["run", "size_tuning", "--model", "feedforward", "--out", str(tmp_path / "r"), *FAST]
    assert main(arguments) == 0
    assert "size_tuning, feedforward:" in capsys.readouterr().err


def test_a_fit_in_processes_stops_at_once_and_keeps_its_finished_starts(tmp_path):
    out, ledger = tmp_path / "f", tmp_path / "f.starts"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    program = subprocess.Popen(
        [*INSILICO, *FIT, "--out", out], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        end = time.monotonic() + STARTED
        while not list(ledger.glob("*.json")):
            assert program.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        children = psutil.Process(program.pid).children(recursive=True)
        began = time.monotonic()
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=STARTED)
        _, alive = psutil.wait_procs(children, timeout=PROMPT)
        assert alive == []
        assert time.monotonic() - began < PROMPT
    finally:
        program.kill()
    assert program.returncode == 128 + signal.SIGINT
    assert re.split("[\r\n]", err.strip())[-1].endswith(
        f"no result was left half written; finished starts are in {ledger}, the same command goes on from there"
    )
    assert "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["f.starts"]
    assert all(path.suffix == ".json" for path in ledger.iterdir())
