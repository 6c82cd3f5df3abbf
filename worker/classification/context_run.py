"""The detour of a context release: put a dataset's network inputs aside, read its context, then go on with both."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from model_store.context.dataset_context import DatasetContext, add_context, read_context
from model_store.context.sample_mask import OffSampleArea
from shared.preprocessing import NetworkInputs
from worker.classification.input_buffer import InputBuffer

InputBatch = tuple[list[str], NetworkInputs]
"""Annotation ids and their network inputs."""

Shape = tuple[int, int]


class ContextRun:
    """One dataset's detour; afterwards `off_sample_area` says what was found."""

    def __init__(self, images: int, batch_images: int, *, one_shape: bool, loose: bool) -> None:
        """Begin with nothing put aside.

        Parameters
        ----------
        images
            How many there are at most.
        one_shape
            True: the context is that of the images of the most frequent shape. False: images of several shapes have
            none.
        loose
            Each image is its own dataset: there is no context.
        """
        self.off_sample_area: OffSampleArea | None = None
        self._images = images
        self._batch_images = batch_images
        self._one_shape = one_shape
        self._loose = loose

    def complete(
        self, batches: Iterable[InputBatch], shapes: Mapping[str, Shape], on_step: Callable[[], None]
    ) -> Iterator[InputBatch]:
        """The same images with the context's channels.

        Parameters
        ----------
        shapes
            Those of the images themselves, complete once `batches` is exhausted.
        on_step
            Called between batches; what it raises ends the run.

        Raises
        ------
        TooLargeError, NoRoomError
            When the folder of temporary files could not hold the dataset's network inputs, or has no room now.
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
        frequencies = Counter(shapes.values())
        if self._loose or (len(frequencies) > 1 and not self._one_shape):
            return None

        def belonging() -> Iterator[NetworkInputs]:
            for annotation_ids, inputs in buffer.batches(self._batch_images):
                shared = [shapes[one] == frequencies.most_common(1)[0][0] for one in annotation_ids]
                if any(shared):
                    yield inputs[shared]
                on_step()

        return read_context(belonging)
