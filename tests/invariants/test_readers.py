"""The reader that a fit uses is the prediction that a comparison makes."""

import numpy as np
import pytest

import insilico
import protocols
from protocols.registry import PUBLISHED

SMALL = {"preparation.shape": (31, 31), "preparation.n_channels": 13}


@pytest.mark.parametrize("model", ["feedforward", "normalization", "mely2018"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_reader_of_arrays_is_the_prediction_of_labels(name, model):
    experiment = protocols.protocol_named(name)
    if isinstance(experiment, protocols.AbstractInduction):
        angles = experiment.reference.values[experiment.coordinate].values
        experiment = experiment.with_settings(angles=(*angles[::-1].tolist(), 7.0))
    subject = insilico.load_model(model, **SMALL).prepared(experiment.preparation)
    responses = experiment.run(subject)
    column = experiment.checked(responses)
    read = experiment.reader(experiment.stimuli(subject.preparation), subject.preparation)
    arrays = [column[variable].values for variable in ("response", "drive")]
    prediction = experiment.predict(column)
    assert np.array_equal(read(*arrays), prediction)
    assert prediction.shape == experiment.reference.values.shape
    assert np.array_equal(experiment.compare(responses).prediction, prediction)
    single = read(*(array.astype(np.float32) for array in arrays))
    assert np.allclose(single, prediction, atol=1e-3)


@pytest.mark.parametrize("name", ["busse2009", "trott_born2015_plaid", "trott_born2015_matrix"])
def test_the_reader_of_responses_is_the_labelled_look_up(name):
    experiment = protocols.protocol_named(name)
    column = experiment.checked(experiment.run(insilico.load_model("feedforward")))
    reference = experiment.reference
    conditions = {key: reference.values[key].values for key in experiment.conditions}
    found = insilico.analysis.responses_to(column["response"], conditions, experiment.preferences(reference))
    assert np.allclose(experiment.predict(column), found, rtol=0, atol=1e-14)
