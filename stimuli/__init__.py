"""What is shown: stimuli described once, in degrees and seconds, drawn as frames or read as layers of a feature."""

from __future__ import annotations

from importlib import import_module, metadata
from typing import Any

from stimuli import conventions
from stimuli.apertures import Window
from stimuli.base import AbstractStimulus, Layer
from stimuli.carriers import Component
from stimuli.compose import Superposition
from stimuli.display import Display
from stimuli.feature_scenes import FeaturePatch, FeatureScene
from stimuli.frames import render, render_parts
from stimuli.gratings import Blank, Gabor, Grating
from stimuli.limits import AliasingWarning, OffScreenWarning
from stimuli.plaids import Plaid
from stimuli.surrounds import Annulus, CenterSurround
from stimuli.sweep import StimulusSet
from stimuli.tilt import TiltIllusion

__distribution__ = "insilico-neurophysiology"
__version__ = metadata.version(__distribution__)

__all__ = [
    "AbstractStimulus",
    "AliasingWarning",
    "Annulus",
    "Blank",
    "CenterSurround",
    "Component",
    "Display",
    "FeaturePatch",
    "FeatureScene",
    "Gabor",
    "Grating",
    "Layer",
    "OffScreenWarning",
    "Plaid",
    "StimulusSet",
    "Superposition",
    "TiltIllusion",
    "Window",
    "conventions",
    "render",
    "render_parts",
]


def __getattr__(name: str) -> Any:
    if name == "plotting":
        return import_module("stimuli.plotting")
    raise AttributeError(f"module 'stimuli' has no attribute {name!r}. Known: {', '.join(__all__)}, plotting.")


def __dir__() -> list[str]:
    return sorted([*globals(), "plotting"])
