"""One array file of all ion images of a dataset: `.npz`, `.npy`, zarr or `.h5ad`."""

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import Any

import numpy.typing as npt

from shared.arrays.array import IonImageArray, open_array
from shared.errors import InvalidIonImageError, TooLargeError
from shared.files.closable import Closable
from shared.files.foreign_file import OpenedFile, OpenedFolder
from shared.ion_image import make_ion_image
from shared.limits import Limits
from worker.access.allowed_roots import os_errors_translated
from worker.messages.event import Annotation
from worker.sources.pixel_notes import PixelNotes
from worker.sources.source import FetchedIonImage, make_annotation
from worker.stores.store import Store


def open_array_file(opened: OpenedFile | OpenedFolder, limits: Limits) -> "ArrayFile":
    """Make a source of an array on disk, which it closes; raises as `open_array`."""
    with ExitStack() as stack:
        stack.enter_context(opened)
        with os_errors_translated(opened.path):
            found = ArrayFile(open_array(opened, limits), opened)
        stack.pop_all()
        return found


class ArrayFile(Closable):
    """Reads one image after another, and skips rows without annotation."""

    def __init__(self, array: IonImageArray, container: OpenedFile | OpenedFolder | Store | ExitStack) -> None:
        """Take ownership of an array and of the file, folder or store that it is read from; empty for one in memory."""
        self._array = array
        self._container = container
        self._pixel_notes = PixelNotes()

    @property
    def notes(self) -> tuple[str, ...]:
        """How many of the images read so far had bad pixels."""
        return self._pixel_notes.sentences

    def annotations(self) -> list[Annotation]:
        """Every image; the annotation id is its entry in `annotation_ids`, or its index."""
        array = self._array
        return [make_annotation(_annotation_id(array, row), row, _mz(array, row)) for row in range(array.shape[0])]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield annotations without an image first, then images in the order of the file."""
        wanted: defaultdict[int, list[str]] = defaultdict(list)
        for annotation in annotations:
            row = find_row(annotation, self._rows_by_id, self._array.shape[0])
            if row is None:
                yield FetchedIonImage(annotation.annotation_id, reason=self._describe_missing(annotation))
            else:
                wanted[row].append(annotation.annotation_id)
        remaining = deque(sorted(wanted))
        while remaining:
            try:
                for pixels, mask in self._rows(list(remaining)):
                    yield from (
                        self._make(annotation_id, pixels, mask) for annotation_id in wanted[remaining.popleft()]
                    )
            except (InvalidIonImageError, TooLargeError) as error:  # the rows read so far are kept
                failed = 1 if self._array.has_independent_rows else len(remaining)
                for row in [remaining.popleft() for _ in range(failed)]:
                    yield from (FetchedIonImage(annotation_id, reason=str(error)) for annotation_id in wanted[row])

    def close(self) -> None:
        """Close the file, folder or store of the array."""
        self._container.close()

    def _make(self, annotation_id: str, pixels: npt.NDArray[Any], mask: npt.NDArray[Any] | None) -> FetchedIonImage:
        try:
            return FetchedIonImage(annotation_id, self._pixel_notes.add(annotation_id, make_ion_image(pixels, mask)))
        except InvalidIonImageError as error:
            return FetchedIonImage(annotation_id, reason=str(error))

    def _rows(self, wanted: list[int]) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any] | None]]:
        with os_errors_translated(self._array.path):
            yield from self._array.rows(wanted)

    @cached_property
    def _rows_by_id(self) -> dict[str, int] | None:
        ids = self._array.annotation_ids
        return None if ids is None else number_rows(ids)

    def _describe_missing(self, annotation: Annotation) -> str:
        wanted = annotation.annotation_id if annotation.image is None else annotation.image
        return f"array has no image {wanted!r}; expected a row from 0 to {self._array.shape[0] - 1}, or an id"


def number_rows(ids: Sequence[str]) -> dict[str, int]:
    """Row by id; of an id that is there twice, the last."""
    return {text: row for row, text in enumerate(ids)}


def find_row(annotation: Annotation, rows_by_id: Mapping[str, int] | None, count: int) -> int | None:
    """Row of an annotation's image in an array of `count` images: the given number, or the row with its id."""
    if annotation.image is None and rows_by_id is not None:
        return rows_by_id.get(annotation.annotation_id)
    name = str(annotation.annotation_id if annotation.image is None else annotation.image)
    row = int(name) if name.isascii() and name.isdecimal() and len(name) <= 9 else -1
    return row if 0 <= row < count else None


def _annotation_id(array: IonImageArray, row: int) -> str:
    return array.annotation_ids[row] if array.annotation_ids is not None else str(row)


def _mz(array: IonImageArray, row: int) -> float | None:
    if array.mz is None:
        return None
    mz = float(array.mz[row])
    return mz if math.isfinite(mz) and mz > 0 else None
