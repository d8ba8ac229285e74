"""Compare predictions with published data, honestly: one scale for the whole table, nulls beside.

R² = 1 − SSE / SST   over all points of the table, after the least-squares gain and offset, or, where model and data
                     have the same unit, without any

The gain of a prediction is >= 0: data that fall where the prediction rises are not explained by it. Where the
least-squares gain is not above 0 the best that is allowed is the data's mean, R² is 0, and the comparison has failed.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from insilico.reference_data import ReferenceData
from stimuli.doors import door

RESAMPLES = 2000
CONFIDENCE = 0.95
CONSTANT = 1e-12  # share of a column's size below which its variation is rounding
DEDICATED = "dedicated_"  # begins the names of models made for one table; they stand among its nulls


@dataclass(frozen=True, kw_only=True)
class LinearFit:
    """A least-squares fit of data by columns and one offset.

    Parameters
    ----------
    weights
        Weight of each column (the gain, where there is one column).
    offset
        Constant that is added.
    r2
        1 − SSE/SST over all points.
    free_weights
        Weights of the least-squares fit without a constraint; below 0 where a gain is refused.
    """

    weights: tuple[float, ...]
    offset: float
    r2: float
    free_weights: tuple[float, ...]

    def apply(self, columns: np.ndarray) -> np.ndarray:
        """Return the fitted values; columns (n_points,) or (n_points, n_columns)."""
        return np.reshape(columns, (len(columns), -1)) @ np.asarray(self.weights) + self.offset


def fit_linear(data: np.ndarray, columns: np.ndarray) -> LinearFit:
    """Fit data (n_points,) by columns (n_points,) or (n_points, n_columns) and one offset.

    The weight of a single column is a gain and is kept >= 0: at 0 the fit is the data's mean, and R² is 0. Several
    columns (of a null) have weights of any sign. Constant columns get no weight: they predict nothing.
    """
    design = np.reshape(columns, (len(data), -1))
    centered = design - design.mean(axis=0)
    centered[:, np.linalg.norm(centered, axis=0) <= CONSTANT * np.linalg.norm(design, axis=0)] = 0.0
    free = np.linalg.lstsq(centered, data - data.mean(), rcond=1e-12)[0]
    weights = np.maximum(free, 0.0) if free.size == 1 else free
    offset = float(data.mean() - design.mean(axis=0) @ weights)
    total = float(((data - data.mean()) ** 2).sum())
    error = float(((data - design @ weights - offset) ** 2).sum())
    return LinearFit(
        weights=tuple(map(float, weights)),
        offset=offset,
        r2=1 - error / total if total > 0 else float("nan"),
        free_weights=tuple(map(float, free)),
    )


def fit_unscaled(data: np.ndarray, prediction: np.ndarray) -> LinearFit:
    """Compare data (n_points,) with a prediction (n_points,) in the same unit as it is: nothing is fitted.

    R² is below 0 for a prediction that is worse than the data's mean, and NaN where a prediction is undefined.
    """
    prediction = np.asarray(prediction, dtype=float)
    if prediction.shape != data.shape:
        raise ValueError(f"prediction has shape {prediction.shape}: must be {data.shape}, one value for each point.")
    total = float(((data - data.mean()) ** 2).sum())
    error = float(((data - prediction) ** 2).sum())
    return LinearFit(
        weights=(1.0,), offset=0.0, r2=1 - error / total if total > 0 else float("nan"), free_weights=(1.0,)
    )


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How predictions are brought to the data's scale before they are compared.

    Parameters
    ----------
    name
        For captions and axes.
    legend
        The same as a sentence, for a report.
    n_free
        Numbers that the fit takes from the data.
    fit
        Function of (data, columns).
    """

    name: str
    legend: str
    n_free: int
    fit: Callable[[np.ndarray, np.ndarray], LinearFit]


GAIN_AND_OFFSET = Scale(
    name="one gain, one offset",
    legend="one gain, 0 or more, and one offset for the whole table, refitted in each resample; nulls have their own",
    n_free=2,
    fit=fit_linear,
)
UNSCALED = Scale(
    name="unscaled",
    legend="unscaled, in the data's own unit: nothing is fitted, so that amplitude counts",
    n_free=0,
    fit=fit_unscaled,
)


def bootstrap_interval(
    data: np.ndarray,
    prediction: np.ndarray,
    group: np.ndarray,
    *,
    seed: int,
    statistic: Callable[[np.ndarray, np.ndarray], float] | None = None,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of R² over resampled groups, each fitted anew; NaN if R² is undefined.

    Parameters
    ----------
    data, prediction
        Shape (n_points,).
    group
        Number of the group that each point belongs to, shape (n_points,): what is drawn together. Groups must be
        independent samples: of a table, its mirror orbits (`ReferenceData.orbit`).
    seed
        Of the resampling; the same seed gives the same interval.
    statistic
        Function of (data, prediction); R² of `fit_linear` if None.
    """
    measure = statistic or (lambda d, p: fit_linear(d, p).r2)
    members = [np.flatnonzero(group == number) for number in np.unique(group)]
    if len(members) < 2 or not np.isfinite(prediction).all():
        return float("nan"), float("nan")

    def of_groups(numbers: np.ndarray) -> float:
        chosen = np.concatenate([members[int(number)] for number in numbers])
        return measure(data[chosen], prediction[chosen])

    result = stats.bootstrap(
        (np.arange(len(members)),),
        of_groups,
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


@door
@dataclass(frozen=True, kw_only=True)
class Finding:
    """One measured quantity beside a score.

    Parameters
    ----------
    name, value, unit
        What was measured on the model.
    data
        The same measure on the published data, where there is one.
    low, high
        95 % interval, where there is one.
    note
        One sentence: what the name stands for, or why the value is undefined.
    expected
        Range that the value should lie in, ends included, where one is expected.
    source
        Who measured what, for a value that is held against an expectation.
    """

    name: str
    value: float | str
    unit: str
    data: float | None = None
    low: float | None = None
    high: float | None = None
    note: str | None = None
    expected: tuple[float, float] | None = None
    source: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value lies within the expected range; None where nothing is expected."""
        if self.expected is None:
            return None
        low, high = self.expected
        return low <= float(self.value) <= high

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of `summary.json`."""
        entry: dict[str, Any] = {"name": self.name, "value": self.value, "unit": self.unit}
        further: dict[str, Any] = {name: getattr(self, name) for name in ("data", "low", "high", "note")}
        if self.expected is not None:
            further |= {"expected": list(self.expected), "met": self.met}
        if self.source:
            further["source"] = self.source
        return entry | {name: value for name, value in further.items() if value is not None}


@door
@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A model's responses beside published data.

    Parameters
    ----------
    protocol, model
        Names.
    reference
        The published table with its card.
    prediction
        The model's value at each point of the table, before any gain and offset; shape (n_points,).
    fit
        Gain, offset, R²; gain 1 and offset 0 where the scale is `UNSCALED`. The score has failed where the gain that
        fits best is not above 0.
    low, high
        95 % bootstrap interval of R² over mirror orbits of panels.
    nulls
        R² of each named null, each fitted on its own; those that begin with "dedicated_" are models made for this
        table alone, with the number of parameters in their name.
    n_free
        Fitted parameters of the model and of what was projected out, gain and offset included where there are any.
    converged
        Whether every response is that of a fixed point.
    residual
        Largest rate of change of any stimulus.
    findings
        Plaid weights, decoded shifts, … of the model and of the data.
    assumptions
        What the paper does not say and the protocol chose.
    scale
        What was fitted to bring the prediction to the data's scale.
    plotter
        Draws data and model; set by the protocol.
    """

    protocol: str
    model: str
    reference: ReferenceData
    prediction: np.ndarray
    fit: LinearFit
    low: float
    high: float
    nulls: Mapping[str, float]
    n_free: int
    converged: bool
    residual: float
    findings: Sequence[Finding] = ()
    assumptions: Sequence[str] = ()
    scale: Scale = GAIN_AND_OFFSET
    plotter: Callable[[Comparison], Any] | None = field(default=None, repr=False, compare=False)

    @property
    def score_name(self) -> str:
        """Name of the score: the protocol's, with _r2."""
        return f"{self.protocol}_r2"

    @property
    def n_orbits(self) -> int:
        """Number of mirror orbits of panels that the interval is over."""
        return int(self.reference.orbit.max()) + 1

    @property
    def r2(self) -> float:
        """R² over all points of the table, on the comparison's scale."""
        return self.fit.r2

    @property
    def gain(self) -> float:
        """Least-squares gain of the prediction, in the data's unit per unit of response; <= 0 where it has failed."""
        return self.fit.free_weights[0]

    @property
    def failed(self) -> bool:
        """Whether the gain is not above 0: the response is inverted or constant, and the score is not valid."""
        return not self.gain > 0

    @property
    def best_null(self) -> float:
        """Largest R² of the nulls, models made for this table alone not among them; NaN where there are none."""
        plain = [value for name, value in self.nulls.items() if not name.startswith(DEDICATED)]
        return max(plain, default=float("nan"))

    @property
    def dedicated(self) -> float:
        """R² of the model made for this table alone; NaN where there is none."""
        found = [value for name, value in self.nulls.items() if name.startswith(DEDICATED)]
        return max(found, default=float("nan"))

    @property
    def fitted(self) -> np.ndarray:
        """The prediction on the data's scale, in the data's unit; shape (n_points,)."""
        return self.fit.apply(self.prediction)

    def score(self) -> dict[str, Any]:
        """Return the entry of `summary.json`."""
        return {
            "name": self.score_name,
            "value": self.r2,
            "low": self.low,
            "high": self.high,
            "n_orbits": self.n_orbits,
            "ceiling": self.reference.ceiling,
            "nulls": dict(self.nulls),
            "n_points": int(self.prediction.size),
            "n_free": self.n_free,
            "gain": self.gain,
            "offset": self.fit.offset,
            "failed": self.failed,
        }

    def plot(self) -> Any:
        """Return a figure of data and model, panel by panel, misses included."""
        if self.plotter is None:
            raise ValueError(f"{self.protocol} draws no figure of its comparison.")
        return self.plotter(self)

    def __repr__(self) -> str:
        nulls = " · ".join(
            f"{name} {value:.3f}{' (above the model)' if value > self.r2 else ''}" for name, value in self.nulls.items()
        )
        lines = [
            f"{self.score_name}  {self.r2:.3f} [{self.low:.2f}, {self.high:.2f}], {orbits_text(self.n_orbits)}   "
            f"model {self.model}   "
            f"ceiling {ceiling_text(self.reference.ceiling)}   {self.prediction.size} points, {self.n_free} free, "
            f"{self.scale.name}",
            f"  {gain_text(self.score())}",
            f"  nulls: {nulls}",
        ]
        if not self.converged:
            lines.append(f"  NOT CONVERGED: largest residual {self.residual:.1e}; not the score of a steady state")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            ("model", self.model, f"{self.r2:.3f} [{self.low:.2f}, {self.high:.2f}]", f"{self.n_free} free"),
            ("", "", "", gain_text(self.score())),
            *(("null", n, f"{v:.3f}", "above the model" if v > self.r2 else "") for n, v in self.nulls.items()),
        ]
        if self.reference.ceiling is not None:
            rows.append(("ceiling", "symmetry of the data", f"{self.reference.ceiling}", ""))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        warning = "" if self.converged else f"<p><b>Not converged</b> (largest residual {self.residual:.1e}).</p>"
        caption = html.escape(f"{self.score_name}, {self.scale.name}, {self.prediction.size} points")
        heading = "<tr><th></th><th></th><th>R²</th><th></th></tr>"
        return f"<table><caption>{caption}</caption>{heading}{body}</table>{warning}"


def orbits_text(n: int | None) -> str:
    """Return what an interval is over, as it is printed; results of earlier versions resampled panels."""
    return "interval over panels" if n is None else f"interval over {n} mirror orbits"


def ceiling_text(ceiling: float | None) -> str:
    """Return a ceiling as it is printed: a dash where it is not known."""
    return "–" if ceiling is None else f"{ceiling}"


def gain_text(score: Mapping[str, Any]) -> str:
    """Return the gain and the offset of a score as they are printed; one that has failed says so."""
    if "gain" not in score:  # of an earlier version
        return "gain not recorded"
    gain, offset = (float("nan") if score[name] is None else float(score[name]) for name in ("gain", "offset"))
    if (gain, offset) == (1, 0):
        return "in the data's own unit"
    shown = f"gain {gain:.3g}, offset {offset:.3g}"
    if not score["failed"]:
        return shown
    return f"FAILED: {shown}; the response is {'inverted' if gain < 0 else 'constant'}, the score is not valid"
