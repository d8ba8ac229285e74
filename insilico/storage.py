"""Results on disk: netCDF, written whole or not at all, and read only if not one byte has changed.

HDF5 ends a program that runs out of disk, and may never return from a damaged file. So files are made in memory, and
end, behind what HDF5 reads, with a line of their own: the SHA-256 of all before it, which is checked before HDF5 sees
the file. Other programs read such a file as any netCDF 4.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import xarray as xr

from insilico.derived import result_of
from insilico.provenance import read_provenance
from insilico.running.files import write_whole
from stimuli.doors import door

SEAL = b"\ninsilico-neurophysiology sha256 "
SEAL_LENGTH = len(SEAL) + 64 + 1  # digits of the hash, and the end of the line
HDF5 = b"\x89HDF\r\n\x1a\n"
BLOCK = 1 << 20  # bytes that are read at a time


@door
def save_result(
    data: xr.Dataset | xr.DataArray, path: str | os.PathLike[str], *, source: xr.Dataset | xr.DataArray | None = None
) -> Path:
    """Write a result, or what was derived from one, as netCDF 4 with a checksum, written under another name first.

    Parameters
    ----------
    data
        A result, or a curve or a measure made from one.
    path
        Of the file, in a folder that exists.
    source
        The result from which `data` was derived, where it does not carry its provenance itself (`tuning_curve` and
        the measures of `insilico.analysis` pass it on, arithmetic may not).

    Raises
    ------
    ValueError
        If a variable carries no `units` ("1" where dimensionless), or the provenance is missing.
    OSError
        If it cannot be written, as on a full disk; an earlier file is then unchanged.
    """
    data = result_of(data, source)
    for name, variable in data.variables.items():
        if not variable.attrs.get("units"):
            raise ValueError(f"variable {name!r} has no units: set attrs['units'], \"1\" where it is dimensionless.")
    return _written(data.to_netcdf(engine="h5netcdf"), Path(path))


@door
def save_results(data: Mapping[str, xr.Dataset], path: str | os.PathLike[str]) -> Path:
    """Write several results, each a group of one netCDF 4 file, as `save_result` writes one.

    `xarray.open_datatree` reads them.
    """
    return _written(xr.DataTree.from_dict(dict(data)).to_netcdf(engine="h5netcdf"), Path(path))


@door
def load_result(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a result back into memory.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a netCDF file, not one that this package wrote, or not as it was written.
    """
    source = Path(path)
    checksum(source)
    try:
        with xr.open_dataset(source, engine="h5netcdf") as opened:
            data = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ValueError(f"{source} is not a netCDF file that can be read: {error}") from error
    try:
        record = read_provenance(data.attrs)
    except ValueError as error:
        raise ValueError(f"{source} was not written by this package: {error}") from error
    if "derived" not in record and not {"response", "influence"} & set(map(str, data.data_vars)):
        raise ValueError(
            f"{source} was not written by this package: it lacks response. "
            "Results come from insilico.save_result or the command line."
        )
    return data


def checksum(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 that a result file carries, once it is found to be that of its content.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a netCDF file, carries no checksum, or another than its content has.
    """
    source = Path(path)
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file.")
    if not source.is_file():
        raise ValueError(f"{source} is not a netCDF file that can be read: it is no file. Name result.nc in it.")
    with source.open("rb") as file:
        if file.read(len(HDF5)) != HDF5:
            raise ValueError(f"{source} is not a netCDF file that can be read: it does not begin as netCDF 4 does.")
        left = max(0, file.seek(0, os.SEEK_END) - SEAL_LENGTH)
        file.seek(left)
        seal = file.read()
        if not seal.startswith(SEAL):
            raise ValueError(
                f"{source} was not written by this package, or its end is lost: it carries no checksum. Write it with "
                "insilico.save_result; what you trust can be read with xarray.open_dataset."
            )
        file.seek(0)
        content = sha256()
        while left:
            block = file.read(min(BLOCK, left))
            content.update(block)
            left -= len(block)
    if seal != _seal(content.hexdigest()):
        raise ValueError(f"{source} is damaged: its content is not what was written. Take a copy, or run it again.")
    return content.hexdigest()


def _written(content: memoryview, target: Path) -> Path:
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent}: no such folder.")
    write_whole(target, content, _seal(sha256(content).hexdigest()))
    return target


def _seal(digest: str) -> bytes:
    return SEAL + digest.encode("ascii") + b"\n"
