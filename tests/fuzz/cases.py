"""What is tried: valid calls by area, of which one argument at a time is made wrong or strange."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import insilico
import protocols
import stimuli
from insilico import analysis
from protocols.perturbation_file import read_perturbations
from tests.fuzz.values import STRANGE, WRONG, kind_of, shown

CURVE = xr.DataArray(
    [1.0, 3.0, 4.0, 3.5, 3.0, 2.5],
    dims="diameter",
    coords={"diameter": [0.5, 1.0, 2.0, 3.0, 4.0, 5.0]},
    name="response",
)
TUNED = xr.DataArray(
    [1.0, 2.0, 5.0, 2.0, 1.0, 0.5], dims="orientation", coords={"orientation": [0.0, 30.0, 60.0, 90.0, 120.0, 150.0]}
)
BAD_CURVES = (
    CURVE.rename({"diameter": "size"}),
    CURVE.isel(diameter=slice(0)),
    CURVE * np.nan,
    CURVE.astype(str),
    CURVE.astype(complex),
    CURVE.drop_vars("diameter"),
    CURVE.expand_dims(unit=2),
    CURVE.to_dataset(),
    CURVE.values,
    CURVE.isel(diameter=0),
)
GRATING: dict[str, Any] = {"orientation": 0.0, "spatial_frequency": 1.0, "diameter": 2.0}
PLACE: dict[str, Any] = {"contrast": 0.5, "position": (0.0, 0.0), "aperture": "disc", "edge_width": 0.0}

Call = tuple[Callable[..., Any], dict[str, Any]]

CALLS: dict[str, tuple[Call, ...]] = {
    "stimuli": (
        (stimuli.Grating, {**GRATING, **PLACE, "phase": 0.0, "temporal_frequency": 2.0, "modulation": "drift"}),
        (stimuli.Gabor, {"orientation": 0.0, "spatial_frequency": 1.0, "sigma": 0.5, "contrast": 0.5, "phase": 1.0}),
        (stimuli.Plaid, {**GRATING, **PLACE, "mask_orientation": 90.0, "mask_contrast": 0.5, "waveform": "sine"}),
        (
            stimuli.Annulus,
            {**PLACE, "inner_diameter": 1.0, "outer_diameter": 3.0, "orientation": 0.0, "spatial_frequency": 1.0},
        ),
        (
            stimuli.TiltIllusion,
            {"center_orientation": 0.0, "surround_orientation": 20.0, "spatial_frequency": 1.0, "center_diameter": 2.0},
        ),
        (
            stimuli.CenterSurround,
            {
                "center": stimuli.Grating(**GRATING),
                "surround": stimuli.Grating(orientation=9.0, spatial_frequency=1.0),
                "gap": 0.0,
            },
        ),
        (stimuli.Window, {"aperture": "disc", "diameter": 2.0, "edge_width": 0.1, "position": (0.0, 0.0)}),
        (stimuli.FeaturePatch, {"value": 30.0, "window": stimuli.Window(diameter=1.0), "contrast": 0.5}),
        (stimuli.Display, {"size_px": (16, 16), "ppd": 8.0, "refresh_hz": 60.0, "allow_undersampling": False}),
    ),
    "insilico": (
        (insilico.Sheet, {"shape": (11, 11), "pitch": 0.25, "boundary": "zero"}),
        (
            insilico.Preparation,
            {
                "sheet": insilico.Sheet(),
                "n_channels": 36,
                "tuning_width": 0.4,
                "center_diameter": 2.0,
                "gap": 0.1,
                "spacing": "even",
            },
        ),
        (
            insilico.Recording,
            {"cells": "center", "populations": ("output",), "window": (0.0, 30.0), "cadence": 3.0, "mechanisms": False},
        ),
        (insilico.Perturbation, {"units": (3,), "mode": "drive", "value": 1.0, "window": (0.0, 10.0)}),
        (insilico.Lesion, {"name": "T"}),
        (insilico.Opsin, {"strength": 1.0, "half_power": 1.0, "exponent": 2.0, "expressed": insilico.Targets()}),
        (
            insilico.Light,
            {"spots": ((0.0, 0.0),), "power": 1.0, "opsin": insilico.Opsin(), "lateral": 0.25, "window": (0.0, 9.0)},
        ),
        (
            insilico.Targets,
            {"preferred": 10.0, "within": 5.0, "position": (0.0, 0.0), "radius": 1.0, "fraction": 0.5, "seed": 3},
        ),
        (insilico.pulses, {"start": 0.0, "width": 1.0, "period": 2.0, "n": 3}),
        (insilico.load_model, {"name": "mely2018", "encoder": "population"}),
        (insilico.parameter_sets, {"name": "mely2018"}),
        (insilico.load_reference, {"name": "busse2009"}),
        (insilico.unit_ids, {"shape": (5, 5, 4), "population": "output", "y": 1, "x": 2, "feature": 3}),
    ),
    "analysis": (
        (analysis.preferred_size, {"curve": CURVE, "along": "diameter"}),
        (analysis.summation_size, {"curve": CURVE, "along": "diameter", "share": 0.9}),
        (analysis.unimodal, {"curve": CURVE, "along": "diameter", "tolerance": 0.01}),
        (analysis.suppression_index, {"curve": CURVE, "along": "diameter"}),
        (analysis.fit_naka_rushton, {"curve": CURVE, "along": "diameter"}),
        (analysis.fit_von_mises, {"curve": TUNED, "along": "orientation"}),
    ),
    "protocols": (
        (protocols.orientation_tuning, {"contrast": 0.5, "diameter": 2.0}),
        (protocols.size_tuning, {"diameters": (0.5, 1.0, 2.0), "contrasts": (0.1, 0.5)}),
        (protocols.contrast_response, {"contrasts": (0.1, 0.2, 0.5, 0.8, 1.0)}),
        (protocols.surround_orientation, {"contrast": 0.5}),
        (protocols.otoole_wenderoth1977, {"contrast": 0.5}),
        (protocols.kim_wilson1997, {"contrast": 0.5}),
        (protocols.protocol_named, {"name": "busse2009"}),
    ),
}
"""Valid calls by area; each constructs or measures, none solves a circuit."""

PROVENANCE = json.dumps({"versions": {}, "model": {}, "protocol": {}, "experiment": {}})
PERTURBATIONS = (
    "a:\n  - {mode: drive, value: 1.0, preferred: 0}\nb:\n  - {mode: silence, position: [0, 0], radius: 1}\n"
)
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("run", "size_tuning", "--model", "mely2018", "--out", "OUT", "--set", "WORD=1"),
    ("run", "WORD", "--model", "mely2018", "--out", "OUT"),
    ("run", "size_tuning", "--model", "WORD", "--out", "OUT"),
    ("run", "size_tuning", "--model", "mely2018", "--out", "OUT", "--lesion", "WORD"),
    ("run", "size_tuning", "--model", "mely2018", "--out", "OUT", "--parameters", "WORD"),
    ("run", "size_tuning", "--model", "mely2018", "--out", "OUT", "--seed", "WORD"),
    ("run", "size_tuning", "--model", "mely2018", "--out", "OUT", "--set", "contrasts=WORD"),
    ("run", "size_tuning", "--model", "mely2018", "--out", "OUT", "--perturbations", "WORD"),
    ("fit", "WORD", "--to", "busse2009", "--out", "OUT"),
    ("fit", "contextual", "--to", "WORD", "--out", "OUT"),
    ("compare", "WORD"),
    ("cite", "WORD"),
    ("WORD",),
)
WORDS = (
    "abc",
    "sise_tuning",
    "1.5x",
    "nan?",
    "/no/such/place",
    "--wrong",
    "ü",
    "[",
    "{a: 1}",
    "!!python/object:os.system",
    " ",
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input: where, what is called with it, whether it is known to be wrong."""

    area: str
    text: str
    call: Callable[[], Any]
    wrong: bool


def cases(rng: np.random.Generator, folder: Path) -> Iterator[Case]:
    """Yield cases without end; of every six four are calls, one is a file and one a command."""
    contents = _contents(folder)
    while True:
        for area in CALLS:
            yield _of_call(area, rng)
        yield _of_file(rng, folder, contents)
        yield _of_command(rng, folder)


def _of_call(area: str, rng: np.random.Generator) -> Case:
    function, valid = CALLS[area][rng.integers(len(CALLS[area]))]
    name = str(rng.choice(list(valid)))
    given = dict(valid)
    way = rng.random()
    if way < 0.08:
        given[name[:-1] + "q"] = given.pop(name)
        return _case(area, function, given, name, "misspelt", wrong=True)
    kind = kind_of(valid[name])
    wrong = way < 0.55
    if isinstance(valid[name], xr.DataArray) and not wrong:
        given[name] = BAD_CURVES[rng.integers(len(BAD_CURVES))]
    else:
        among = (WRONG if wrong else STRANGE)[kind]
        given[name] = among[rng.integers(len(among))]
    return _case(area, function, given, name, shown(given[name]), wrong=wrong)


def _case(area: str, function: Callable[..., Any], given: dict[str, Any], name: str, said: str, *, wrong: bool) -> Case:
    text = f"{function.__name__}({name}={said})" if said != "misspelt" else f"{function.__name__}({name} misspelt)"
    return Case(area=area, text=text, call=lambda: function(**given), wrong=wrong)


def _contents(folder: Path) -> dict[str, bytes]:
    curve = CURVE.assign_attrs(units="1").assign_coords(diameter=CURVE["diameter"].assign_attrs(units="deg"))
    result = xr.Dataset({"response": curve}).assign_attrs(provenance=PROVENANCE)
    insilico.save_result(result, folder / "valid.nc")
    return {"nc": (folder / "valid.nc").read_bytes(), "yaml": PERTURBATIONS.encode()}


def _of_file(rng: np.random.Generator, folder: Path, contents: dict[str, bytes]) -> Case:
    ending = str(rng.choice(["nc", "yaml", "toml"]))
    data = bytearray(contents.get(ending, b""))
    if ending == "toml":
        data = bytearray(b'[found]\ndescription = "x"\nn_fitted = 0\n')
    way = str(rng.choice(["byte", "cut", "empty", "noise", "bytes", "insert"]))
    if way == "byte":
        data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
    elif way == "bytes":
        for place in rng.integers(len(data), size=20):
            data[place] = rng.integers(256)
    elif way == "cut":
        del data[rng.integers(len(data)) :]
    elif way == "insert":
        place = int(rng.integers(len(data)))
        data[place:place] = rng.choice([b"true", b"'1'", b"[[", b"nan", b": ", b"{", b"\xff", b"1e999", b"&a *a"])
    elif way == "noise":
        data = bytearray(rng.bytes(200))
    else:
        data = bytearray()
    path = folder / f"damaged.{ending}"
    content = bytes(data)
    read = {"nc": insilico.load_result, "yaml": read_perturbations, "toml": _load}[ending]

    def call() -> Any:
        path.write_bytes(content)
        return read(path)

    wrong = ending == "nc" and content != contents["nc"] and way != "insert"
    return Case(area="files", text=f"{ending}: {way} {shown(content[:40])}", call=call, wrong=wrong)


def _load(path: Path) -> Any:
    return insilico.load_model("contextual", path)


def _of_command(rng: np.random.Generator, folder: Path) -> Case:
    from tests.fuzz.command import refused

    word = WORDS[rng.integers(len(WORDS))]
    template = COMMANDS[rng.integers(len(COMMANDS))]
    out = tempfile.mktemp(dir=folder)  # a name only: nothing is written where a command is refused
    words = [part.replace("OUT", out).replace("WORD", word) for part in template]
    return Case(area="command line", text=" ".join(words).replace(out, "OUT"), call=lambda: refused(words), wrong=True)
