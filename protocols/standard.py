"""The standard experiments of a physiologist, as functions; each runs on the model's own sheet."""

from __future__ import annotations

from typing import Any

from protocols.grating_contrast import ContrastResponse
from protocols.grating_orientation import OrientationTuning
from protocols.grating_size import SizeTuning
from protocols.surround_tuning import SurroundOrientation
from protocols.v1_battery import V1Facts
from stimuli.doors import door


@door
def orientation_tuning(**settings: Any) -> OrientationTuning:
    """Return a grating at every orientation; settings as for `OrientationTuning`."""
    return OrientationTuning(**settings)


@door
def contrast_response(**settings: Any) -> ContrastResponse:
    """Return a grating at every contrast; settings as for `ContrastResponse`."""
    return ContrastResponse(**settings)


@door
def size_tuning(**settings: Any) -> SizeTuning:
    """Return gratings of every size at several contrasts; settings as for `SizeTuning`."""
    return SizeTuning(**settings)


@door
def surround_orientation(**settings: Any) -> SurroundOrientation:
    """Return a grating alone and in a surround at every orientation; settings as for `SurroundOrientation`."""
    return SurroundOrientation(**settings)


@door
def v1_facts(**settings: Any) -> V1Facts:
    """Return the facts of primary visual cortex, met and missed; settings as for `V1Facts`."""
    return V1Facts(**settings)
