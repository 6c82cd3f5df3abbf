"""What a context release adds: buffer a dataset's network inputs, read its context from them, then pass on both."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from model_store.context.dataset_context import DatasetContext, add_context, read_context
from model_store.context.sample_mask import OffSampleArea
from worker.classification.batch import InputBatch, Shape, find_dataset_members
from worker.classification.input_buffer import InputBuffer


class ContextRun:
    """Adds the context to the network inputs of one dataset; afterwards `off_sample_area` is known."""

    def __init__(self, images: int, batch_images: int, *, one_shape: bool, loose: bool) -> None:
        """Prepare for one dataset.

        Parameters
        ----------
        images
            Maximum number of ion images.
        one_shape
            True: the context is read from the images of the most frequent shape. False: images of several shapes
            have no context.
        loose
            Each image is its own dataset, so none has a context.
        """
        self.off_sample_area: OffSampleArea | None = None
        self._images = images
        self._batch_images = batch_images
        self._one_shape = one_shape
        self._loose = loose

    def complete(
        self, batches: Iterable[InputBatch], shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[InputBatch]:
        """The same images with the channels of the context.

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
            context = self._read(buffer, shapes, on_step)
            self.off_sample_area = None if context is None else context.off_sample_area
            for annotation_ids, inputs in buffer.batches(self._batch_images):
                yield annotation_ids, add_context(inputs, context)

    def _read(
        self, buffer: InputBuffer, shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> DatasetContext | None:
        if self._loose or (len(set(shapes.values())) > 1 and not self._one_shape):
            return None

        chosen = find_dataset_members(buffer.annotation_ids, shapes)
        return read_context(buffer.stream(chosen, self._batch_images, on_step))
