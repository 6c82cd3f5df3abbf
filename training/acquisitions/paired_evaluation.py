"""Two releases on the same labelled ions of whole acquisitions."""

from collections.abc import Iterable

import numpy as np

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release
from shared.errors import InvalidInputError
from shared.preprocessing import describe_missing_signal, preprocess
from training.acquisitions.acquisition import Acquisition
from training.acquisitions.evaluation import see_acquisition
from training.metrics.paired_comparison import Correct, PairedComparison, compare_paired


def compare_releases(first: Release, second: Release, acquisitions: Iterable[Acquisition]) -> PairedComparison:
    """Predict every acquisition with both, each at its own threshold, and compare on the ions labelled on or off.

    Acquisitions of one series count as one dataset.

    Raises
    ------
    InvalidInputError
        When no ion is labelled.
    """
    predictors = [open_predictor(release, Engine.ONNX) for release in (first, second)]
    series: list[str] = []
    correct: tuple[list[Correct], list[Correct]] = ([], [])
    for acquisition in acquisitions:
        for predictor, found in zip(predictors, correct, strict=True):
            found.append(_find_correct(predictor, acquisition))
        series += [acquisition.series] * len(correct[0][-1])
    if not series:
        raise InvalidInputError("expected ion images labelled on or off, got none")
    one, other = (np.concatenate(found) for found in correct)
    return compare_paired((first.version, one), (second.version, other), series)


def _find_correct(predictor: Predictor, acquisition: Acquisition) -> Correct:
    """(N,), whether each labelled ion with signal is predicted correctly; the release sees the other ions too."""
    pairs = zip(acquisition.ion_images, acquisition.effective_labels, strict=True)
    shown = [(image, label) for image, label in pairs if describe_missing_signal(image) is None]
    if not any(label in ("on", "off") for _, label in shown):
        return np.zeros(0, dtype=np.bool_)
    probability = see_acquisition(predictor, preprocess([image for image, _ in shown])).off_sample_probability
    predicted_off = probability >= predictor.release.manifest.threshold
    judged = [row for row, (_, label) in enumerate(shown) if label in ("on", "off")]
    return np.asarray([predicted_off[row] == (shown[row][1] == "off") for row in judged], dtype=np.bool_)
