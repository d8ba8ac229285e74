"""Imports are lazy, names do not clash, strangers of the same name are told apart."""

import importlib
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import insilico
import protocols
import stimuli

HEAVY = ("numba", "matplotlib", "torch", "psychopy", "dask")


@pytest.mark.parametrize("package", ["stimuli", "insilico", "protocols", "protocols.cli"])
def test_import_leaves_heavy_libraries_out(package):
    code = f"import sys, {package}; print([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("package", [stimuli, insilico, protocols])
def test_no_public_function_bears_the_name_of_a_module(package):
    modules = {m.name for m in pkgutil.iter_modules(package.__path__)}
    for name in modules:
        importlib.import_module(f"{package.__name__}.{name}")
    for name in package.__all__:
        assert name not in modules or name in ("analysis", "plotting", "conventions")
        assert getattr(package, name) is not None
        assert not (callable(getattr(package, name)) and name in modules)


@pytest.mark.parametrize(("package", "stranger"), [("insilico", "stimuli"), ("protocols", "insilico")])
def test_a_stranger_of_the_same_name_is_named(tmp_path, package, stranger):
    (tmp_path / f"{stranger}.py").write_text("x = 1\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {package}"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert out.returncode != 0
    assert str(tmp_path / f"{stranger}.py") in out.stderr
    assert "Rename it" in out.stderr


def test_all_packages_are_of_one_distribution():
    assert {p.__distribution__ for p in (stimuli, insilico, protocols)} == {"insilico-neurophysiology"}
    assert len({p.__version__ for p in (stimuli, insilico, protocols)}) == 1


def test_every_file_of_a_circuit_is_in_the_contract_that_keeps_circuits_apart():
    text = (Path(insilico.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    [apart] = [c for c in contracts if c["name"] == "no circuit imports another"]
    here = importlib.import_module("insilico.circuits")
    files = {m.name for m in pkgutil.iter_modules(here.__path__)}
    shared = {name for name in files if name in ("arrays", "course") or name.startswith("two_stage")}
    assert set(apart["modules"]) == {f"insilico.circuits.{name}" for name in files - shared}
