"""What a context release adds: read a dataset's context from all its network inputs, then pass on both."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from model_store.context.dataset_context import add_context, read_context
from model_store.context.sample_mask import OffSampleArea
from worker.classification.batch import DatasetScope, InputBatch, Shape
from worker.classification.input_buffer import buffer_inputs


class ContextRun:
    """Adds the context to the network inputs of one dataset; afterwards `off_sample_area` is known."""

    def __init__(self, scope: DatasetScope, batch_images: int) -> None:
        self.off_sample_area: OffSampleArea | None = None
        self._scope, self._batch_images = scope, batch_images

    def complete(
        self, batches: Iterable[InputBatch], shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[InputBatch]:
        """The same images with the channels of the context; without, for images that are not of one dataset.

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
        with buffer_inputs(batches, self._scope.images, on_step) as buffer:
            chosen = self._scope.find_members(buffer.annotation_ids, shapes)
            context = None if chosen is None else read_context(buffer.stream(chosen, self._batch_images, on_step))
            self.off_sample_area = None if context is None else context.off_sample_area
            for annotation_ids, inputs in buffer.batches(self._batch_images):
                yield annotation_ids, add_context(inputs, context)
