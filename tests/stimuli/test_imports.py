"""Importing is light, and everything public can be reached."""

import importlib
import json
import pkgutil
import subprocess
import sys

import pytest

import stimuli

HEAVY = ["numba", "matplotlib", "torch", "psychopy", "dask"]


def heavy_after(code):
    program = f"{code}\nimport sys, json\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_loads_nothing_heavy():
    assert heavy_after("import stimuli") == []


def test_describing_and_the_reference_load_nothing_heavy():
    code = (
        "import stimuli\n"
        "s = stimuli.StimulusSet.of([stimuli.Grating(orientation=0, spatial_frequency=1)])\n"
        "s.render(stimuli.Display(size_px=(8, 8), ppd=8), backend='numpy')\n"
        "s[0].layers('orientation', 0.0, 0.0)"
    )
    assert heavy_after(code) == []


def test_drawing_loads_numba_and_plotting_loads_matplotlib():
    assert heavy_after("import stimuli.kernels.separable") == ["numba"]
    assert heavy_after("import stimuli; stimuli.plotting") == ["matplotlib"]


def test_no_public_name_is_replaced_by_a_module_of_that_name():
    modules = {module.name for module in pkgutil.iter_modules(stimuli.__path__)}
    for module in modules:
        importlib.import_module(f"stimuli.{module}")
    for name in stimuli.__all__:
        assert name == "conventions" or name not in modules
        assert getattr(stimuli, name) is not None
    assert callable(stimuli.render)


def test_the_distribution_is_named_apart_from_the_package():
    assert stimuli.__distribution__ == "insilico-neurophysiology"
    assert stimuli.__version__
    assert "plotting" in dir(stimuli)


def test_an_unknown_name_is_an_attribute_error_that_lists_the_known():
    with pytest.raises(AttributeError, match=r"no attribute 'Gratin'.*Grating"):
        stimuli.Gratin  # noqa: B018
