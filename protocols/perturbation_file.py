"""Perturbations from a YAML file: a name, and under it a list of what is done.

    silence the far surround:
      - {mode: silence, position: [4, 0], radius: 1}
    drive every second unit that prefers vertical:
      - {mode: drive, value: 0.5, preferred: 90, within: 10, fraction: 0.5, seed: 1}
    two beams of light:
      - {mode: light, spots: [[0, 0], [1, 0]], power: 2, lateral: 0.25, opsin: {strength: 1, half_power: 1}}
    without T:
      - {mode: lesion, name: T}

Units are said by populations, preferred, within, position, radius, fraction and seed (`insilico.Targets`); `window` is
[start, stop]; `pulses: {start, width, period, n}` repeats an entry over a train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from insilico import Lesion, Light, Opsin, Perturbation, Targets, pulses
from insilico.experiment import Act
from insilico.perturb import MODES
from stimuli.errors import unknown_name

OF_TARGETS = {f.name for f in fields(Targets)}
OF_LIGHT = {f.name for f in fields(Light)}
OF_OPSIN = {f.name for f in fields(Opsin)} - {"expressed"}
TIMING = {"window", "pulses"}


def read_perturbations(path: Path) -> dict[str, list[Act]]:
    """Return the perturbations of a file, by name.

    Raises
    ------
    ValueError
        If the file is no YAML, holds no named lists, or an entry has an unknown key or value; says where.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"{path}: must hold names, each with a list of perturbations.")
    found = {}
    for name, entries in content.items():
        listed = entries if isinstance(entries, list) else [entries]
        acts: list[Act] = []
        for number, entry in enumerate(listed, start=1):
            try:
                acts += _acts(entry)
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(f"{path}, {name!r}, entry {number}: {error}") from error
        found[str(name)] = acts
    return found


def _acts(entry: Any) -> list[Act]:
    if not isinstance(entry, Mapping) or "mode" not in entry:
        raise ValueError(f"{entry!r}: must be a mapping with a mode, as in {{mode: silence, preferred: 0}}.")
    given = {str(key): value for key, value in entry.items()}
    mode = given.pop("mode")
    if mode == "lesion":
        _known(given, {"name"})
        return [Lesion(given["name"])]
    if mode not in (*MODES, "light"):
        raise unknown_name("mode", str(mode), (*MODES, "light", "lesion"))
    if "window" in given and "pulses" in given:
        raise ValueError("window and pulses: give one of them.")
    windows = pulses(**given.pop("pulses")) if "pulses" in given else [tuple(given.pop("window", (0.0, float("inf"))))]
    act = _light(given) if mode == "light" else _perturbation(mode, given)
    return [replace(act, window=window) for window in windows]


def _perturbation(mode: str, given: dict[str, Any]) -> Perturbation:
    _known(given, OF_TARGETS | {"value"} | TIMING)
    return Perturbation(units=_targets(given), mode=mode, value=given.get("value"))


def _light(given: dict[str, Any]) -> Light:
    _known(given, OF_LIGHT | OF_TARGETS | TIMING)
    of_opsin = given.pop("opsin", {})
    _known(of_opsin, OF_OPSIN)
    expressed = _targets({key: given.pop(key) for key in OF_TARGETS & given.keys()})
    spots = tuple(tuple(spot) for spot in given.pop("spots"))
    power = given.pop("power")
    opsin = Opsin(expressed=expressed, **of_opsin)
    return Light(spots=spots, power=tuple(power) if isinstance(power, list) else power, opsin=opsin, **given)


def _targets(given: Mapping[str, Any]) -> Targets:
    own: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items() if key in OF_TARGETS}
    return Targets(**own)


def _known(given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise unknown_name("key", str(key), known)
