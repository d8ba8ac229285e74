"""Fit the parameters of a circuit to published tables: problem, optimiser, result."""

from insilico.fitting.free import Free
from insilico.fitting.leave_out import LeftOut, leave_out_parts, leave_out_table, leave_out_tables
from insilico.fitting.nearby import changed_scores, values_now
from insilico.fitting.problem import Problem
from insilico.fitting.result import FitResult, fit
from insilico.fitting.starts import run_starts
from insilico.fitting.target import Target
from insilico.fitting.variation import Outcome, Variation, fit_variations

__all__ = [
    "FitResult",
    "Free",
    "LeftOut",
    "Outcome",
    "Problem",
    "Target",
    "Variation",
    "changed_scores",
    "fit",
    "fit_variations",
    "leave_out_parts",
    "leave_out_table",
    "leave_out_tables",
    "run_starts",
    "values_now",
]
