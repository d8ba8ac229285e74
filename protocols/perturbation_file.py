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
[start, stop]; `pulses: {start, width, period, n}` repeats an entry over a train. Both need a recording over time, in
Python: `experiment.run(model, perturbations=read_perturbations(path), recording=Recording(window=(0, 200)))`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from insilico import Lesion, Light, Opsin, Perturbation, Targets, pulses
from insilico.experiment import Act
from insilico.perturb import MODES
from stimuli.doors import door
from stimuli.errors import unknown_name

OF_TARGETS = {f.name for f in fields(Targets)}
OF_LIGHT = {f.name for f in fields(Light)}
OF_OPSIN = {f.name for f in fields(Opsin)} - {"expressed"}
OF_PULSES = ("start", "width", "period", "n")
TIMING = {"window", "pulses"}


class _Loader(yaml.SafeLoader):
    """YAML in which a key may stand once only."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node; raise YAMLError for a key that is there twice."""
        keys = [str(self.construct_object(key, deep=True)) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key!r} is there twice: names and keys must differ.")
        return super().construct_mapping(node, deep=deep)


# YAML 1.2 reads 010 as ten, 1e-3 as a number, and 1:30, yes and 2020-01-01 as text
_INT, _FLOAT, _BOOL = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool"))
_OLD = {_INT, _FLOAT, _BOOL, "tag:yaml.org,2002:timestamp"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag not in _OLD]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_DIGITS = [*"-+0123456789"]
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(true|True|TRUE|false|False|FALSE)$"), [*"tTfF"])
_Loader.add_implicit_resolver(_INT, re.compile(r"[-+]?[0-9]+$"), _DIGITS)
_Loader.add_implicit_resolver(
    _FLOAT,
    re.compile(r"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"),
    [*_DIGITS, "."],
)


def _whole(_: Any, node: Any) -> int:
    return int(node.value)


_Loader.add_constructor(_INT, _whole)


@door
def read_perturbations(path: Path) -> dict[str, list[Act]]:
    """Return the perturbations of a file, by name.

    Raises
    ------
    ValueError
        If the file is no YAML, holds no named lists, or an entry has an unknown key or value; says where.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except RecursionError as error:
        raise ValueError(f"{path} is nested too deeply: it must hold names, each with a list of mappings.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
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
        _needed(given, ("name",), mode)
        return [Lesion(given["name"])]
    if mode not in (*MODES, "light"):
        raise unknown_name("mode", str(mode), (*MODES, "light", "lesion"))
    if "window" in given and "pulses" in given:
        raise ValueError("window and pulses: give one of them.")
    windows = _windows(given)
    act = _light(given) if mode == "light" else _perturbation(mode, given)
    return [replace(act, window=window) for window in windows]


def _windows(given: dict[str, Any]) -> list[tuple[float, float]]:
    """Take window or pulses out of an entry."""
    if "pulses" in given:
        train = _mapping(given.pop("pulses"), "pulses")
        _known(train, set(OF_PULSES))
        _needed(train, OF_PULSES, "pulses")
        return list(pulses(**{key: _number(value, key) for key, value in train.items()}))
    if "window" in given:
        return [_pair(given.pop("window"), "window")]
    return [(0.0, float("inf"))]


def _perturbation(mode: str, given: dict[str, Any]) -> Perturbation:
    _known(given, OF_TARGETS | {"value"} | TIMING)
    if "value" in given:
        value = given["value"]
        given["value"] = _numbers(value, "value") if isinstance(value, list) else _number(value, "value")
    return Perturbation(units=_targets(given), mode=mode, value=given.get("value"))


def _light(given: dict[str, Any]) -> Light:
    _known(given, OF_LIGHT | OF_TARGETS | TIMING)
    _needed(given, ("spots", "power"), "light")
    of_opsin = {key: _number(v, key) for key, v in _mapping(given.pop("opsin", {}), "opsin").items()}
    _known(of_opsin, OF_OPSIN)
    expressed = _targets({key: given.pop(key) for key in OF_TARGETS & given.keys()})
    spots = given.pop("spots")
    if not isinstance(spots, list) or not spots:
        raise ValueError(f"spots = {spots!r}: must be a list of [x, y], as in [[0, 0], [1, 0]].")
    power = given.pop("power")
    return Light(
        spots=tuple(_pair(spot, "spots") for spot in spots),
        power=_numbers(power, "power") if isinstance(power, list) else _number(power, "power"),
        opsin=Opsin(expressed=expressed, **of_opsin),
        **{key: _number(value, key) for key, value in given.items()},
    )


def _targets(given: Mapping[str, Any]) -> Targets:
    own: dict[str, Any] = {}
    for key in OF_TARGETS & given.keys():
        value = given[key]
        if key == "populations":
            own[key] = (value,) if isinstance(value, str) else tuple(map(str, value))
        else:
            own[key] = _pair(value, key) if key == "position" else _number(value, key)
    return Targets(**own)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} = {value!r}: must be a mapping of keys to numbers, {{key: number}}.")
    return {str(key): each for key, each in value.items()}


def _number(value: Any, name: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} = {value!r}: must be a number.")
    return value


def _numbers(value: Any, name: str) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name} = {value!r}: must be a list of numbers.")
    return tuple(_number(each, name) for each in value)


def _pair(value: Any, name: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{name} = {value!r}: must be two numbers, […, …].")
    return _number(value[0], name), _number(value[1], name)


def _needed(given: Mapping[str, Any], names: tuple[str, ...], of: str) -> None:
    for name in names:
        if name not in given:
            raise ValueError(f"{of} needs {', '.join(names)}: there is no {name}.")


def _known(given: Mapping[str, Any], known: set[str]) -> None:
    for key in given:
        if key not in known:
            raise unknown_name("key", str(key), known)
