"""The files of a result: written together, and read only if they are of the same run and as they were written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import xarray as xr

from insilico.running.files import write_whole
from insilico.storage import checksum, save_result, save_results
from protocols.folder import CONTENTS, result_folder
from protocols.report import png
from protocols.summary import as_json

CHECKSUMS, RESULT, SUMMARY = "checksums", "result.nc", "summary.json"
EXPECTED = ("scores", "protocol", "findings", "model", "converged", CHECKSUMS)


def write_result(
    out: Path,
    data: xr.Dataset | Mapping[str, xr.Dataset],
    *,
    figure: Any,
    page: str,
    content: Mapping[str, Any],
    further: Mapping[str, str] | None = None,
) -> None:
    """Write result.nc, figure.png, report.html and summary.json, all or nothing.

    Parameters
    ----------
    out
        Folder, new or an earlier result.
    data
        One result, or several by the name of their group.
    figure, page
        matplotlib figure, and HTML page.
    content
        Of summary.json, to which the checksums of result.nc and of itself are added.
    further
        Text files by name.
    """
    texts = further or {}
    image = png(figure)
    with result_folder(out, extra=tuple(texts)) as folder:
        path = folder / RESULT
        written = save_result(data, path) if isinstance(data, xr.Dataset) else save_results(data, path)
        signed = _signed(content, checksum(written))
        write_whole(folder / "figure.png", image)
        for name, text in {"report.html": page, **texts, SUMMARY: as_json(signed)}.items():
            write_whole(folder / name, text.encode("utf-8"))


def load_run(folder: Path) -> dict[str, Any]:
    """Return the summary of a finished run.

    Raises
    ------
    FileNotFoundError
        If the folder does not hold a result.
    ValueError
        If its summary or its data are not as they were written, or not of one run.
    """
    missing = [name for name in CONTENTS if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder} is no result folder: it lacks {', '.join(missing)}. Make one with insilico run."
        )
    source = folder / SUMMARY
    text = source.read_bytes()
    try:
        content = json.loads(text)
        of_data, of_summary = (content[CHECKSUMS][name] for name in (RESULT, SUMMARY))
        for key in EXPECTED:
            content[key]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{source} is not a summary of this program, or of an earlier one: {error}.") from error
    if of_summary != _digest(content):
        raise ValueError(f"{source} was changed after it was written: what it says is not what was run. Run it again.")
    if of_data != checksum(folder / RESULT):
        if source.read_bytes() != text:
            return load_run(folder)  # another run took its place between the two files
        raise ValueError(f"{folder}: result.nc is not of the run that summary.json is of. Run it again.")
    return content


def _signed(content: Mapping[str, Any], of_data: str) -> dict[str, Any]:
    """Return a summary with the checksum of the data and its own."""
    signed = {**content, CHECKSUMS: {RESULT: of_data}}
    return {**content, CHECKSUMS: {RESULT: of_data, SUMMARY: _digest(json.loads(as_json(signed)))}}


def _digest(content: Mapping[str, Any]) -> str:
    """Return the checksum of a summary, as read from JSON, without its own checksum."""
    sums = {name: value for name, value in content[CHECKSUMS].items() if name != SUMMARY}
    return sha256(json.dumps({**content, CHECKSUMS: sums}, sort_keys=True).encode()).hexdigest()
