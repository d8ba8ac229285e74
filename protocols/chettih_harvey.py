"""Influence mapping by photostimulation of single neurons (Chettih & Harvey 2019), on any circuit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from scipy import stats

from insilico.analysis.influence.clustered import cell_contrasts, clustered_variance
from insilico.analysis.influence.design import FAR, MID, NEAR, InfluenceDesign
from insilico.analysis.influence.groups import PairGroups
from insilico.analysis.influence.noise import FieldNoise, TrialNoise
from insilico.analysis.influence.ordinal import InfluenceTests, five_tests
from insilico.analysis.influence.pairs import PAIR, pair_table
from insilico.analysis.influence.plan import TrialPlan
from insilico.analysis.influence.resampling import tuning_permutation
from insilico.analysis.influence.trials import observed, with_estimated_correlations
from insilico.comparison import Finding
from insilico.experiment import refuse_several
from insilico.model import SheetModel
from insilico.preparation import Preparation, Sheet
from protocols.base import heading
from protocols.driving import AbstractDrivingProtocol
from protocols.photostimulation import (
    Kernel,
    Scale,
    decoded_shift,
    field_pairs,
    kernel_of,
    passed_noise,
    sampled_neurons,
)
from stimuli import Grating, StimulusSet
from stimuli.doors import door

DRIVEN = {"output": ("output",), "input": ("input",), "both": ("input", "output")}
SHAM_PER_TRIAL = 10
LEAST_TRIALS = 16  # gratings
NOISE = TrialNoise()
MAP_CELLS = 20  # from the target, in the map that is kept
COUNTS = ("trials", "tuning_trials", "permutations", "seed")  # that may be 0
NAMES = {"weak slope": "slope_weak", "strong slope": "slope_strong", "gain": "population_gain"}


@door
@dataclass(frozen=True, kw_only=True)
class ChettihHarvey(AbstractDrivingProtocol):
    """Single output units driven under low-contrast full-field gratings; their influence on others in the field.

    Parameters
    ----------
    contrast
        Of the gratings.
    um_per_cell
        Distance between neighbouring cells in cortex, µm: an assumption, of which the report shows a range.
    r
        Change of the target over its largest response.
    n_fields, n_targets, n_neurons
        Fields of view, and driven and recorded neurons in each.
    near_um, mid_um, far_um
        Lower edges of the distance classes.
    strong_percent
        Share of pairs in each tail of trace correlation that counts as strong.
    driven
        "output", "input" or "both": what the light drives at the target's place and channel.
    trials
        Trials of each target, with noise; 0 takes the expected influences, noise-free.
    tuning_trials
        Trials of each grating without light, by which correlations are measured; 0 takes those of infinitely many.
    tuning_width
        Of the encoder; None takes the model's own.
    permutations
        Of tuning, the second reference of c and d; 0 for none.
    seed
        Of neurons, targets, trials and permutations.
    """

    name: ClassVar[str] = "chettih_harvey2019"
    title: ClassVar[str] = "Influence of single neurons (Chettih & Harvey 2019)"
    citation: ClassVar[str] = (
        "Chettih SN, Harvey CD (2019) Single-neuron perturbations reveal feature-specific competition in V1. "
        "Nature 567:334-340. doi:10.1038/s41586-019-0997-6"
    )

    spatial_frequency: float = 0.04
    contrast: float = 0.15
    um_per_cell: float = 20.0
    r: float = 1.0
    n_fields: int = 20
    n_targets: int = 26
    n_neurons: int = 298
    near_um: float = 25.0
    mid_um: float = 60.0
    far_um: float = 300.0
    strong_percent: float = 2.5
    driven: str = "output"
    trials: int = 0
    tuning_trials: int = 0
    tuning_width: float | None = None
    permutations: int = 199
    seed: int = 0

    def __post_init__(self) -> None:
        if self.driven not in DRIVEN:
            raise ValueError(f"driven = {self.driven!r}: must be {', '.join(map(repr, DRIVEN))}.")
        for name, least in (("n_fields", 2), ("n_targets", 1), ("n_neurons", 2), *((n, 0) for n in COUNTS)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                further = ": errors are clustered by field" if name == "n_fields" else ""
                raise ValueError(f"{name} = {value!r}: must be a whole number of {least} or more{further}.")
        if self.n_targets > self.n_neurons:
            raise ValueError(f"n_targets = {self.n_targets}: must be 1 to {self.n_neurons}, the neurons of a field.")
        for name in ("r", "contrast", "um_per_cell"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise ValueError(f"{name} = {value!r}: must be a number > 0.")
        if 0 < self.trials < LEAST_TRIALS:
            raise ValueError(
                f"trials = {self.trials}: must be 0 (expected influences), or {LEAST_TRIALS} or more, one a grating."
            )
        if self.tuning_trials == 1:
            raise ValueError("tuning_trials = 1: must be 0 (correlations known) or 2 or more.")
        _ = self.scale, self.groups  # which check their own settings

    @property
    def scale(self) -> Scale:
        """Cells and micrometres."""
        return Scale(um_per_cell=self.um_per_cell)

    @property
    def groups(self) -> PairGroups:
        """How pairs are sorted."""
        return PairGroups(
            class_edges_um=(self.near_um, self.mid_um, self.far_um),
            strong_percent=self.strong_percent,
            distance_model="exact",  # cells lie on a lattice, and within a bin near influences change with distance
        )

    def sheet(self, model: SheetModel) -> Preparation:
        """Return the sheet of the experiment: periodic, 16 channels, without a border in reach of a field."""
        if self.preparation is not None:
            return self.preparation
        n = self.scale.sheet
        width = model.preparation.tuning_width if self.tuning_width is None else self.tuning_width
        return Preparation(
            name="mouse_chettih_harvey2019",
            sheet=Sheet(shape=(n, n), pitch=0.25, boundary="periodic"),
            n_channels=16,
            spacing="even",
            tuning_width=width,
        )

    def stimuli(self, preparation: Preparation) -> StimulusSet:
        """Return full-field gratings at the channels' preferences."""
        return StimulusSet.grid(
            lambda orientation: Grating(
                orientation=orientation, spatial_frequency=self.spatial_frequency, contrast=self.contrast
            ),
            orientation=[float(p) for p in preparation.preferences],
        )

    def measured(self, model: SheetModel, *, seed: int) -> xr.Dataset:
        """Drive single units and return their influence on all pairs.

        Returns
        -------
        xarray.Dataset
            Pairs (dim pair) as `insilico.analysis.influence.pairs` says; `map` (y, x) of the change of all channels
            together round a driven unit under its preferred grating; `decoded_shift` (offset); `residual`, `converged`,
            `largest_eigenvalue` and `driven_eigenvalue` (stimulus), the last that of the driven circuit.
        """
        return self.of_kernel(self.kernel(model), model.preparation, seed=seed)

    def of_kernel(self, kernel: Kernel, preparation: Preparation, *, seed: int = 0) -> xr.Dataset:
        """Return the result of `measured` from what driving one unit does."""
        pairs = self.pairs(kernel, preparation, seed=seed)
        neurons = self.neurons(kernel, preparation, np.random.default_rng([self.seed, seed]))
        decoded = decoded_shift(kernel, neurons, np.unique(pairs["target"].values), preparation.preferences)
        rows = (np.arange(-MAP_CELLS, MAP_CELLS + 1)) * self.um_per_cell
        rate = {"units": "1", "long_name": "per unit time"}
        data = pairs.assign(
            map=(("y_um", "x_um"), _around(kernel), {"units": "1", "long_name": "change, all channels"}),
            decoded_shift=decoded["shift"],
            decoded_shift_se=decoded["shift_se"],
            residual=("stimulus", [kernel.residual], rate),
            converged=("stimulus", [True], {"units": "1"}),
            largest_eigenvalue=("stimulus", [kernel.largest_eigenvalue], rate),
            driven_eigenvalue=("stimulus", [kernel.driven_eigenvalue], rate),
        )
        return data.assign_coords(y_um=("y_um", -rows, {"units": "um"}), x_um=("x_um", rows, {"units": "um"}))

    def kernel(self, model: SheetModel) -> Kernel:
        """Return what driving one unit does on a prepared model."""
        return kernel_of(
            model,
            r=self.r,
            contrast=self.contrast,
            spatial_frequency=self.spatial_frequency,
            populations=None if self.driven == "output" else DRIVEN[self.driven],
            um_per_cell=self.um_per_cell,
            noise=NOISE,
        )

    def rescaled(self, kernel: Kernel, model: SheetModel) -> Kernel:
        """Return a kernel of the same model and sheet, found at another scale, at that of this experiment."""
        shown = StimulusSet.of(list(self.stimuli(model.preparation))[:1])
        return replace(kernel, passed=passed_noise(model, shown, self.um_per_cell, NOISE))

    def pairs(self, kernel: Kernel, preparation: Preparation, *, seed: int = 0) -> xr.Dataset:
        """Return the pairs of all fields: expected influences, or those of an experiment with trials."""
        pairs, noises = self.expected(kernel, preparation, seed=seed)
        of_trials, of_tuning = (np.random.default_rng([self.seed, seed, i]).integers(2**31) for i in (1, 2))
        if self.trials:
            plan = TrialPlan(trials=self.trials, sham_trials=SHAM_PER_TRIAL * self.trials)
            pairs = observed(pairs, noises, plan, seed=int(of_trials))
        if self.tuning_trials:
            pairs = with_estimated_correlations(pairs, noises, trials=self.tuning_trials, seed=int(of_tuning))
        return pairs

    def expected(
        self, kernel: Kernel, preparation: Preparation, *, seed: int = 0, noise: TrialNoise = NOISE
    ) -> tuple[xr.Dataset, dict[object, FieldNoise]]:
        """Return the pairs of all fields with their expected influences, and the noise of each field.

        Of another `noise`, length and tuning are those that the kernel was found with.
        """
        rng = np.random.default_rng([self.seed, seed])
        neurons = self.neurons(kernel, preparation, rng)
        return field_pairs(kernel, neurons, n_targets=self.n_targets, r=self.r, noise=noise, rng=rng)

    def neurons(self, kernel: Kernel, preparation: Preparation, rng: np.random.Generator) -> xr.Dataset:
        """Return the neurons of all fields."""
        return sampled_neurons(
            kernel,
            preparation.preferences,
            self.scale,
            n_fields=self.n_fields,
            n_neurons=self.n_neurons,
            rng=rng,
        )

    def tests(self, responses: xr.Dataset) -> InfluenceTests:
        """Return the five tests: errors clustered by target, for the mean influence by field; with trials all by field.

        The error of the sham trials is shared by all targets of a field: by target, a, mid − far and e would reject too
        often (`insilico.analysis.influence.calibration`).
        """
        pairs = pairs_of(responses)
        if self.trials:
            return five_tests(pairs, groups=self.groups, clustered_by="field")
        by_field = five_tests(pairs, letters="a", groups=self.groups, clustered_by="field")
        by_target = five_tests(pairs, letters="bcde", groups=self.groups, clustered_by="target")
        return InfluenceTests(tests=(*by_field.tests, *by_target.tests), gain=by_target.gain)

    def findings(self, responses: xr.Dataset) -> list[Finding]:
        """Return the mean influences by distance, the slopes, the population gain and the tests that hold."""
        refuse_several(responses)
        tests = self.tests(responses)
        found = [_with_interval("influence_mean", tests, "mean influence"), *self._by_distance(responses)]
        found += [_with_interval(name, tests, test) for test, name in NAMES.items()]
        found.append(Finding(name="tests_passed", value=tests.tests_passed, unit="letters a-e"))
        found += self._permuted(responses)
        if tests.gain is not None:
            found.append(Finding(name="net_return", value=tests.gain.net_return, unit="1"))
            found.append(Finding(name="drive_for_2_percent", value=tests.gain.drive_for_published, unit="r"))
        shift, error = responses["decoded_shift"], responses["decoded_shift_se"]
        at = int(np.abs(shift.values).argmax())
        value, half = float(shift[at]), 1.96 * float(error[at])
        found.append(
            Finding(name="decoded_shift", value=value, unit="deg towards it", low=value - half, high=value + half)
        )
        largest = float(responses["largest_eigenvalue"].max())
        found.append(Finding(name="largest_eigenvalue", value=largest, unit="per unit time"))
        found.append(Finding(name="tests_undefined", value=float(len(tests.undefined)), unit="tests"))
        return found

    def _permuted(self, responses: xr.Dataset) -> list[Finding]:
        """Return how often shuffled tuning has slopes as large as c and d, in the published direction."""
        if not self.permutations:
            return []
        p = tuning_permutation(pairs_of(responses), n=self.permutations, seed=self.seed, groups=self.groups)
        return [
            Finding(
                name=f"{NAMES[test]}_permutation_p",
                value=float(p["p_one_sided"].sel(test=test)),
                unit="one-sided, shuffled tuning",
            )
            for test in ("weak slope", "strong slope")
        ]

    def _by_distance(self, responses: xr.Dataset) -> list[Finding]:
        """Return the mean influence of near, mid and far pairs, errors clustered by target."""
        table = pair_table(pairs_of(responses))
        design = InfluenceDesign(table=table, groups=self.groups)
        classes = {"near": NEAR, "mid": MID, "far": FAR}
        means = cell_contrasts(design.distance_class, {name: {number: 1.0} for name, number in classes.items()})
        effects = means.effects(table["influence"])
        errors = np.sqrt(clustered_variance(means.scores(table["influence"]), table.target))
        half = float(stats.t.ppf(0.975, table.n_targets - 1)) * errors
        return [
            Finding(name=f"influence_{name}", value=float(e), unit="residual s.d.", low=float(e - h), high=float(e + h))
            for name, e, h in zip(classes, effects, half, strict=True)
        ]

    def plot(self, responses: xr.Dataset) -> Any:
        """Return the figure: influence by distance and by signal correlation, the map, the tests."""
        refuse_several(responses)
        from insilico import influence_plotting

        return influence_plotting.overview(
            pairs_of(responses),
            responses["map"],
            responses[["decoded_shift", "decoded_shift_se"]],
            self.tests(responses),
            self.groups,
            title=heading(responses),
        )

    def assumptions(self, preparation: Preparation) -> list[str]:
        """Return what is assumed where the paper does not say, or where a circuit has no counterpart."""
        return [
            f"{self.um_per_cell:g} um per cell (no magnification is known for the circuit's cells)",
            f"field of {self.scale.field_um:g} um, {self.scale.cells} cells a side; periodic sheet of "
            f"{preparation.sheet.shape[0]} x {preparation.sheet.shape[1]} cells",
            f"one drive to {self.driven} under all gratings: the target changes by {self.r:g} of its largest response "
            "on average",
            f"full-field gratings of contrast {self.contrast:g} at the {preparation.n_channels} preferences, "
            f"tuning width {preparation.tuning_width:g}",
            "influence in residual s.d. of an assumed noise: 3 events at the best stimulus, Fano 1.5, floor 0.25, a "
            "fifth of it input noise that the circuit passes on, 0.03 common to all",
            "only statements of the paper are public: signs are compared, no curve is drawn as data",
        ]


def pairs_of(responses: xr.Dataset) -> xr.Dataset:
    """Return the pairs of a result of `chettih_harvey2019` alone."""
    return responses[[name for name in responses.data_vars if responses[name].dims == (PAIR,)]]


@door
def chettih_harvey2019(**settings: Any) -> ChettihHarvey:
    """Return the experiment of Chettih & Harvey 2019; see `ChettihHarvey` for the settings."""
    return ChettihHarvey(**settings)


def _around(kernel: Kernel) -> np.ndarray:
    """Return the change of all channels together round the target that prefers the grating, (y, x); NaN at it."""
    total = kernel.change[0].sum(axis=-1)
    height, width = total.shape
    reach = np.arange(-MAP_CELLS, MAP_CELLS + 1)
    around = total[np.ix_((height // 2 + reach) % height, (width // 2 + reach) % width)].copy()
    around[MAP_CELLS, MAP_CELLS] = np.nan
    return around


def _with_interval(name: str, tests: InfluenceTests, test: str) -> Finding:
    found = tests[test]
    low, high = found.interval
    return Finding(name=name, value=found.effect, unit=found.test.unit, low=low, high=high)
