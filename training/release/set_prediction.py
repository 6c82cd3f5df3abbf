"""Predictions of a release of any kind for a real set, each image with the others of its dataset where it matters."""

import numpy as np
import numpy.typing as npt

from model_store.area.dataset_prediction import predict_dataset
from model_store.predictors.predictor import Predictor
from shared.preprocessing import NetworkInputs
from training.fit.context_inputs import with_context
from training.real_sets import RealSet

_BATCH = 128

Probabilities = npt.NDArray[np.float32]


def predict_real_set(predictor: Predictor, real_set: RealSet) -> tuple[NetworkInputs, Probabilities]:
    """Network inputs, (N, 56, 56, C), and off-sample probabilities, (N,)."""
    manifest = predictor.release.manifest
    inputs = with_context(real_set, manifest)
    if manifest.kind != "area":
        return inputs, predictor.predict(inputs).off_sample_probability
    found = np.zeros(len(inputs), dtype=np.float32)
    names = np.asarray(real_set.dataset_of, dtype=np.str_)
    for name in np.unique(names):
        rows = names == name
        found[rows] = predict_together(predictor, inputs[rows]) if name else _predict_alone(predictor, inputs[rows])
    return inputs, found


def predict_together(predictor: Predictor, inputs: NetworkInputs) -> Probabilities:
    """Of the images of one dataset, (N, 56, 56, 2), for a release of kind `area`."""
    found = predict_dataset(
        predictor, lambda: [inputs[start : start + _BATCH] for start in range(0, len(inputs), _BATCH)]
    )
    return np.zeros(0, dtype=np.float32) if found is None else found.ions.off_sample_probability


def _predict_alone(predictor: Predictor, inputs: NetworkInputs) -> Probabilities:
    return predictor.predict(inputs).off_sample_probability
