"""What is done: named experiments, their published tables, and the command line.

>>> import protocols
>>> protocols.busse2009().cite()  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module, metadata

__distribution__ = "insilico-neurophysiology"
for _name in ("stimuli", "insilico"):
    _sibling = import_module(_name)
    if getattr(_sibling, "__distribution__", None) != __distribution__:
        _where = getattr(_sibling, "__file__", None) or getattr(_sibling, "__path__", "?")
        raise ImportError(
            f"{_name!r} was imported from {_where}, which does not belong to {__distribution__}: another package or "
            "folder of that name comes first on sys.path. Rename it, uninstall it, or start Python elsewhere."
        )

from protocols.base import AbstractProtocol
from protocols.center_surround import CenterSurroundMatrix
from protocols.chettih_harvey import ChettihHarvey, chettih_harvey2019
from protocols.direction_induction import DirectionInduction, DirectionRepulsion
from protocols.disparity_induction import DisparityInduction
from protocols.fit_command import fit_problem
from protocols.grating_contrast import ContrastResponse
from protocols.grating_orientation import OrientationTuning
from protocols.grating_size import SizeTuning
from protocols.hue_induction import HueInduction
from protocols.induction import AbstractInduction
from protocols.influence_map import InfluenceMapping, influence_mapping
from protocols.light import surround_under_light
from protocols.neighbouring import neighbouring_geometries
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
from protocols.plaid_contrasts import PlaidContrasts, per_panel_squared_correlation
from protocols.plaid_surround import PlaidSurround
from protocols.registry import list_protocols, protocol_named
from protocols.response_table import AbstractResponseTable
from protocols.standard import contrast_response, orientation_tuning, size_tuning, surround_orientation, v1_facts
from protocols.surround_tuning import SurroundOrientation
from protocols.table import AbstractTableProtocol, Reader
from protocols.tilt_induction import TiltInduction
from protocols.v1_battery import V1Facts

__version__ = metadata.version(__distribution__)
__all__ = [
    "AbstractInduction",
    "AbstractProtocol",
    "AbstractResponseTable",
    "AbstractTableProtocol",
    "CenterSurroundMatrix",
    "ChettihHarvey",
    "ContrastResponse",
    "DirectionInduction",
    "DirectionRepulsion",
    "DisparityInduction",
    "HueInduction",
    "InfluenceMapping",
    "OrientationTuning",
    "PlaidContrasts",
    "PlaidSurround",
    "Reader",
    "SizeTuning",
    "SurroundOrientation",
    "TiltInduction",
    "V1Facts",
    "busse2009",
    "chettih_harvey2019",
    "contrast_response",
    "fit_problem",
    "influence_mapping",
    "kim_wilson1997",
    "klauke_wachtler2015",
    "list_protocols",
    "marshak_sekuler1979",
    "neighbouring_geometries",
    "orientation_tuning",
    "otoole_wenderoth1977",
    "per_panel_squared_correlation",
    "protocol_named",
    "size_tuning",
    "surround_orientation",
    "surround_under_light",
    "trott_born2015_matrix",
    "trott_born2015_plaid",
    "v1_facts",
    "westheimer_levi1987",
]
