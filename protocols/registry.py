"""The experiments by name; one line of registration for a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.base import AbstractProtocol
from protocols.chettih_harvey import chettih_harvey2019
from protocols.influence_map import influence_mapping
from protocols.mask_optimisation import mask_optimisation
from protocols.papers import (
    busse2009,
    kim_wilson1997,
    klauke_wachtler2015,
    marshak_sekuler1979,
    otoole_wenderoth1977,
    trott_born2015_matrix,
    trott_born2015_plaid,
    westheimer_levi1987,
)
from protocols.standard import contrast_response, orientation_tuning, size_tuning, surround_orientation, v1_facts
from stimuli.doors import door
from stimuli.errors import unknown_name

PUBLISHED: dict[str, Callable[..., AbstractProtocol]] = {  # with a table and a geometry
    "busse2009": busse2009,
    "trott_born2015_plaid": trott_born2015_plaid,
    "trott_born2015_matrix": trott_born2015_matrix,
    "otoole_wenderoth1977": otoole_wenderoth1977,
    "kim_wilson1997": kim_wilson1997,
    "marshak_sekuler1979": marshak_sekuler1979,
    "klauke_wachtler2015": klauke_wachtler2015,
}
PROTOCOLS: dict[str, Callable[..., AbstractProtocol]] = {
    **PUBLISHED,
    "westheimer_levi1987": westheimer_levi1987,
    "orientation_tuning": orientation_tuning,
    "contrast_response": contrast_response,
    "size_tuning": size_tuning,
    "surround_orientation": surround_orientation,
    "v1_facts": v1_facts,
    "influence_mapping": influence_mapping,
    "mask_optimisation": mask_optimisation,
    "chettih_harvey2019": chettih_harvey2019,
}


def list_protocols() -> tuple[str, ...]:
    """Return the names of all experiments."""
    return tuple(PROTOCOLS)


@door
def protocol_named(name: str, **settings: Any) -> AbstractProtocol:
    """Return an experiment by name, with settings of its own; raises UnknownNameError with the nearest name."""
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    geometry = {"geometry": settings.pop("geometry")} if "geometry" in settings else {}
    if geometry and name not in PUBLISHED:
        raise ValueError(
            f"geometry = {geometry['geometry']!r}: {name} has no published geometry; set preparation fields."
        )
    return PROTOCOLS[name](**geometry).with_settings(**settings)
