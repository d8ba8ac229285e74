"""The facts of primary visual cortex, measured on one column of a circuit and held against what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from insilico.analysis import at_preference, fit_naka_rushton
from insilico.analysis.lookup import preference_of
from insilico.analysis.sizes import peak_of, summation_of, suppression_of
from insilico.comparison import Finding
from insilico.expected import v1_card, v1_expectations
from insilico.preparation import Preparation, Sheet
from insilico.provenance import read_provenance
from protocols import v1_measures as measure
from protocols.base import AbstractProtocol, recorded_position
from protocols.v1_conditions import Condition, Geometry, key_of, stimulus_set
from stimuli import StimulusSet
from stimuli.doors import door

CONTRASTS = (0.0, 0.01, 0.02, 0.03, 0.06, 0.09, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)
TUNED_AT = (0.06, 0.12, 0.25, 0.5, 1.0)
SIZES_AT = (0.03, 0.06, 0.12, 0.25, 1.0)
SIZE_CELLS = (1, 3, 5, 7, 9, 11, 13, 15, 21)
UNDER_SURROUND_AT = (0.06, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0)
ANGLES = tuple(15.0 * i for i in range(7))
PART_ANGLES = (0.0, 30.0, 60.0, 90.0)
PLAID_ANGLES = (60.0, 75.0, 90.0)
LOW, HIGH, FAINT = 0.12, 0.5, 0.06  # contrasts of plaids and of surrounds; of the patch that a surround may facilitate
LOW_SHARE = 0.2  # of the largest response: the contrast that reaches it is "low contrast"
ISO, CROSS = 0.0, 90.0


@door
@dataclass(frozen=True, kw_only=True)
class V1Facts(AbstractProtocol):
    """Patches, plaids and surrounds for one column: contrast, size and orientation tuning, suppression, facilitation.

    Parameters
    ----------
    orientation
        Of the patch, and preference of the unit that is read, degrees.
    surround_contrast
        Of the surrounds, where nothing else is said.
    """

    name: ClassVar[str] = "v1_facts"
    title: ClassVar[str] = "Facts of primary visual cortex"
    has_surround: ClassVar[bool] = True
    assumed_contrasts: ClassVar[tuple[str, ...]] = ("surround_contrast",)

    orientation: float = 90.0
    surround_contrast: float = 1.0

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return all conditions, each shown once."""
        shared = {**self.center_grating(preparation), "position": recorded_position(preparation)}
        return stimulus_set(self._conditions(self._geometry(preparation)), self.orientation, shared)

    def cite(self) -> str:
        """Return the studies behind the expected ranges."""
        return "; ".join(text for key, text in v1_card()["studies"].items() if key != "own") + "."

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return how many facts are met, then each measure with the range that is expected, its source and verdict."""
        values = self.measures(self.column(responses))
        found = [
            Finding(name=fact, value=values[fact], unit=e.unit, expected=(e.low, e.high), source=e.source)
            if e.low is not None and e.high is not None
            else Finding(name=fact, value=values[fact], unit=e.unit, source=e.source)
            for fact, e in v1_expectations().items()
        ]
        judged = [finding for finding in found if finding.met is not None]
        met = sum(bool(finding.met) for finding in judged)
        return [Finding(name="facts_met", value=float(met), unit=f"of {len(judged)}"), *found]

    def column(self, responses: xr.Dataset) -> Column:
        """Return the recorded column, its conditions found by name."""
        preparation = _preparation_of(responses)
        return Column(self.checked(responses), self._geometry(preparation), self.orientation)

    def measures(self, column: Column) -> dict[str, float]:
        """Return every measure by the name of its fact."""
        return {
            **_of_contrast(column),
            **self._of_surrounds(column),
            **_of_size(column),
            **self._under_surround(column),
            **_of_plaids(column),
        }

    def plot(self, responses: xr.Dataset) -> Any:
        """Return a figure of contrast response, tuning by contrast, size curves and suppression by surrounds."""
        from insilico import panel_plotting

        column = self.column(responses)
        return panel_plotting.line_panels(
            {
                "contrast response": self._contrast_curves(column),
                "tuning, relative to its peak": _tuning_curves(column),
                "size, relative to the largest response": _size_curves(column),
                "suppression by a surround": self._suppression_curves(column),
            },
            title=responses.attrs["title"],
        )

    def _geometry(self, preparation: Preparation) -> Geometry:
        return Geometry.of(preparation, SIZE_CELLS)

    def _conditions(self, g: Geometry) -> list[Condition]:
        by = self.surround_contrast
        return [
            *(g.patch_of(c) for c in CONTRASTS),
            *(Condition(contrast=c, diameter=d) for c in SIZES_AT for d in g.sizes),
            *(g.surrounded(1.0, by=by, angle=a) for a in ANGLES),
            *(g.surrounded(1.0, by=by, angle=a, part=part) for part in ("near", "far") for a in PART_ANGLES),
            *(g.surrounded(FAINT, by=by, angle=a) for a in (ISO, CROSS)),
            g.surrounded(1.0, by=LOW, angle=ISO),
            *(g.surrounded(0.0, by=c, angle=ISO) for c in (1.0, LOW)),
            *(g.surrounded(c, by=by, angle=ISO) for c in UNDER_SURROUND_AT),
            *(_plaid(g, first, second, 90.0) for first, second in ((LOW, LOW), (HIGH, LOW), (0.0, LOW), (0.0, HIGH))),
            *(_plaid(g, HIGH, HIGH, angle) for angle in PLAID_ANGLES),
        ]

    def _suppression(self, column: Column, angle: float, part: str = "whole") -> float:
        g = column.geometry
        with_it = column.preferred(g.surrounded(1.0, by=self.surround_contrast, angle=angle, part=part))
        return 1 - measure.ratio(with_it, column.preferred(g.patch_of(1.0)))

    def _of_surrounds(self, column: Column) -> dict[str, float]:
        g, by = column.geometry, self.surround_contrast
        iso, cross = (self._suppression(column, angle) for angle in (ISO, CROSS))
        near, far = (
            measure.tuning_of_suppression(*(self._suppression(column, a, part) for a in (ISO, CROSS)))
            for part in ("near", "far")
        )
        faint = column.preferred(g.patch_of(FAINT))
        by_low = 1 - measure.ratio(
            column.preferred(g.surrounded(1.0, by=LOW, angle=ISO)), column.preferred(g.patch_of(1.0))
        )
        alone = {c: column.preferred(g.surrounded(0.0, by=c, angle=ISO)) for c in (1.0, LOW)}
        facilitated = {a: column.preferred(g.surrounded(FAINT, by=by, angle=a)) for a in (ISO, CROSS)}
        return {
            "suppression_iso": iso,
            "cross_over_iso_suppression": measure.ratio(cross, iso) if iso > 0 else float("nan"),
            "facilitation_iso": measure.ratio(facilitated[ISO], faint),
            "facilitation_cross": measure.ratio(facilitated[CROSS], faint),
            "low_over_high_contrast_suppression": measure.ratio(by_low, iso) if iso > 0 else float("nan"),
            "surround_alone": measure.ratio(alone[1.0], column.preferred(g.patch_of(1.0))),
            "surround_alone_low": measure.ratio(alone[LOW], column.preferred(g.patch_of(LOW))),
            "near_tuning": near,
            "far_tuning": far,
            "near_over_far_tuning": measure.ratio(near, far),
        }

    def _under_surround(self, column: Column) -> dict[str, float]:
        alone, under = self._contrast_curves(column).values()
        fits = [fit_naka_rushton(curve) for curve in (alone, under)]
        reached = all(fit.c50 <= 1 for fit in fits)  # beyond, a c50 says only that the response does not saturate
        return {
            "c50_ratio_under_surround": measure.ratio(fits[1].c50, fits[0].c50) if reached else float("nan"),
            "maximum_ratio_under_surround": measure.ratio(float(under.max()), float(alone.max())),
        }

    def _contrast_curves(self, column: Column) -> dict[str, xr.DataArray]:
        """Return the contrast response alone and inside an iso-oriented surround, dims (contrast,)."""
        g, by = column.geometry, self.surround_contrast
        under = [g.surrounded(c, by=by, angle=ISO) for c in UNDER_SURROUND_AT]
        return {
            "alone": _along("contrast", CONTRASTS, column.curve([g.patch_of(c) for c in CONTRASTS])),
            "in a surround": _along("contrast", UNDER_SURROUND_AT, column.curve(under)),
        }

    def _suppression_curves(self, column: Column) -> dict[str, xr.DataArray]:
        shown = {"whole": ANGLES, "near": PART_ANGLES, "far": PART_ANGLES}
        return {
            part: _along("surround minus patch", angles, [self._suppression(column, a, part) for a in angles], "deg")
            for part, angles in shown.items()
        }


class Column:
    """The recorded column: its responses at preferences -90, -89, … 90 from the patch, by condition.

    Parameters
    ----------
    recorded
        Units of one column of one population, dims (stimulus, unit), with the conditions as coordinates.
    geometry
        Of the stimuli.
    orientation
        Of the patch, degrees.
    """

    def __init__(self, recorded: xr.Dataset, geometry: Geometry, orientation: float) -> None:
        self.geometry = geometry
        self._response, self._orientation = recorded["response"], orientation
        self._own = np.unique(np.round(recorded[preference_of(recorded)].values % 180, 9))
        labels = {name: recorded[name].values for name in Condition.__dataclass_fields__}
        self._row = {key_of({n: v[i] for n, v in labels.items()}): i for i in range(recorded.sizes["stimulus"])}

    @cached_property
    def _around(self) -> np.ndarray:
        return at_preference(self._response, self._orientation + np.arange(-90.0, 91.0)).values

    @cached_property
    def _channels(self) -> np.ndarray:
        return at_preference(self._response, self._own).values

    def population(self, condition: Condition) -> np.ndarray:
        """Return the responses of units that prefer -90, -89, … 90 degrees from the patch, (181,)."""
        return self._around[self._row[condition.key]]

    def channels(self, condition: Condition) -> np.ndarray:
        """Return the responses of the channels in order of their preference, each preference once."""
        return self._channels[self._row[condition.key]]

    def preferred(self, condition: Condition) -> float:
        """Return the response of the unit that prefers the patch."""
        return float(self.population(condition)[90])

    def curve(self, conditions: Sequence[Condition]) -> np.ndarray:
        """Return the response of that unit to several conditions."""
        return np.array([self.preferred(condition) for condition in conditions])


def _of_contrast(column: Column) -> dict[str, float]:
    g = column.geometry
    contrasts, response = np.array(CONTRASTS), column.curve([g.patch_of(c) for c in CONTRASTS])
    fit = fit_naka_rushton(_along("contrast", CONTRASTS, response))
    widths = np.array([measure.half_width(column.population(g.patch_of(c))) for c in TUNED_AT])
    return {
        "contrast_c50": fit.c50 if fit.c50 <= 1 else float("nan"),
        "contrast_exponent": fit.n,
        "supersaturation": measure.supersaturation(response),
        "contrast_of_1_percent": measure.first_reached(contrasts, response, share=0.01),
        "contrast_of_20_percent": measure.first_reached(contrasts, response, share=LOW_SHARE),
        "half_width": float(widths[-1]),
        "half_width_spread": measure.ratio(float(widths.max()), float(widths.min())),
        "blank_response": measure.ratio(float(response[0]), float(response.max())),
    }


def _of_size(column: Column) -> dict[str, float]:
    g, sizes = column.geometry, np.array(column.geometry.sizes)
    curves = np.array([column.curve([Condition(contrast=c, diameter=d) for d in g.sizes]) for c in SIZES_AT])
    summed = np.array([summation_of(sizes, curve) for curve in curves])
    responses = column.curve([g.patch_of(c) for c in CONTRASTS])
    low = measure.first_reached(np.array(CONTRASTS), responses, share=LOW_SHARE)
    return {
        "smallest_over_peak": measure.ratio(float(curves[-1, 0]), float(curves[-1].max())),
        "preferred_size": peak_of(sizes, curves[-1]),
        "size_suppression": suppression_of(curves[-1]),
        "summation_shift": measure.ratio(measure.at_contrast(np.array(SIZES_AT), summed, low), float(summed[-1])),
    }


def _of_plaids(column: Column) -> dict[str, float]:
    g = column.geometry
    single = {c: column.population(g.patch_of(c))[:-1] for c in (LOW, HIGH)}
    mask = {c: column.population(_plaid(g, 0.0, c, 90.0))[:-1] for c in (LOW, HIGH)}

    def weights(first: float, second: float) -> tuple[float, float]:
        plaid = column.population(_plaid(g, first, second, 90.0))[:-1]
        return measure.plaid_weights(plaid, single[first], mask[second])

    winner, loser = weights(HIGH, LOW)
    return {
        "plaid_weight_equal_low": float(np.mean(weights(LOW, LOW))),
        "plaid_weight_equal_high": float(np.mean(weights(HIGH, HIGH))),
        "plaid_weight_winner": winner,
        "plaid_weight_loser": loser,
        **{f"peaks_{a:g}": measure.peaks(column.channels(_plaid(g, HIGH, HIGH, a))) for a in PLAID_ANGLES},
    }


def _tuning_curves(column: Column) -> dict[str, xr.DataArray]:
    angles, found = np.arange(-90.0, 91.0), {}
    for c in TUNED_AT:
        population = column.population(column.geometry.patch_of(c))
        if population[90] > 0:
            found[f"contrast {c:g}"] = _along("preference minus patch", angles, population / population[90], "deg")
    return found


def _size_curves(column: Column) -> dict[str, xr.DataArray]:
    sizes, found = column.geometry.sizes, {}
    for c in SIZES_AT:
        curve = column.curve([Condition(contrast=c, diameter=d) for d in sizes])
        if curve.max() > 0:
            found[f"contrast {c:g}"] = _along("diameter", sizes, curve / curve.max(), "deg")
    return found


def _along(name: str, values: Sequence[float] | np.ndarray, curve: Any, units: str = "1") -> xr.DataArray:
    return xr.DataArray(np.asarray(curve), coords={name: (name, np.asarray(values), {"units": units})}, dims=name)


def _plaid(g: Geometry, first: float, second: float, angle: float) -> Condition:
    return g.patch_of(first, mask_contrast=second, mask_angle=angle)


def _preparation_of(responses: xr.Dataset) -> Preparation:
    stored: Mapping[str, Any] = read_provenance(responses.attrs)["model"]["preparation"]
    sheet = Sheet(**{**stored["sheet"], "shape": tuple(stored["sheet"]["shape"])})
    domain = stored["domain"]
    return Preparation(**{**stored, "sheet": sheet, "domain": None if domain is None else tuple(domain)})
