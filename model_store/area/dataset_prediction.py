"""Predictions for a whole dataset by a release that knows whether off-sample area was measured."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from model_store.area.decision import AreaDecision, AreaVerdict
from model_store.area.reading import AreaReading, Array, Batches, read_area
from model_store.predictors.predictor import Prediction, Predictor
from shared.errors import ReleaseError
from shared.preprocessing import NetworkInputs


@dataclass(frozen=True, eq=False)
class DatasetPrediction:
    """What a release predicts for the N ion images of one dataset.

    Attributes
    ----------
    ions
        N predictions, in the order of the images.
    off_sample_area
        The verdict.
    area_probability
        Calibrated probability that the dataset has off-sample area.
    sample_mask
        (28, 28) in [0, 1]: which pixels are sample, as the area networks see it.
    reading
        Of the area networks.
    """

    ions: Prediction
    off_sample_area: AreaVerdict
    area_probability: float
    sample_mask: Array
    reading: AreaReading


def predict_dataset(predictor: Predictor, batches: Batches) -> DatasetPrediction | None:
    """Predict for a dataset that is streamed two or three times; None without an image.

    Parameters
    ----------
    predictor
        Of a release of kind `area`.

    Raises
    ------
    ReleaseError
        When it is of another kind.
    """
    parts, networks = predictor.release.manifest.area, predictor.area_networks
    if parts is None or networks is None:
        raise ReleaseError(f"release {predictor.release.version} has no area networks; expected a release of kind area")
    reading = read_area(networks, batches)
    if reading is None:
        return None
    probability = parts.decision.find_probability(reading)
    verdict = parts.decision.judge(probability)
    if verdict == "unclear":
        ions = _predict_alone(predictor, batches)
    else:
        whole = replace(reading, off_logits=reading.judge_all(networks, batches))
        ions = combine(whole, parts.decision, verdict)
    return DatasetPrediction(ions, verdict, probability, reading.sample_mask, reading)


def predict_alike(predictor: Predictor, dataset: DatasetPrediction, inputs: NetworkInputs) -> Prediction:
    """Predict for further images of the same dataset, or changed ones, (n, 56, 56, 2); what it shows stays the same.

    Raises
    ------
    ReleaseError
        When the predictor is of a release of another kind.
    """
    parts, networks = predictor.release.manifest.area, predictor.area_networks
    if parts is None or networks is None:
        raise ReleaseError(f"release {predictor.release.version} has no area networks; expected a release of kind area")
    if dataset.off_sample_area == "unclear":
        return predictor.predict(inputs)
    logits = dataset.reading.context.judge(networks, inputs)
    return combine(replace(dataset.reading, off_logits=logits), parts.decision, dataset.off_sample_area)


def combine(reading: AreaReading, decision: AreaDecision, verdict: AreaVerdict) -> Prediction:
    """Predictions of the area networks, where the verdict is not `unclear`.

    Where off-sample area is absent, an ion is off-sample only if the verdict is wrong: each network's probability is
    that of the area times that of the ion.
    """
    logits = reading.off_logits.astype(np.float64) / decision.temperature
    members = expit(logits)
    if verdict == "absent":
        members = members * expit(decision.find_logits(reading))
        mean = members.mean(axis=1)
    else:
        mean = expit(logits.mean(axis=1))
    return Prediction(mean.astype(np.float32), members.std(axis=1).astype(np.float32))


def _predict_alone(predictor: Predictor, batches: Batches) -> Prediction:
    """Of the image members, which see every image alone."""
    found = [predictor.predict(inputs) for inputs in batches()]
    return Prediction(
        np.concatenate([one.off_sample_probability for one in found]),
        np.concatenate([one.member_spread for one in found]),
    )
