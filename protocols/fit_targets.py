"""What the contextual circuit is fitted to, in which geometry, and between which bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from insilico.analysis.sizes import peak_of, summation_of, suppression_of
from insilico.fitting import Free, Target
from insilico.folded_circuit import FoldedActivity
from insilico.preparation import Preparation
from protocols.base import center_position
from protocols.grating_size import SizeTuning
from protocols.papers import (
    PITCH,
    SHEET,
    busse2009,
    kim_wilson1997,
    otoole_wenderoth1977,
    trott_born2015_matrix,
    trott_born2015_plaid,
)
from protocols.tilt_induction import TiltInduction
from stimuli import CenterSurround, Grating, StimulusSet
from stimuli.errors import unknown_name

CHANNELS: dict[str, Any] = {"n_channels": 24, "spacing": "even"}
SURROUND = 35 * PITCH  # of Trott & Born, who do not give it: 8.75 deg, so that the sheet's edge plays no part
WIDE = (73, 73)  # cells for the tilt illusion, so that a wide near ring stays on the sheet around an even centre
CENTERS, WIDTHS, NEARBY = (0.8, 1.2), (0.9, 1.1), 0.02  # spread about the tilt illusion, and the weight of each
TILT_ANGLES = tuple(float(a) for a in range(0, 91, 10))

BOUNDS: dict[str, Free] = {
    f.name: f
    for f in (
        Free(name="alpha", low=1e-4, high=5),
        Free(name="mu", low=1e-3, high=5),
        Free(name="beta", low=1e-4, high=5),
        Free(name="nu", low=1e-3, high=5),
        Free(name="zeta", low=0.005, high=3),
        Free(name="gamma", low=0.05, high=8),
        Free(name="omega", low=0.03, high=1),
        Free(name="n", low=1, high=5, transform="linear"),
        Free(name="c50", low=0.02, high=0.6),
        Free(name="thO", low=0.01, high=20),
        Free(name="sP", low=0.004, high=1),
        Free(name="sT", low=0.004, high=0.4),
        Free(name="qP", low=0.25, high=8),
        Free(name="qT", low=0.4, high=2.5),
        Free(name="gO", low=0.01, high=0.3),
        Free(name="rP", low=2, high=10, transform="linear"),
        Free(name="rTin", low=0, high=8, transform="linear"),
        Free(name="rT", low=9, high=18, transform="linear"),
        Free(name="tuning_width", low=0.2, high=2),
    )
}


@dataclass(frozen=True)
class SizeMeasures:
    """Size tuning as a target: suppression, and how summation changes with contrast; there is no table.

    Residuals: (suppression index at contrast 1 − `suppression`) / .1; where a shift is asked for, the logarithms of
    the shifts of the preferred size and of the 95 % summation size over .3, and by how much the response to the
    smallest patch at full contrast exceeds `smallest` of the peak, over .2, so that a plateau is no way out.

    Parameters
    ----------
    suppression
        Suppression index asked for, the mean of macaque V1 (Jones et al. 2001).
    shift
        Ratio of preferred size at low over high contrast; None asks for none (Sceniak et al. 1999: 2.3).
    smallest
        Largest share of the peak that the smallest patch may reach at full contrast.
    """

    suppression: float = 0.67
    shift: float | None = None
    smallest: float = 0.7

    name = "size_tuning"

    @property
    def preparation(self) -> Preparation:
        """The default preparation of a model, with the channels of the fits."""
        return Preparation(name="default", sheet=SHEET, aperture="square", **CHANNELS)

    @property
    def experiment(self) -> SizeTuning:
        """Contrasts and sizes that are needed."""
        contrasts = (1.0,) if self.shift is None else (0.12, 1.0)
        cells = (1, 3, 5, 7, 9, 11, 13, 17, 21, 25, 29, 33)
        return SizeTuning(contrasts=contrasts, diameters=tuple(n * PITCH for n in cells))

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return gratings of all sizes."""
        return self.experiment.stimuli(preparation)

    def residuals(self, stimuli: StimulusSet, preparation: Preparation, activity: FoldedActivity) -> np.ndarray:
        """Return the residuals."""
        sizes, curves = self._curves(preparation, activity)
        if curves.max(axis=1).min() <= 0:
            return np.full(1 if self.shift is None else 4, 5.0)
        found = [(suppression_of(curves[-1]) - self.suppression) / 0.1]
        if self.shift is not None:
            peaks = np.array([soft_peak(sizes, curve) for curve in curves])
            reach = [summation_of(sizes, curve) for curve in curves]
            found += [
                np.log(peaks[0] / peaks[-1] / self.shift) / 0.3,
                min(0.0, np.log(reach[0] / reach[-1] / 2.0)) / 0.3,
                max(0.0, curves[-1, 0] / curves[-1].max() - self.smallest) / 0.2,
            ]
        return np.array(found)

    def measures(self, preparation: Preparation, activity: FoldedActivity) -> dict[str, float]:
        """Return the suppression index, the smallest patch's share of the peak, and the shifts that are asked for."""
        sizes, curves = self._curves(preparation, activity)
        top = float(curves[-1].max())
        found = {
            "suppression_index": suppression_of(curves[-1]),
            "smallest_over_peak": float(curves[-1, 0]) / top if top > 0 else float("nan"),
        }
        if self.shift is not None:
            peaks = [peak_of(sizes, curve) for curve in curves]
            reach = [summation_of(sizes, curve) for curve in curves]
            found |= {"summation_shift_peak": peaks[0] / peaks[-1], "summation_shift_95": reach[0] / reach[-1]}
        return found

    def _curves(self, preparation: Preparation, activity: FoldedActivity) -> tuple[np.ndarray, np.ndarray]:
        """Return the sizes, and the responses (contrast, size) of the channel that prefers the grating."""
        experiment = self.experiment
        channel = int(np.argmin(np.abs(preparation.preferences - experiment.orientation)))
        sizes = np.asarray(experiment.sizes(preparation))
        return sizes, activity.response[:, channel].reshape(len(experiment.contrasts), sizes.size)


@dataclass(frozen=True)
class Physiology:
    """Facts of V1 as a target without a table: what a patch of grating does alone, in a surround, and without it.

    Residuals, each 0 where the fact holds: the share of the smallest patch (one cell) of the peak of the size curve
    above `smallest`, over .2; the response from 3 % contrast below 1 % of that to full contrast, over .01; the surround
    alone above 2 % of the patch's response, at contrasts 1 and .25, over .05. What an iso surround leaves of the
    response to a centre of 6 % contrast is measured, not fitted.
    """

    smallest: float = 0.7

    name = "physiology"

    @property
    def preparation(self) -> Preparation:
        """The default preparation of a model, with the channels of the fits."""
        return Preparation(name="default", sheet=SHEET, aperture="square", surround_diameter=SURROUND, **CHANNELS)

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return a patch at three contrasts and of seven sizes, the surround alone, and both."""
        shared: dict[str, Any] = {"orientation": 90.0, "spatial_frequency": 1.0, "aperture": preparation.aperture}

        def shown(center: float, surround: float, diameter: float) -> Grating | CenterSurround:
            patch = Grating(contrast=center, diameter=diameter, **shared)
            around = Grating(contrast=surround, diameter=preparation.surround_diameter, **shared)
            return patch if surround == 0 else CenterSurround(center=patch, surround=around)

        patch = preparation.center_diameter
        conditions = [(c, 0.0, patch) for c in (0.03, 0.06, 0.25, 1.0)]
        conditions += [(0.0, 1.0, patch), (0.0, 0.25, patch), (0.06, 1.0, patch)]
        conditions += [(1.0, 0.0, cells * preparation.sheet.pitch) for cells in (1, 3, 5, 7, 9, 11, 13)]
        return StimulusSet.of([shown(*condition) for condition in conditions])

    def residuals(self, stimuli: StimulusSet, preparation: Preparation, activity: FoldedActivity) -> np.ndarray:
        """Return the residuals."""
        m = self.measures(preparation, activity)
        if not np.isfinite(list(m.values())).all():
            return np.full(4, 5.0)
        return np.array(
            [
                max(0.0, m["smallest_over_peak"] - self.smallest) / 0.2,
                max(0.0, 0.01 - m["at_3_percent"]) / 0.01,
                max(0.0, m["surround_alone"] - 0.02) / 0.05,
                max(0.0, m["surround_alone_at_0.25"] - 0.02) / 0.05,
            ]
        )

    def measures(self, preparation: Preparation, activity: FoldedActivity) -> dict[str, float]:
        """Return the shares that the residuals are made of; nan where a response that they divide by is 0."""
        channel = int(np.argmin(np.abs(preparation.preferences - 90.0)))
        r = activity.response[:, channel].astype(float)

        def share(of: float, whole: float) -> float:
            return of / whole if whole > 0 else float("nan")

        return {
            "smallest_over_peak": share(r[7], r[7:].max()),
            "at_3_percent": share(r[0], r[3]),
            "surround_alone": share(r[4], r[3]),
            "surround_alone_at_0.25": share(r[5], r[2]),
            "iso_surround_at_0.06": share(r[6], r[1]) if r[1] > 1e-6 * r[3] else 0.0,
        }


def soft_peak(sizes: np.ndarray, curve: np.ndarray, power: float = 24.0) -> float:
    """Return the size of the peak as a mean weighted by the response to a high power: smooth in the parameters."""
    weights = (curve / curve.max()) ** power
    return float((weights * sizes).sum() / weights.sum())


def targets(names: Sequence[str], *, shift: float | None = None, neighbours: bool = False) -> tuple[Target, ...]:
    """Return the targets of a fit.

    Parameters
    ----------
    names
        Names of tables, "size_tuning" and "physiology".
    shift
        See `SizeMeasures`.
    neighbours
        Whether the tilt illusion is also fitted at centres 20 % smaller and larger, with discs of equal area, and with
        tuning widths 10 % narrower and wider.
    """
    found: list[Target] = []
    for name in names:
        if name not in EXPERIMENTS:
            raise unknown_name("table to fit", name, EXPERIMENTS)
        if name == "physiology":
            found.append(Target(experiment=Physiology(), weight=0.01, geometry=CHANNELS))
            continue
        if name == "size_tuning":
            found.append(Target(experiment=SizeMeasures(shift=shift), weight=0.01, geometry=CHANNELS))
            continue
        experiment = EXPERIMENTS[name]()
        found.append(Target(experiment=experiment, geometry=fitted_geometry(name)))
        if name == "otoole_wenderoth1977" and neighbours:
            found += nearby(experiment)
    return tuple(found)


def nearby(tilt: TiltInduction, *, centers: Sequence[float] = CENTERS) -> list[Target]:
    """Return the tilt illusion at geometries and tuning widths about the published ones; centre sizes as factors."""
    own = tilt.preparation
    if own is None or own.surround_diameter is None:
        raise ValueError(f"{tilt.name} has no geometry of its own to be changed: give it a preparation.")
    at = center_position(own)
    area = 2 / np.sqrt(np.pi)  # a disc of the area of a square
    sizes = {f"tilt_center_{factor:g}": {"center_diameter": own.center_diameter * factor} for factor in centers}
    discs = {"center_diameter": own.center_diameter * area, "surround_diameter": own.surround_diameter * area}
    prepared = {**sizes, "tilt_discs": {**discs, "aperture": "disc"}}
    found = [
        Target(experiment=replace(tilt, preparation=own.replaced(**changes), position=at), weight=NEARBY, label=label)
        for label, changes in prepared.items()
    ]
    return found + [
        Target(experiment=tilt, weight=NEARBY, label=f"tilt_width_{factor:g}", width_factor=factor) for factor in WIDTHS
    ]


def fitted_geometry(name: str) -> dict[str, Any]:
    """Return the fields of a table's preparation that the fits use: evenly spaced channels, room for the rings."""
    if name.startswith("trott_born2015"):
        return {**CHANNELS, "surround_diameter": SURROUND}
    if name == "otoole_wenderoth1977":
        return {**CHANNELS, "shape": WIDE}
    return dict(CHANNELS)


def _in_fit(constructor: Any, name: str, **settings: Any) -> Any:
    experiment = constructor(**settings)
    return replace(experiment, preparation=experiment.preparation.replaced(**fitted_geometry(name)))


EXPERIMENTS: dict[str, Any] = {
    "busse2009": lambda: _in_fit(busse2009, "busse2009"),
    "trott_born2015_plaid": lambda: _in_fit(trott_born2015_plaid, "trott_born2015_plaid"),
    "trott_born2015_matrix": lambda: _in_fit(trott_born2015_matrix, "trott_born2015_matrix"),
    "otoole_wenderoth1977": lambda: _in_fit(otoole_wenderoth1977, "otoole_wenderoth1977", angles=TILT_ANGLES),
    "kim_wilson1997": lambda: _in_fit(kim_wilson1997, "kim_wilson1997"),
    "size_tuning": SizeMeasures,
    "physiology": Physiology,
}
