"""Results on disk: netCDF, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import xarray as xr

from insilico.provenance import read_provenance
from stimuli.doors import door


@door
def save_result(data: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Write a result as netCDF 4 through a temporary file and a rename.

    Raises
    ------
    ValueError
        If a variable carries no `units` ("1" where dimensionless), or the provenance is missing.
    """
    read_provenance(data.attrs)
    for name, variable in data.variables.items():
        if not variable.attrs.get("units"):
            raise ValueError(f"variable {name!r} has no units: set attrs['units'], \"1\" where it is dimensionless.")
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent}: no such folder.")
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    try:
        data.to_netcdf(temporary, engine="h5netcdf")
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


@door
def load_result(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a result back into memory.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a netCDF file, or not one that this package wrote.
    """
    source = Path(path)
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file.")
    try:
        with xr.open_dataset(source, engine="h5netcdf") as opened:
            data = opened.load()
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{source} is not a netCDF file that can be read: {error}") from error
    found = {*data.data_vars, *data.attrs}
    missing = {"provenance"} - found
    if not found & {"response", "influence"}:
        missing |= {"response"}
    if missing:
        raise ValueError(
            f"{source} was not written by this package: it lacks {', '.join(sorted(missing))}. "
            "Results come from insilico.save_result or the command line."
        )
    try:
        read_provenance(data.attrs)
    except ValueError as error:
        raise ValueError(f"{source} was not written by this package: {error}") from error
    return data


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
