"""What a release of kind `area` adds: buffer a dataset's network inputs, find out about its area, then predict."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from model_store.area.dataset_prediction import DatasetPrediction, predict_dataset
from model_store.predictors.predictor import Predictor
from worker.classification.batch import InputBatch, PredictedBatch, Shape, find_dataset_members
from worker.classification.input_buffer import InputBuffer


class AreaRun:
    """Predicts for the images of one dataset together; afterwards `found` says what is known about the dataset."""

    def __init__(self, predictor: Predictor, images: int, batch_images: int, *, one_shape: bool) -> None:
        """Prepare for one dataset.

        Parameters
        ----------
        images
            Maximum number of ion images.
        one_shape
            True: the dataset is the images of the most frequent shape; others cannot be rows of it. False: images of
            several shapes are not one dataset, and each is predicted alone.
        """
        self.found: DatasetPrediction | None = None
        self.predict_seconds = 0.0
        self._predictor = predictor
        self._images = images
        self._batch_images = batch_images
        self._one_shape = one_shape

    def predict(
        self, batches: Iterable[InputBatch], shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[PredictedBatch]:
        """Predictions for the images of the dataset.

        Parameters
        ----------
        shapes
            Height and width by annotation id, complete once `batches` is exhausted.
        on_step
            Called between batches; an exception that it raises ends the run.

        Raises
        ------
        TooLargeError, NoRoomError
            When the temporary folder is too small for the dataset's network inputs, or is full at present.
        """
        with InputBuffer(self._images) as buffer:
            for annotation_ids, inputs in batches:
                buffer.add(annotation_ids, inputs)
                on_step()
            started = time.perf_counter()
            if self._one_shape or len(set(shapes.values())) < 2:
                yield from self._predict_dataset(buffer, shapes, on_step)
            else:
                yield from self._predict_alone(buffer)
            self.predict_seconds = time.perf_counter() - started

    def _predict_dataset(
        self, buffer: InputBuffer, shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[PredictedBatch]:
        chosen = find_dataset_members(buffer.annotation_ids, shapes)
        self.found = predict_dataset(self._predictor, buffer.stream(chosen, self._batch_images, on_step))
        if self.found is not None:
            yield [buffer.annotation_ids[row] for row in np.flatnonzero(chosen)], self.found.ions

    def _predict_alone(self, buffer: InputBuffer) -> Iterator[PredictedBatch]:
        for annotation_ids, inputs in buffer.batches(self._batch_images):
            yield annotation_ids, self._predictor.predict(inputs)
