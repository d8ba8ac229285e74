"""What is fitted to what: targets, free parameters, and the residuals between them.

    residuals of a table = sqrt(weight) (prediction − data) / sqrt(SST)      their sum of squares is weight (1 − R²)

Gain and offset of a table are projected out of its residuals (linear least squares inside). Predictions come from the
folded circuit (`insilico.folding`), which is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from insilico.comparison import Scale
from insilico.fitting.free import Free
from insilico.folded_circuit import FoldedActivity, FoldedCircuit
from insilico.folding import FoldedStimuli, fold
from insilico.preparation import Preparation
from insilico.reference_data import ReferenceData
from stimuli import StimulusSet
from stimuli.doors import door
from stimuli.errors import unknown_name

SETTLED = {"float32": 2e-5, "float64": 1e-8}  # residual per unit time above which a state counts as not converged
TOLERANCE = {"float32": 3e-6, "float64": 1e-11}  # relative change at which the iteration stops
MAX_ITERATIONS = 600  # what has not settled by then hardly ever does
PENALTY = 10.0  # residual of each table point whose states have not converged


class TableProtocol(Protocol):
    """What a problem asks of an experiment with a published table."""

    name: str

    @property
    def preparation(self) -> Preparation | None: ...

    @property
    def reference(self) -> ReferenceData: ...

    def stimuli(self, preparation: Preparation) -> StimulusSet: ...

    def reader(
        self, stimuli: StimulusSet, preparation: Preparation
    ) -> Callable[[np.ndarray, np.ndarray], np.ndarray]: ...

    @property
    def scale(self) -> Scale: ...


class SoftTarget(Protocol):
    """A target without a table: an experiment, and residuals of measures of its responses."""

    name: str

    @property
    def preparation(self) -> Preparation | None: ...

    def stimuli(self, preparation: Preparation) -> StimulusSet: ...

    def residuals(self, stimuli: StimulusSet, preparation: Preparation, activity: FoldedActivity) -> np.ndarray: ...


@door
@dataclass(frozen=True, kw_only=True)
class Target:
    """One experiment of a fit.

    Parameters
    ----------
    experiment
        A table protocol, or an experiment with residuals of its own.
    weight
        Of its sum of squares.
    label
        Name of its score; the experiment's if None.
    data
        Values that take the place of the table's own, (n_points,): simulated or shuffled; None for the table's.
    kept
        Points of the table that are fitted, (n_points,) bool; all if None. The others are left out.
    """

    experiment: Any
    weight: float = 1.0
    kept: tuple[bool, ...] | None = None
    label: str | None = None
    data: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(f"weight = {self.weight} of {self.experiment.name}: must be > 0.")
        if self.kept is not None and not any(self.kept):
            raise ValueError(f"the leave-out empties {self.experiment.name}: keep some of its points, or drop it.")

    @property
    def name(self) -> str:
        """Name of its score."""
        return self.label or str(self.experiment.name)

    @property
    def values(self) -> np.ndarray:
        """What is fitted, (n_points,): `data`, or the values of the table."""
        return np.asarray(self.experiment.reference.values.values if self.data is None else self.data, dtype=float)

    @property
    def is_table(self) -> bool:
        """Whether it has a published table."""
        return hasattr(self.experiment, "reader")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a target is predicted: its stimuli, the preparation that they are shown to, and the activity."""

    stimuli: StimulusSet
    preparation: Preparation
    activity: FoldedActivity


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Residuals and scores of one set of values.

    Parameters
    ----------
    residuals
        All residuals, in the order of the targets.
    scores
        Target name to R² over its fitted points.
    unconverged
        Number of stimuli whose state is not a fixed point; their tables are penalised.
    """

    residuals: np.ndarray
    scores: dict[str, float]
    unconverged: int


@door
@dataclass(frozen=True, kw_only=True)
class Problem:
    """A set of targets and a set of free parameters of the contextual circuit.

    Parameters
    ----------
    targets
        Experiments.
    free
        Free parameters.
    parameters
        Parameters of the circuit that the fit starts from; what is not free stays.
    preparations
        Preparation name to changes of its fields, or of circuit parameters for it.
    dtype
        "float32" (fast) or "float64".
    """

    targets: tuple[Target, ...]
    free: tuple[Free, ...]
    parameters: Any
    preparations: dict[str, dict[str, Any]] = field(default_factory=dict)
    dtype: str = "float32"

    def __post_init__(self) -> None:
        circuit = {f.name for f in fields(self.parameters)}
        of_preparation = {"tuning_width", "center_diameter", "surround_diameter"}
        labels = [f.label for f in self.free]
        if len(set(labels)) < len(labels):
            raise ValueError(f"free parameters {labels}: each may be named once.")
        names = [self._prepared(t).name for t in self.targets]
        for parameter in self.free:
            if parameter.name not in circuit | of_preparation:
                raise unknown_name("parameter", parameter.name, circuit | of_preparation)
            if not any(parameter.acts_on(name) for name in names):
                raise ValueError(f"{parameter.label} acts on none of the preparations {', '.join(names)}.")
        n = sum(self._n_points(t) for t in self.targets)
        if n < len(self.free):
            raise ValueError(f"{n} data points for {len(self.free)} free parameters: free fewer, or fit more tables.")

    def settings(self, target: Target, values: Sequence[float]) -> tuple[Any, Preparation]:
        """Return the circuit's parameters and the preparation of a target at some values of the free parameters."""
        preparation = self._prepared(target)
        circuit = {f.name for f in fields(self.parameters)}
        changes = dict(self.preparations.get(preparation.name, {}))
        for parameter, value in zip(self.free, values, strict=True):
            if parameter.acts_on(preparation.name):
                changes[parameter.name] = value
        parameters = replace(self.parameters, **{k: v for k, v in changes.items() if k in circuit})
        return parameters, preparation.replaced(**{k: v for k, v in changes.items() if k not in circuit})

    def predict(self, target: Target, values: Sequence[float]) -> Prediction:
        """Return what a target is predicted at some values of the free parameters."""
        [found] = self._predicted([target], values)
        return found

    def _predicted(self, targets: Sequence[Target], values: Sequence[float]) -> list[Prediction]:
        """Return the prediction of each target; those of one circuit on one preparation are solved together."""
        settings = [self.settings(target, values) for target in targets]
        together: dict[Any, list[int]] = {}
        for i, (parameters, preparation) in enumerate(settings):
            together.setdefault((parameters, replace(preparation, name="")), []).append(i)
        found: dict[int, Prediction] = {}
        for (parameters, shared), members in together.items():
            experiments = tuple(targets[i].experiment for i in members)
            shown, folded = _folded(experiments, _geometry(shared))  # neither depends on the tuning
            circuit = FoldedCircuit(
                folded, parameters, tuning_width=shared.tuning_width, dtype=np.dtype(self.dtype).type
            )
            activity = circuit.steady_state(tol=TOLERANCE[self.dtype], max_iterations=MAX_ITERATIONS)
            ends = np.cumsum([len(stimuli) for stimuli in shown])
            for i, stimuli, end in zip(members, shown, ends, strict=True):
                own = activity.of_stimuli(slice(int(end) - len(stimuli), int(end)))
                found[i] = Prediction(stimuli=stimuli, preparation=settings[i][1], activity=own)
        return [found[i] for i in range(len(targets))]

    def evaluate(self, values: Sequence[float]) -> Evaluation:
        """Return the residuals and scores at some values of the free parameters."""
        residuals, scores, unconverged = [], {}, 0
        for target, predicted in zip(self.targets, self._predicted(self.targets, values), strict=True):
            activity, preparation = predicted.activity, predicted.preparation
            missed = int((activity.residual > SETTLED[self.dtype] * max(1.0, float(activity.response.max()))).sum())
            unconverged += missed
            if target.is_table:
                found, score = _of_table(target, preparation, activity)
                scores[target.name] = float(score)
            else:
                found = target.experiment.residuals(predicted.stimuli, preparation, activity)
            if missed or not np.isfinite(found).all():
                found = np.full_like(found, PENALTY)
            residuals.append(np.sqrt(target.weight) * found)
        return Evaluation(residuals=np.concatenate(residuals), scores=scores, unconverged=unconverged)

    def _prepared(self, target: Target) -> Preparation:
        preparation = target.experiment.preparation
        if preparation is None:
            raise ValueError(f"{target.experiment.name} has no preparation of its own: give it one to fit it.")
        return preparation

    def _n_points(self, target: Target) -> int:
        if not target.is_table:
            return 3
        return sum(target.kept) if target.kept is not None else target.values.size


def predicted_points(problem: Problem, target: Target, values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return data and prediction at all points of a target's table, (n_points,) each, before gain and offset."""
    found = problem.predict(target, values)
    read = _reading(target.experiment, _geometry(found.preparation))
    return target.values, read(found.activity.response, found.activity.drive)


def _of_table(target: Target, preparation: Preparation, activity: FoldedActivity) -> tuple[np.ndarray, float]:
    read = _reading(target.experiment, _geometry(preparation))
    data, prediction = target.values, read(activity.response, activity.drive)
    keep = np.ones(data.size, dtype=bool) if target.kept is None else np.asarray(target.kept)
    fitted = target.experiment.scale.fit(data[keep], prediction[keep])
    error = fitted.apply(prediction[keep]) - data[keep]
    total = float(((data[keep] - data[keep].mean()) ** 2).sum())
    return error / np.sqrt(total), fitted.r2


def _geometry(preparation: Preparation) -> Preparation:
    return replace(preparation, name="", tuning_width=1.0)


@lru_cache(maxsize=256)
def _folded(experiments: tuple[Any, ...], preparation: Preparation) -> tuple[list[StimulusSet], FoldedStimuli]:
    """Return the stimuli of each experiment, and all of them folded."""
    shown = [experiment.stimuli(preparation) for experiment in experiments]
    return shown, fold([stimulus for stimuli in shown for stimulus in stimuli], preparation)


@lru_cache(maxsize=256)
def _reading(experiment: Any, preparation: Preparation) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    reader: Callable[[np.ndarray, np.ndarray], np.ndarray] = experiment.reader(
        experiment.stimuli(preparation), preparation
    )
    return reader
