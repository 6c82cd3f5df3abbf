"""What a release of kind `area` adds: find out about a dataset's area from all its network inputs, then predict."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from model_store.area.dataset_prediction import DatasetPrediction, predict_dataset
from model_store.predictors.predictor import Predictor
from worker.classification.batch import DatasetScope, InputBatch, PredictedBatch, Shape
from worker.classification.input_buffer import InputBuffer, buffer_inputs
from worker.classification.stages import Stage


class AreaRun:
    """Predicts for the images of one dataset together; afterwards `found` says what is known about the dataset."""

    def __init__(self, predictor: Predictor, scope: DatasetScope, batch_images: int, stage: Stage) -> None:
        self.found: DatasetPrediction | None = None
        self._predictor, self._scope, self._batch_images = predictor, scope, batch_images
        self._stage = stage

    def predict(
        self, batches: Iterable[InputBatch], shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[PredictedBatch]:
        """Predictions for the images of the dataset; alone for images that are not of one dataset.

        Parameters
        ----------
        shapes
            Height and width by annotation id, complete once `batches` is exhausted.
        on_step
            Called between batches; an exception that it raises ends the run.

        Raises
        ------
        NoRoomError
            When the temporary folder is too small for the dataset's network inputs, or is full at present.
        """
        with buffer_inputs(batches, self._scope.images, on_step) as buffer, self._stage.working():
            predicted = list(self._predict(buffer, shapes, on_step))
        yield from predicted

    def _predict(
        self, buffer: InputBuffer, shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[PredictedBatch]:
        chosen = self._scope.find_members(buffer.annotation_ids, shapes)
        if chosen is None:
            for annotation_ids, inputs in buffer.batches(self._batch_images):
                yield annotation_ids, self._predictor.predict(inputs)
                on_step()
            return
        self.found = predict_dataset(self._predictor, buffer.stream(chosen, self._batch_images, on_step))
        if self.found is not None:
            yield [buffer.annotation_ids[row] for row in np.flatnonzero(chosen)], self.found.ions
