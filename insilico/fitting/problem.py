"""What is fitted to what: targets, free parameters, and the residuals between them.

    residuals of a table = sqrt(weight) (prediction − data) / sqrt(SST)      their sum of squares is weight (1 − R²)

Gain and offset of a table are projected out of its residuals (linear least squares inside). Predictions come from the
folded circuit (`insilico.folding`), which is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from insilico.circuits.contextual_equations import ContextualParameters
from insilico.fitting.free import Free, superseded
from insilico.fitting.target import Target
from insilico.folded_circuit import FoldedActivity, FoldedCircuit
from insilico.folding import FoldedStimuli, fold
from insilico.model import EVERY, SheetModel
from insilico.preparation import Preparation, Sheet
from stimuli import StimulusSet
from stimuli.doors import door
from stimuli.errors import unknown_name

SETTLED = {"float32": 2e-5, "float64": 1e-8}  # residual per unit time above which a state counts as not converged
TOLERANCE = {"float32": 3e-6, "float64": 1e-11}  # relative change at which the iteration stops
MAX_ITERATIONS = 600  # what has not settled by then hardly ever does
PENALTY = 10.0  # residual of each table point whose states have not converged
TUNING = "tuning_width"  # the one field of a preparation that can be free: the others are the stimulus


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


def _unsaid() -> dict[str, dict[str, Any]]:
    raise ValueError(
        "preparations: say which; Problem.of_model(model, ...) takes those of a model's parameter set (a tuning width "
        "for each experiment), preparations={} those of the experiments alone."
    )


@door
@dataclass(frozen=True, kw_only=True)
class Problem:
    """A set of targets and a set of free parameters of the contextual circuit.

    Parameters
    ----------
    targets
        Experiments.
    free
        Free parameters: of the circuit, and the tuning width. Stimulus geometry is the experiment's, and never free.
    parameters
        Parameters of the circuit that the fit starts from; what is not free stays.
    preparations
        Preparation name to changes of its fields, or of circuit parameters for it, as a parameter set has them; {}
        for the experiments' own. `Problem.of_model` takes them from a model.
    fitted
        Labels of the values in `parameters` and `preparations` that an earlier fit has found; they count.
    dtype
        "float32" (fast) or "float64".
    """

    targets: tuple[Target, ...]
    free: tuple[Free, ...]
    parameters: Any
    preparations: dict[str, dict[str, Any]] = field(default_factory=_unsaid)
    fitted: tuple[str, ...] = ()
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.parameters, ContextualParameters):
            raise TypeError(
                f"parameters = {type(self.parameters).__name__}: only the contextual circuit is solved on folded "
                "stimuli and can be fitted; take insilico.load_model('contextual').parameters. It contains the circuit "
                "of mely2018: set 'extensions_off'."
            )
        if not self.targets:
            raise ValueError("no targets: give at least one experiment with a table.")
        labels = [f.label for f in self.free]
        if len(set(labels)) < len(labels):
            raise ValueError(f"free parameters {labels}: each may be named once.")
        scores = [t.name for t in self.targets]
        if len(set(scores)) < len(scores):
            raise ValueError(f"targets {scores}: each may be named once, or its data would count twice.")
        names = [self._prepared(t).name for t in self.targets]
        for parameter in self.free:
            check_free(parameter.name, self._circuit | {TUNING})
            if not any(parameter.acts_on(name) for name in names):
                raise ValueError(f"{parameter.label} acts on none of the preparations {', '.join(names)}.")
        n = sum(self._n_points(t) for t in self.targets)
        if n < len(self.free):
            raise ValueError(f"{n} data points for {len(self.free)} free parameters: free fewer, or fit more tables.")

    @classmethod
    def of_model(
        cls, model: SheetModel, *, targets: Sequence[Target], free: Sequence[Free], dtype: str = "float32"
    ) -> Problem:
        """Return the problem of fitting a model further: what is not free is as the model has it in each experiment.

        Raises
        ------
        ValueError
            If the model has lesions, perturbations or another encoder than the population code.
        """
        if model.lesions or model.perturbations or model.encoder != "population":
            raise ValueError(f"{model!r}: a fit knows no lesions, perturbations or energy encoder; take them out.")
        every = model.overrides.get(EVERY, {})
        names = [t.experiment.preparation.name for t in targets if t.experiment.preparation is not None]
        own = {
            name: {k: v for k, v in {**model.overrides.get(name, {}), **every}.items() if k not in model.changes}
            for name in dict.fromkeys([*names, *(set(model.overrides) - {EVERY})])
        }
        changed = {*model.changes, *every}
        fitted = tuple(label for label in model.fitted if label.partition("@")[0] not in changed)
        return cls(
            targets=tuple(targets),
            free=tuple(free),
            parameters=model.parameters,
            preparations=own,
            fitted=fitted,
            dtype=dtype,
        )

    @property
    def _circuit(self) -> set[str]:
        return {f.name for f in fields(self.parameters)}

    def applied(self, values: Sequence[float]) -> tuple[dict[str, float], dict[str, dict[str, Any]]]:
        """Return the shared circuit parameters, and the changes of each preparation, at some values of the free ones.

        A fitted model is made of the same two (`FitResult.to_model`): it cannot differ from what was fitted.
        """
        shared: dict[str, float] = {}
        own: dict[str, dict[str, Any]] = {t.experiment.preparation.name: {} for t in self.targets}
        own |= {name: dict(changes) for name, changes in self.preparations.items()}
        for parameter, value in zip(self.free, values, strict=True):
            everywhere = not parameter.where and parameter.name in self._circuit
            if everywhere:
                shared[parameter.name] = value
            for name, changes in own.items():
                if everywhere:
                    changes.pop(parameter.name, None)
                elif parameter.acts_on(name):
                    changes[parameter.name] = value
        return shared, own

    def settings(self, target: Target, values: Sequence[float] | None) -> tuple[Any, Preparation]:
        """Return the circuit's parameters and the preparation of a target at some values of the free parameters.

        Where `values` is None, nothing is free: they are as they were before the fit.
        """
        preparation = self._prepared(target)
        shared, own = replace(self, free=()).applied(()) if values is None else self.applied(values)
        changes = own[preparation.name]
        parameters = replace(self.parameters, **{**shared, **{k: v for k, v in changes.items() if k in self._circuit}})
        prepared = preparation.replaced(**{k: v for k, v in changes.items() if k not in self._circuit})
        return parameters, prepared.replaced(tuning_width=prepared.tuning_width * target.width_factor)

    def counted(self, fixed: Collection[str] = ()) -> tuple[str, ...]:
        """Return the labels of all fitted values: those of earlier fits that are still there, and the free ones.

        Parameters
        ----------
        fixed
            Labels of free parameters that ended at a bound: they are not counted.
        """
        names = {t.experiment.preparation.name for t in self.targets} | set(self.preparations)
        kept = [label for label in self.fitted if not superseded(label, self.free, names)]
        return (*kept, *(f.label for f in self.free if f.label not in fixed))

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
            shown, activity = _solved(experiments, _geometry(shared), parameters, shared.tuning_width, self.dtype)
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
            limit = SETTLED[self.dtype] * max(1.0, float(activity.response.max()))
            missed = int((~(activity.residual <= limit)).sum())  # nan has not converged either
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


def check_free(name: str, known: set[str]) -> None:
    """Raise where a parameter cannot be free."""
    if name in known:
        return
    if name in {f.name for f in (*fields(Preparation), *fields(Sheet))}:
        raise ValueError(
            f"{name} cannot be free: it is part of the experiment, not of the circuit, and a score must not be bought "
            f"with a fitted stimulus. Of a preparation, only {TUNING} can be free."
        )
    raise unknown_name("parameter", name, known)


def predicted_points(problem: Problem, target: Target, values: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return data and prediction at all points of a target's table, (n_points,) each, before gain and offset."""
    found = problem.predict(target, values)
    read = _reading(target.experiment, _geometry(found.preparation))
    return target.values, read(found.activity.response, found.activity.drive)


def _of_table(target: Target, preparation: Preparation, activity: FoldedActivity) -> tuple[np.ndarray, float]:
    read = _reading(target.experiment, _geometry(preparation))
    data, prediction = target.values, read(activity.response, activity.drive)
    keep = np.ones(data.size, dtype=bool) if target.kept is None else np.asarray(target.kept)
    if not np.isfinite(prediction[keep]).all():
        return np.full(int(keep.sum()), np.nan), float("nan")
    fitted = target.experiment.scale.fit(data[keep], prediction[keep])
    error = fitted.apply(prediction[keep]) - data[keep]
    total = float(((data[keep] - data[keep].mean()) ** 2).sum())
    return error / np.sqrt(total), fitted.r2


def _geometry(preparation: Preparation) -> Preparation:
    return replace(preparation, name="", tuning_width=1.0)


@lru_cache(maxsize=64)  # a difference in one tuning width leaves the other tables as they are
def _solved(
    experiments: tuple[Any, ...], geometry: Preparation, parameters: Any, tuning_width: float, dtype: str
) -> tuple[list[StimulusSet], FoldedActivity]:
    """Return the stimuli of each experiment, and the steady states under all of them."""
    shown, folded = _folded(experiments, geometry, parameters.rX)  # neither depends on the tuning
    circuit = FoldedCircuit(folded, parameters, tuning_width=tuning_width, dtype=np.dtype(dtype).type)
    return shown, circuit.steady_state(tol=TOLERANCE[dtype], max_iterations=MAX_ITERATIONS)


@lru_cache(maxsize=256)
def _folded(
    experiments: tuple[Any, ...], preparation: Preparation, field: float
) -> tuple[list[StimulusSet], FoldedStimuli]:
    """Return the stimuli of each experiment, and all of them folded."""
    shown = [experiment.stimuli(preparation) for experiment in experiments]
    return shown, fold([stimulus for stimuli in shown for stimulus in stimuli], preparation, field=field)


@lru_cache(maxsize=256)
def _reading(experiment: Any, preparation: Preparation) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    reader: Callable[[np.ndarray, np.ndarray], np.ndarray] = experiment.reader(
        experiment.stimuli(preparation), preparation
    )
    return reader
