"""Measures of labelled responses: labelled in, labelled out, nothing changed."""

from insilico.analysis.decode import vector_average
from insilico.analysis.fits import fit_naka_rushton, fit_von_mises
from insilico.analysis.interaction import weighted_sum
from insilico.analysis.lookup import at_preference, responses_to
from insilico.analysis.sizes import preferred_size, summation_size, suppression_index
from insilico.analysis.tuning import tuning_curve

__all__ = [
    "at_preference",
    "fit_naka_rushton",
    "fit_von_mises",
    "preferred_size",
    "responses_to",
    "summation_size",
    "suppression_index",
    "tuning_curve",
    "vector_average",
    "weighted_sum",
]
