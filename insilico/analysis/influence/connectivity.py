"""Effective connectivity, read from the influence of one unit: near excitation, far inhibition, like-to-like.

    near, far       mean influence on units within `near` of the target, and between `near` and `far`
    like_to_like    slope of influence on cos(period / turn · difference of preference), in the near or the far zone

The null of near and far exchanges the distances of the units (all channels of a cell together); that of like-to-like
exchanges the preferences within each cell. p = (1 + as extreme or more) / (1 + permutations), two-sided about the mean
of the null.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from insilico.features import feature_named
from stimuli.doors import door

NAMES = ("near", "far", "near_like_to_like", "far_like_to_like")


@door
def effective_connectivity(
    influence: xr.Dataset, *, near: float, far: float, permutations: int = 200, seed: int = 0
) -> xr.Dataset:
    """Return near, far and like-to-like influence of one target with a permutation null.

    Parameters
    ----------
    influence
        `influence` (unit,) of one stimulus and one target, as `implicit_influence` returns it, all channels of each
        cell among the units.
    near, far
        Edges of the zones, degrees.
    permutations, seed
        Of the null.

    Returns
    -------
    xarray.Dataset
        `value`, `null_mean`, `p` by `measure` (near, far, near_like_to_like, far_like_to_like); NaN where a zone holds
        no unit.
    """
    if permutations < 1:
        raise ValueError(f"permutations = {permutations}: must be 1 or more.")
    values, distance, likeness = _by_cell(influence)
    rng = np.random.default_rng(seed)

    def measured(distance: np.ndarray, likeness: np.ndarray) -> np.ndarray:
        inner, outer = (distance > 0) & (distance <= near), (distance > near) & (distance <= far)
        means = [float(values[zone].mean()) if zone.any() else float("nan") for zone in (inner, outer)]
        slopes = [_slope(likeness[zone], values[zone]) for zone in (inner, outer)]
        return np.array([*means, *slopes])

    found = measured(distance, likeness)
    others = np.flatnonzero(distance > 0)
    null = np.empty((permutations, found.size))
    for i in range(permutations):
        moved = distance.copy()
        moved[others] = distance[rng.permutation(others)]
        null[i] = np.concatenate(
            [measured(moved, likeness)[:2], measured(distance, rng.permuted(likeness, axis=1))[2:]]
        )
    middle = null.mean(axis=0)
    extreme = (np.abs(null - middle) >= np.abs(found - middle)).sum(axis=0)
    p = np.where(np.isfinite(found), (1 + extreme) / (1 + permutations), np.nan)
    return xr.Dataset(
        {"value": ("measure", found), "null_mean": ("measure", middle), "p": ("measure", p)},
        coords={"measure": list(NAMES)},
        attrs={"permutations": permutations, "near": near, "far": far},
    )


def _by_cell(influence: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return influence (cell, channel), distance from the target (cell,) and likeness to it (cell, channel)."""
    [name] = [str(n) for n in influence.coords if str(n).startswith("preferred_")]
    period = feature_named(name.removeprefix("preferred_")).period
    if period is None:
        raise ValueError(f"{name} is not circular: like-to-like is defined on a circle.")
    n_channels = int(influence["channel"].max()) + 1
    order = np.lexsort((influence["channel"].values, influence["column"].values, influence["row"].values))
    if (
        order.size % n_channels
        or (influence["channel"].values[order].reshape(-1, n_channels) != range(n_channels)).any()
    ):
        raise ValueError("every cell must be read with all of its channels: Recording(cells='all') of one population.")
    values = influence["influence"].values[order].reshape(-1, n_channels)
    x, y = (influence[f"unit_{axis}"].values[order][::n_channels] for axis in "xy")
    at = float(influence["target_x"]), float(influence["target_y"])
    turn = 2 * np.pi / period * (influence[name].values[order] - float(influence[f"target_{name}"]))
    return values, np.hypot(x - at[0], y - at[1]), np.cos(turn).reshape(-1, n_channels)


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Return the least-squares slope of y on x; NaN where x does not vary."""
    if not x.size:
        return float("nan")
    centred = x - x.mean()
    power = float((centred**2).sum())
    return float((centred * y).sum() / power) if power > 0 else float("nan")
