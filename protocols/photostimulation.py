"""Single neurons under light in a field of view: the kernel of influence, sampled as an experiment samples it.

On a periodic sheet under full-field gratings every place is like every other, and with evenly spaced channels every
orientation like every other. The influence of one unit on all others under one grating is therefore all there is:

    change[a, y, x, b]     of the unit at (y, x) with channel b, when the unit at the centre with channel a is driven
                           under a grating at the preference of channel 0; under channel s it is change[a − s, …, b − s]

Neurons are drawn from the cells and channels of a square field; pairs within it read this kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from insilico import analysis, unit_ids
from insilico.analysis.influence.measures import measured_pairs
from insilico.analysis.influence.noise import FieldNoise, TrialNoise, field_noises, input_tuning
from insilico.equations import StaticEquations
from insilico.influence.fixed_point import NoFixedPointError, fixed_point
from insilico.model import SheetModel
from insilico.recording import Recording
from stimuli import Grating, StimulusSet

SECANTS, REACHED = 12, 1e-3  # steps of the search for a drive, and how near its change comes to what was asked for
NOISE_FIXED_POINT = 1e-12  # |ds/dt|
ALIKE = 1e-6  # of the maximum: how far responses to two orientations may differ


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """What driving one unit does, under one grating.

    Parameters
    ----------
    change
        Change of activity of the driven population, (target channel, y, x, channel); the target is at the centre.
    response
        Activity of each channel without drive, (channel,); channel 0 prefers the grating.
    own_change
        Change of the target itself, (target channel,).
    drive
        Drive that makes it: the same for all channels, as light knows no stimulus.
    passed
        Covariance of the output between two places and channels when noise enters at the input stage, over that of
        one unit with itself: (channel difference, y difference, x difference), mean over gratings.
    residual, largest_eigenvalue
        Of the fixed point without drive.
    driven_eigenvalue
        The largest of those under the drive.
    """

    change: np.ndarray
    response: np.ndarray
    own_change: np.ndarray
    drive: float
    passed: np.ndarray
    residual: float
    largest_eigenvalue: float
    driven_eigenvalue: float

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.response.size

    def under_all(self, target: np.ndarray, dy: np.ndarray, dx: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """Return the changes under all gratings, (stimulus, …), of units at (dy, dx) cells from targets; channels."""
        k, (_, height, width, _) = self.n_channels, self.change.shape
        s = np.arange(k).reshape(-1, *[1] * np.ndim(target))
        row, column = (height // 2 + dy) % height, (width // 2 + dx) % width
        return self.change[(target - s) % k, row, column, (channel - s) % k]


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Cells and micrometres.

    Parameters
    ----------
    um_per_cell
        Distance between neighbouring cells in cortex.
    field_um
        Side of the square field of view.
    """

    um_per_cell: float
    field_um: float = 575.0

    def __post_init__(self) -> None:
        for name in ("um_per_cell", "field_um"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} = {getattr(self, name)}: must be > 0 um.")
        if self.cells < 3:
            raise ValueError(
                f"a field of {self.field_um:g} um holds {self.cells} cells of {self.um_per_cell:g} um: fewer than 3 a "
                "side. Take a smaller um_per_cell."
            )

    @property
    def cells(self) -> int:
        """Cells along one side of a field."""
        return int(self.field_um // self.um_per_cell) + 1

    @property
    def sheet(self) -> int:
        """Cells along one side of a periodic sheet in which no pair of a field meets round the border; 64 or more."""
        return max(64, 2 * (self.cells + self.cells % 2))


def kernel_of(
    model: SheetModel,
    *,
    r: float,
    contrast: float,
    spatial_frequency: float,
    populations: tuple[str, ...] | None,
    um_per_cell: float,
    noise: TrialNoise,
) -> Kernel:
    """Return the kernel of a model on a periodic sheet.

    Parameters
    ----------
    model
        On a periodic sheet with evenly spaced channels of a circular feature.
    r
        Change of the target, mean over the gratings, over its largest response.
    contrast, spatial_frequency
        Of the full-field gratings.
    populations
        That the drive reaches; None for the output alone.
    um_per_cell, noise
        Scale, and the length and tuning of the noise that enters at the input stage.

    Raises
    ------
    ValueError
        If the sheet is not uniform, the circuit treats orientations differently, its fixed point is not stable or not
        found (residual and largest eigenvalue are given), or nothing responds.
    """
    preparation = model.preparation
    (height, width), k = preparation.sheet.shape, preparation.n_channels
    if preparation.sheet.boundary != "periodic" or preparation.spacing != "even" or preparation.axis.period is None:
        raise ValueError("a periodic sheet with evenly spaced channels of a circular feature is needed.")
    gratings = [
        Grating(orientation=float(p), spatial_frequency=spatial_frequency, contrast=contrast)
        for p in preparation.preferences
    ]
    shown = StimulusSet.of(gratings[:1])
    forces = model.equations(model.encode(shown))[0].forces
    if forces is not None and not forces.uniform:
        raise ValueError(
            "a perturbation of some places only leaves the sheet uneven, and one kernel no longer stands for all: "
            "perturb whole populations, or use lesions; finite_influence maps any sheet."
        )
    tuning = _tuning(model, StimulusSet.of(gratings[: 2 if k > 1 else 1]))
    top = float(tuning.max())
    if not top > 0:
        raise ValueError(f"{model.name} does not respond to gratings of contrast {contrast:g}: raise the contrast.")
    targets = unit_ids(
        (height, width, k),
        population="output",
        y=height // 2,
        x=width // 2,
        populations=model.circuit.populations,
    )
    recording = Recording(cells="all", populations=("output",))

    def driven(size: float, *, check_stability: bool = False) -> xr.Dataset:
        found = analysis.finite_influence(
            model,
            shown,
            targets,
            drive=size,
            populations=populations,
            recording=recording,
            check_stability=check_stability,
        )
        return found.isel(stimulus=0)

    found = driven(_drive_for(driven, r * top), check_stability=True)
    return Kernel(
        change=found["change"].values.reshape(k, height, width, k),
        response=tuning,
        own_change=found["own_change"].values,
        drive=float(found["drive"].values[0]),
        passed=passed_noise(model, shown, um_per_cell, noise),
        residual=float(found["residual"]),
        largest_eigenvalue=float(found["largest_eigenvalue"]),
        driven_eigenvalue=float(found["driven_eigenvalue"].max()),
    )


def _drive_for(driven: Callable[[float], xr.Dataset], change: float) -> float:
    """Return the drive by which targets change, on average, by a given amount: the secant method."""
    sizes, changes = [0.0], [0.0]
    size = change
    for _ in range(SECANTS):
        found = driven(size)
        reached = float(found["own_change"].mean())
        if abs(reached - change) <= REACHED * abs(change):
            return size
        sizes.append(size)
        changes.append(reached)
        slope = (changes[-1] - changes[-2]) / (sizes[-1] - sizes[-2])
        if not slope > 0:
            raise NoFixedPointError(
                f"a drive of {size:.3g} changes the targets by {reached:.3g}, of {change:.3g} that r asks for, and "
                "more of it does not help: lower r, or drive another population."
            )
        size = sizes[-1] + (change - changes[-1]) / slope
    raise NoFixedPointError(
        f"a drive of {sizes[-1]:.3g} changes the targets by {changes[-1]:.3g}, of {change:.3g} that r asks for, and "
        f"{SECANTS} steps of the search come no nearer than {abs(changes[-1] / change - 1):.1%}: change r."
    )


def passed_noise(model: SheetModel, shown: StimulusSet, um_per_cell: float, noise: TrialNoise) -> np.ndarray:
    """Return what becomes of noise that enters at the input stage, a Gaussian over distance and tuned; see `Kernel`.

    cov(f) = G(f) K(f) G(f)ᴴ at each spatial frequency f, G the small-signal gain from the input stage to the output;
    under another grating the same with its channels shifted, so that the mean depends on their difference only.
    """
    k, (height, width) = model.preparation.n_channels, model.preparation.sheet.shape
    channel = np.arange(k)
    tuned = input_tuning(np.pi * (channel[:, None] - channel) / k, noise)
    y, x = (np.minimum(np.arange(n), n - np.arange(n)) * um_per_cell for n in (height, width))
    entering = np.exp(-(y[:, None] ** 2 + x**2) / (2 * noise.input_length_um**2))
    [equations] = model.equations(model.encode(shown))
    if isinstance(equations, StaticEquations):  # what enters is what comes out
        return np.asarray(tuned[0][:, None, None] * entering)
    gain = gains(model, shown, "input" if "input" in model.circuit.populations else "output")
    spectrum = np.fft.fft2(gain, axes=(1, 2))
    covariance = np.einsum("ayxb,ac,cyxd->bdyx", spectrum, tuned, spectrum.conj(), optimize=True)
    covariance = np.fft.ifft2(covariance * np.fft.fft2(entering).real, axes=(2, 3)).real
    mean = np.stack([covariance[channel, (channel + apart) % k].mean(axis=0) for apart in range(k)])
    return np.asarray(mean / mean[0, 0, 0])


def sampled_neurons(
    kernel: Kernel, preferences: np.ndarray, scale: Scale, *, n_fields: int, n_neurons: int, rng: np.random.Generator
) -> xr.Dataset:
    """Draw the neurons of all fields: cells and channels of a square, each unit once within a field.

    Returns
    -------
    xarray.Dataset
        Dims (neuron, stimulus): `response`; (neuron,): field, row, column, channel, x_um, y_um, preferred_orientation.
    """
    k, side = kernel.n_channels, scale.cells
    if n_neurons > side**2 * k:
        raise ValueError(f"n_neurons = {n_neurons}: a field of {side} x {side} cells has {side**2 * k} units.")
    units = np.concatenate([np.sort(rng.choice(side**2 * k, n_neurons, replace=False)) for _ in range(n_fields)])
    row, column, channel = np.unravel_index(units, (side, side, k))
    firing = np.maximum(kernel.response, 0)  # a linear circuit falls below 0, its events do not
    response = np.stack([firing[(channel - s) % k] for s in range(k)], axis=1)
    return xr.Dataset(
        {
            "response": (("neuron", "stimulus"), response),
            "field": ("neuron", np.repeat(np.arange(n_fields), n_neurons)),
            "row": ("neuron", row),
            "column": ("neuron", column),
            "channel": ("neuron", channel),
            "x_um": ("neuron", column * scale.um_per_cell, {"units": "um"}),
            "y_um": ("neuron", row * scale.um_per_cell, {"units": "um"}),
            "preferred_orientation": ("neuron", preferences[channel], {"units": "deg"}),
        },
        coords={"neuron": np.arange(units.size), "stimulus": np.arange(k)},
    )


def field_pairs(
    kernel: Kernel,
    neurons: xr.Dataset,
    *,
    n_targets: int,
    r: float,
    noise: TrialNoise,
    rng: np.random.Generator,
) -> tuple[xr.Dataset, dict[object, FieldNoise]]:
    """Return all pairs with their expected influences, and the noise of each field.

    Parameters
    ----------
    kernel, neurons
        See `kernel_of`, `sampled_neurons`.
    n_targets
        Neurons of each field that are driven; drawn.
    r
        Change of the target over its largest response.
    noise
        Of single trials; influence is in units of its residual s.d.
    rng
        Source of the draw.
    """
    per_event = noise.maximal_response / float(kernel.response.max())
    fields = np.unique(neurons["field"].values)
    passed = {label: _shared(kernel, neurons.isel(neuron=neurons["field"].values == label)) for label in fields}
    noises = field_noises(neurons, noise, passed=passed)
    every, preferred = {}, {}
    for label in fields:
        here = neurons.isel(neuron=np.flatnonzero(neurons["field"].values == label))
        n = here.sizes["neuron"]
        if not 1 <= n_targets <= n:
            raise ValueError(f"n_targets = {n_targets}: must be 1 to {n}, the neurons of a field.")
        chosen = np.sort(rng.choice(n, n_targets, replace=False))
        targets = here.isel(neuron=chosen)
        changes = _changes(kernel, targets, here) * per_event / noises[label].residual_sd
        dims, coords = ("target", "neuron"), {"target": targets["neuron"].values, "neuron": here["neuron"].values}
        own = changes[targets["channel"].values, np.arange(n_targets)]
        every[label] = xr.DataArray(changes.mean(axis=0), coords, dims)
        preferred[label] = xr.DataArray(own, coords, dims)
    pairs = measured_pairs(neurons, noises, every, drive=r, at_preferred=preferred)
    return pairs, noises


def decoded_shift(kernel: Kernel, neurons: xr.Dataset, targets: np.ndarray, preferences: np.ndarray) -> xr.Dataset:
    """Return how the drive to a target moves the orientation that its field's population decodes.

    The decoder is the population vector of all neurons of the field; a positive shift goes towards the target's
    preference.

    Parameters
    ----------
    kernel, neurons
        See `kernel_of`, `sampled_neurons`.
    targets
        Labels of the driven neurons.
    preferences
        Of the channels, degrees of orientation.

    Returns
    -------
    xarray.Dataset
        `shift` and its standard error over targets, `shift_se`, degrees, by `offset`: the target's preference minus
        the stimulus, degrees.
    """
    k = kernel.n_channels
    turn = np.exp(2j * np.deg2rad(preferences))
    shifts = []
    for label in np.unique(neurons["field"].values):
        here = neurons.isel(neuron=np.flatnonzero(neurons["field"].values == label))
        driven = here.isel(neuron=np.flatnonzero(np.isin(here["neuron"].values, targets)))
        pointing = turn[here["channel"].values]
        before = here["response"].transpose("stimulus", "neuron").values @ pointing
        change = _changes(kernel, driven, here) @ pointing
        moved = np.rad2deg(np.angle((before[:, None] + change) * before[:, None].conj())) / 2
        offset = (driven["channel"].values[None, :] - np.arange(k)[:, None] + k // 2) % k - k // 2
        signed = np.where(offset == -k // 2, np.abs(moved), np.sign(offset) * moved)
        shifts.append(
            np.stack(
                [
                    signed[(-offset_ + driven["channel"].values) % k, np.arange(driven.sizes["neuron"])]
                    for offset_ in range(-k // 2, k // 2)
                ],
                axis=1,
            )
        )
    every = np.concatenate(shifts)
    step = 180.0 / k
    return xr.Dataset(
        {
            "shift": ("offset", every.mean(axis=0), {"units": "deg"}),
            "shift_se": ("offset", every.std(axis=0, ddof=1) / np.sqrt(len(every)), {"units": "deg"}),
        },
        coords={"offset": ("offset", np.arange(-k // 2, k // 2) * step, {"units": "deg"})},
    )


def gains(model: SheetModel, shown: StimulusSet, population: str) -> np.ndarray:
    """Return the small-signal gain from a drive to one unit to the output of all: (source channel, y, x, channel).

    The source is at row 0, column 0 of a uniform periodic sheet. Raises ValueError where the sheet is not uniform or
    its fixed point not stable.
    """
    [equations] = model.equations(model.encode(shown))
    point = fixed_point(equations, tol=NOISE_FIXED_POINT)
    point.refuse_unstable(f"0 of {model.name}")
    if point.blocks is None:
        raise ValueError(f"{model.name} under this stimulus is not the same everywhere: a full-field one is needed.")
    names = model.circuit.populations
    source, output = names.index(population), names.index("output")
    return np.stack([point.blocks.kernel((source,), a)[output] for a in range(model.preparation.n_channels)])


def _tuning(model: SheetModel, stimuli: StimulusSet) -> np.ndarray:
    """Return the response of each channel to the grating of channel 0; raises where that of channel 1 differs."""
    recording = Recording(cells="center", populations=("output",))
    data = model.respond(model.encode(stimuli), recording=recording)
    if not bool(data["converged"].all()):
        analysis.finite_influence(model, stimuli, (0,), drive=0.0)  # says the eigenvalue of an unstable fixed point
        raise NoFixedPointError(
            f"{model.name} does not settle under a full-field grating: residual {float(data['residual'].max()):.1e} "
            "per unit time. Its influences mean nothing."
        )
    response = data["response"].transpose("stimulus", "unit").values
    if len(response) > 1 and np.abs(np.roll(response[0], 1) - response[1]).max() > ALIKE * max(response.max(), 1e-300):
        raise ValueError("the circuit treats orientations differently: its influences cannot be read from one of them.")
    return np.asarray(response[0])


def _changes(kernel: Kernel, targets: xr.Dataset, neurons: xr.Dataset) -> np.ndarray:
    """Return the changes of activity, (stimulus, target, neuron)."""
    dy, dx = (neurons[n].values[None, :] - targets[n].values[:, None] for n in ("row", "column"))
    channel = np.broadcast_to(neurons["channel"].values, dy.shape)
    return kernel.under_all(np.broadcast_to(targets["channel"].values[:, None], dy.shape), dy, dx, channel)


def _shared(kernel: Kernel, neurons: xr.Dataset) -> np.ndarray:
    """Return the correlation of the noise that the circuit passes on, (neuron, neuron)."""
    row, column, channel = (neurons[n].values for n in ("row", "column", "channel"))
    k, height, width = kernel.passed.shape
    return np.asarray(
        kernel.passed[
            (channel[None, :] - channel[:, None]) % k,
            (row[None, :] - row[:, None]) % height,
            (column[None, :] - column[:, None]) % width,
        ]
    )
