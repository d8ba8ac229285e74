"""Influence of single units on others: maps, pairs, tests, noise of trials, power."""

from insilico.analysis.influence.calibration import calibration, power_agreement
from insilico.analysis.influence.connectivity import effective_connectivity
from insilico.analysis.influence.groups import PairGroups
from insilico.analysis.influence.maps import finite_influence, implicit_influence
from insilico.analysis.influence.measures import measured_pairs
from insilico.analysis.influence.noise import TrialNoise, field_noises
from insilico.analysis.influence.ordinal import five_tests
from insilico.analysis.influence.pairs import stack_pairs
from insilico.analysis.influence.plan import ExperimentSize, TrialPlan
from insilico.analysis.influence.planning import largest_differences, power_table, trials_needed
from insilico.analysis.influence.power import power_plan
from insilico.analysis.influence.resampling import as_published, tuning_permutation
from insilico.analysis.influence.simulation import field_pool, simulated
from insilico.analysis.influence.synthetic import synthetic_experiment
from insilico.analysis.influence.trials import observed, with_estimated_correlations

__all__ = [
    "ExperimentSize",
    "PairGroups",
    "TrialNoise",
    "TrialPlan",
    "as_published",
    "calibration",
    "effective_connectivity",
    "field_noises",
    "field_pool",
    "finite_influence",
    "five_tests",
    "implicit_influence",
    "largest_differences",
    "measured_pairs",
    "observed",
    "power_agreement",
    "power_plan",
    "power_table",
    "simulated",
    "stack_pairs",
    "synthetic_experiment",
    "trials_needed",
    "tuning_permutation",
    "with_estimated_correlations",
]
