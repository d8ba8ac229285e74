"""Fit the parameters of a circuit to published tables: problem, optimiser, result."""

from insilico.fitting.free import Free
from insilico.fitting.problem import Problem, Target
from insilico.fitting.result import FitResult
from insilico.fitting.starts import run_starts

__all__ = ["FitResult", "Free", "Problem", "Target", "run_starts"]
