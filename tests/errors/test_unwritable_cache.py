"""Kernels work where nothing can be kept on disk, and say so once."""

import warnings

import pytest
from numba.core.caching import CacheImpl

from stimuli.kernels import compilation


def test_kernels_are_compiled_where_no_cache_can_be_written(monkeypatch):
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    compilation._warn.cache_clear()
    with pytest.warns(compilation.NotKeptWarning, match="NUMBA_CACHE_DIR"):

        @compilation.compiled(error_model="numpy")
        def half(x):
            return x / 2

    assert half(3.0) == 1.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compilation.compiled()(abs_of)  # said once


def abs_of(x):
    return abs(x)


def test_every_kernel_that_is_kept_does_without_a_cache(monkeypatch):
    import insilico.kernels.two_stage_sweep as sweep

    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", compilation.NotKeptWarning)
        assert sweep._entry(0) is not None
