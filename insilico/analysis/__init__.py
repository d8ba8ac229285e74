"""Measures of labelled responses: labelled in, labelled out, nothing changed."""

from insilico.analysis.decode import READ_OUTS, circular_vote, decoded, pointers, vector_average, wrapped
from insilico.analysis.fits import fit_naka_rushton, fit_von_mises
from insilico.analysis.influence.maps import finite_influence, implicit_influence
from insilico.analysis.influence.ordinal import five_tests
from insilico.analysis.interaction import weighted_sum
from insilico.analysis.lookup import at_preference, channel_weights, responses_to, stimulus_rows
from insilico.analysis.sizes import preferred_size, summation_size, suppression_index, unimodal
from insilico.analysis.tuning import circular_variance, tuning_curve

__all__ = [
    "READ_OUTS",
    "at_preference",
    "channel_weights",
    "circular_variance",
    "circular_vote",
    "decoded",
    "finite_influence",
    "fit_naka_rushton",
    "fit_von_mises",
    "five_tests",
    "implicit_influence",
    "pointers",
    "preferred_size",
    "responses_to",
    "stimulus_rows",
    "summation_size",
    "suppression_index",
    "tuning_curve",
    "unimodal",
    "vector_average",
    "weighted_sum",
    "wrapped",
]
