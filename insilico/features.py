"""Stimulus features that a population can be tuned to, with their unit and their range."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.errors import unknown_name


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature axis.

    Parameters
    ----------
    name
        Name of the feature as stimuli know it.
    unit
        Unit of its values.
    period
        Period of a circular feature in `unit`; None for a bounded one.
    """

    name: str
    unit: str
    period: float | None


FEATURES = {
    feature.name: feature
    for feature in (
        Feature(name="orientation", unit="deg", period=180.0),
        Feature(name="direction", unit="deg", period=360.0),
        Feature(name="spatial_frequency", unit="cycles/deg", period=None),
        Feature(name="hue", unit="deg", period=360.0),
        Feature(name="disparity", unit="arcmin", period=None),
    )
}


def feature_named(name: str) -> Feature:
    """Return the feature of that name; raises UnknownNameError with the known ones."""
    if name not in FEATURES:
        raise unknown_name("feature", name, FEATURES)
    return FEATURES[name]
