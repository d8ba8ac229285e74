"""Who is recorded: circuits, encoders, perturbation, recording, analysis and reference data.

>>> import insilico, protocols
>>> experiment = protocols.busse2009()
>>> experiment.compare(experiment.run(insilico.load_model("mely2018")))  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from importlib import metadata
from types import ModuleType

import stimuli

__distribution__ = "insilico-neurophysiology"
if getattr(stimuli, "__distribution__", None) != __distribution__:
    _where = getattr(stimuli, "__file__", None) or getattr(stimuli, "__path__", "?")
    raise ImportError(
        f"'stimuli' was imported from {_where}, which does not belong to {__distribution__}: another package or "
        "folder of that name comes first on sys.path. Rename it, uninstall it, or start Python elsewhere."
    )

from insilico import analysis
from insilico.comparison import Comparison, Finding
from insilico.contract import check_model
from insilico.encode import PopulationCode, StaticEncoderWarning
from insilico.energy import EnergyModel
from insilico.execute import NotConvergedWarning, record
from insilico.fitting import FitResult, fit
from insilico.light import Light, Opsin, pulses
from insilico.model import Model, SheetModel
from insilico.perturb import Lesion, Perturbation, unit_ids
from insilico.preparation import Preparation, PreparationNameWarning, Sheet
from insilico.recording import Recording
from insilico.reference_data import ReferenceData, list_references, load_reference
from insilico.storage import load_result, save_result
from insilico.targets import Targets
from insilico.zoo import ParameterSet, list_models, load_model, parameter_sets

__version__ = metadata.version(__distribution__)
__all__ = [
    "Comparison",
    "EnergyModel",
    "Finding",
    "FitResult",
    "Lesion",
    "Light",
    "Model",
    "NotConvergedWarning",
    "Opsin",
    "ParameterSet",
    "Perturbation",
    "PopulationCode",
    "Preparation",
    "PreparationNameWarning",
    "Recording",
    "ReferenceData",
    "Sheet",
    "SheetModel",
    "StaticEncoderWarning",
    "Targets",
    "analysis",
    "check_model",
    "fit",
    "list_models",
    "list_references",
    "load_model",
    "load_reference",
    "load_result",
    "parameter_sets",
    "pulses",
    "record",
    "save_result",
    "unit_ids",
]


def __getattr__(name: str) -> ModuleType:
    if name == "plotting":  # matplotlib loads only when a figure is asked for
        return importlib.import_module("insilico.plotting")
    raise AttributeError(f"module 'insilico' has no attribute {name!r}")
