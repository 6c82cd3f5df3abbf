"""Network inputs buffered on disk until the context of their dataset is known."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from shared.files.temporary_room import reserve_room
from shared.preprocessing import ALL_CHANNELS, INPUT_SIDE_PX, NetworkInputs
from worker.classification.batch import InputBatch

_SHAPE = (INPUT_SIDE_PX, INPUT_SIDE_PX, len(ALL_CHANNELS))
_IMAGE_BYTES = int(np.prod(_SHAPE)) * np.dtype(np.float32).itemsize


class InputBuffer:
    """Stores network inputs, (n, 56, 56, 2), and reads them back in order, any number of times; 25 KB an image.

    The file has no name, so it vanishes with the process.
    """

    def __init__(self, images: int) -> None:
        """Reserve room for this number of images.

        Raises
        ------
        NoRoomError
            When the temporary folder is too small for them, or is full at present.
        """
        self.annotation_ids: list[str] = []
        self._file = TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        try:
            reserve_room(self._file, images * _IMAGE_BYTES, f"network inputs of {images:,} ion images")
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        """An empty buffer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Delete the file."""
        self._file.close()

    def add(self, annotation_ids: list[str], inputs: NetworkInputs) -> None:
        """Append inputs."""
        self.annotation_ids += annotation_ids
        self._file.write(np.ascontiguousarray(inputs, dtype=np.float32).data)
        self._file.flush()

    def batches(self, images: int) -> Iterator[tuple[list[str], NetworkInputs]]:
        """Annotation ids and inputs, `images` at a time."""
        for start in range(0, len(self.annotation_ids), images):
            ids = self.annotation_ids[start : start + images]
            yield ids, self._read(start, len(ids))

    def stream(
        self, chosen: npt.NDArray[np.bool_], images: int, on_step: Callable[[], None]
    ) -> Callable[[], Iterator[NetworkInputs]]:
        """A function that starts an iteration over the inputs of the chosen images.

        Parameters
        ----------
        chosen
            (N,) bool, in the order of `annotation_ids`.
        images
            Images read at a time.
        on_step
            Called between batches; an exception that it raises ends the iteration.
        """

        def iterate() -> Iterator[NetworkInputs]:
            for start in range(0, len(chosen), images):
                part = chosen[start : start + images]
                if part.any():
                    yield self._read(start, len(part))[part]
                on_step()

        return iterate

    def _read(self, start: int, images: int) -> NetworkInputs:
        self._file.seek(start * _IMAGE_BYTES)
        return np.frombuffer(self._file.read(images * _IMAGE_BYTES), dtype=np.float32).reshape(images, *_SHAPE)


@contextmanager
def buffer_inputs(batches: Iterable[InputBatch], images: int, on_step: Callable[[], None]) -> Iterator[InputBuffer]:
    """A buffer with all batches.

    Parameters
    ----------
    images
        Maximum number of images.
    on_step
        Called between batches; an exception that it raises ends the run.

    Raises
    ------
    NoRoomError
        As `InputBuffer`.
    """
    with InputBuffer(images) as buffer:
        for annotation_ids, inputs in batches:
            buffer.add(annotation_ids, inputs)
            on_step()
        yield buffer
