"""Compare predictions with published data, honestly: one scale for the whole table, nulls beside.

R² = 1 − SSE / SST   over all points of the table, after the least-squares gain and offset, or, where model and data
                     have the same unit, without any
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
    """

    weights: tuple[float, ...]
    offset: float
    r2: float

    def apply(self, columns: np.ndarray) -> np.ndarray:
        """Return the fitted values; columns (n_points,) or (n_points, n_columns)."""
        return np.reshape(columns, (len(columns), -1)) @ np.asarray(self.weights) + self.offset


def fit_linear(data: np.ndarray, columns: np.ndarray) -> LinearFit:
    """Fit data (n_points,) by columns (n_points,) or (n_points, n_columns) and one offset.

    Constant columns get no weight: they predict nothing, and R² is then 0.
    """
    design = np.reshape(columns, (len(data), -1))
    centered = design - design.mean(axis=0)
    weights = np.linalg.lstsq(centered, data - data.mean(), rcond=1e-12)[0]
    offset = float(data.mean() - design.mean(axis=0) @ weights)
    total = float(((data - data.mean()) ** 2).sum())
    error = float(((data - design @ weights - offset) ** 2).sum())
    return LinearFit(
        weights=tuple(map(float, weights)), offset=offset, r2=1 - error / total if total > 0 else float("nan")
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
    return LinearFit(weights=(1.0,), offset=0.0, r2=1 - error / total if total > 0 else float("nan"))


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
    legend="one gain and one offset for the whole table, refitted in each resample; nulls have their own",
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
    panel: np.ndarray,
    *,
    seed: int,
    statistic: Callable[[np.ndarray, np.ndarray], float] | None = None,
) -> tuple[float, float]:
    """Return the 95 % percentile interval of R² over resampled panels, each fitted anew; NaN if R² is undefined.

    Parameters
    ----------
    data, prediction
        Shape (n_points,).
    panel
        Panel number of each point, shape (n_points,).
    seed
        Of the resampling; the same seed gives the same interval.
    statistic
        Function of (data, prediction); R² of `fit_linear` if None.
    """
    measure = statistic or (lambda d, p: fit_linear(d, p).r2)
    members = [np.flatnonzero(panel == number) for number in np.unique(panel)]
    if len(members) < 2 or not np.isfinite(prediction).all():
        return float("nan"), float("nan")

    def of_panels(numbers: np.ndarray) -> float:
        chosen = np.concatenate([members[int(number)] for number in numbers])
        return measure(data[chosen], prediction[chosen])

    result = stats.bootstrap(
        (np.arange(len(members)),),
        of_panels,
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
    """

    name: str
    value: float | str
    unit: str
    data: float | None = None
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of `summary.json`."""
        entry: dict[str, Any] = {"name": self.name, "value": self.value, "unit": self.unit}
        further = {name: getattr(self, name) for name in ("data", "low", "high")}
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
        Gain, offset, R²; gain 1 and offset 0 where the scale is `UNSCALED`.
    low, high
        95 % bootstrap interval of R² over panels.
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
    def r2(self) -> float:
        """R² over all points of the table, on the comparison's scale."""
        return self.fit.r2

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
            "ceiling": self.reference.ceiling,
            "nulls": dict(self.nulls),
            "n_points": int(self.prediction.size),
            "n_free": self.n_free,
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
            f"{self.score_name}  {self.r2:.3f} [{self.low:.2f}, {self.high:.2f}]   model {self.model}   "
            f"ceiling {ceiling_text(self.reference.ceiling)}   {self.prediction.size} points, {self.n_free} free, "
            f"{self.scale.name}",
            f"  nulls: {nulls}",
        ]
        if not self.converged:
            lines.append(f"  NOT CONVERGED: largest residual {self.residual:.1e}; not the score of a steady state")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            ("model", self.model, f"{self.r2:.3f} [{self.low:.2f}, {self.high:.2f}]", f"{self.n_free} free"),
            *(("null", n, f"{v:.3f}", "above the model" if v > self.r2 else "") for n, v in self.nulls.items()),
        ]
        if self.reference.ceiling is not None:
            rows.append(("ceiling", "symmetry of the data", f"{self.reference.ceiling}", ""))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        warning = "" if self.converged else f"<p><b>Not converged</b> (largest residual {self.residual:.1e}).</p>"
        caption = html.escape(f"{self.score_name}, {self.scale.name}, {self.prediction.size} points")
        heading = "<tr><th></th><th></th><th>R²</th><th></th></tr>"
        return f"<table><caption>{caption}</caption>{heading}{body}</table>{warning}"


def ceiling_text(ceiling: float | None) -> str:
    """Return a ceiling as it is printed: a dash where it is not known."""
    return "–" if ceiling is None else f"{ceiling}"
