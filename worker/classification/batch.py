"""Batches on their way through a classification, and which images belong to the dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from model_store.predictors.predictor import Prediction
from shared.preprocessing import NetworkInputs

InputBatch = tuple[list[str], NetworkInputs]
"""Annotation ids and their network inputs."""

PredictedBatch = tuple[list[str], Prediction]
"""Annotation ids and the predictions for them."""

Shape = tuple[int, int]
"""Height and width, px."""


def find_dataset_members(annotation_ids: Sequence[str], shapes: Mapping[str, Shape]) -> npt.NDArray[np.bool_]:
    """(N,), which images have the shape of their dataset, the most frequent one of `shapes`."""
    frequencies = Counter(shapes.values())
    if not frequencies:
        return np.zeros(len(annotation_ids), dtype=np.bool_)
    shape = frequencies.most_common(1)[0][0]
    return np.asarray([shapes[one] == shape for one in annotation_ids], dtype=np.bool_)
