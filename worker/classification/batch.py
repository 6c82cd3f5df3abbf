"""Batches on their way through a classification, and which images are one dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class DatasetScope:
    """Which of the images of a run are one dataset.

    Attributes
    ----------
    images
        Maximum number of ion images.
    one_shape
        True: the dataset is the images of the most frequent shape; others cannot be rows of it. False: images of
        several shapes are not one dataset.
    loose
        Each image is its own dataset.
    """

    images: int
    one_shape: bool
    loose: bool

    def find_members(self, annotation_ids: Sequence[str], shapes: Mapping[str, Shape]) -> npt.NDArray[np.bool_] | None:
        """(N,), which images belong to the dataset; None when each image is its own."""
        frequencies = Counter(shapes.values())
        if self.loose or (len(frequencies) > 1 and not self.one_shape):
            return None
        most_frequent = [shape for shape, _ in frequencies.most_common(1)]
        return np.asarray([shapes[one] in most_frequent for one in annotation_ids], dtype=np.bool_)
