"""A folder of PNG files, one for each ion image."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from shared.errors import InvalidAnnotationsError, InvalidInputError, NotFoundError
from shared.files.closable import Closable
from shared.files.foreign_file import OpenedFolder
from shared.limits import Limits, require_at_most
from shared.png.image import decode_png
from worker.access.allowed_roots import AllowedRoots, os_errors_translated, read_file
from worker.messages.event import Annotation
from worker.sources.image_template import PNG_SUFFIX, ImageTemplate
from worker.sources.large_images import prefetch_images
from worker.sources.source import FetchedIonImage, make_annotation

_CHUNK_SIZE = 16
"""Files that a thread takes at a time. Reading and decoding a file of a local disk takes about as long as waking a
thread, so fewer threads with larger chunks are faster; only half of the requested threads are used."""


class PngFolder(Closable):
    """Reads and decodes in a few threads, prefetching a bounded number of images."""

    notes: tuple[str, ...] = ()

    def __init__(
        self, folder: OpenedFolder, roots: AllowedRoots, limits: Limits, threads: int, pattern: str | None = None
    ) -> None:
        self._folder = folder
        self._template = ImageTemplate(str(folder.path), pattern)
        self._roots = roots
        self._limits = limits
        self._threads = threads

    def annotations(self) -> list[Annotation]:
        """Every PNG in the folder, by name; the annotation id is the file's stem."""
        if self._template.pattern is not None:
            raise InvalidAnnotationsError(
                "expected annotations or annotations_uri, because ion images are named by a URI template"
            )
        with os_errors_translated(self._folder.path):
            names = [
                name
                for name in self._folder.list_names()
                if Path(name).suffix.lower() == PNG_SUFFIX and not name.startswith(".")
            ]
        require_at_most(len(names), self._limits.event_ions, f"number of PNG files in {self._folder.name!r}")
        if not names:
            raise NotFoundError(f"expected a PNG file for each ion image in folder {self._folder.name!r}, found none")
        return [make_annotation(Path(name).stem, name) for name in names]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield in the order of `annotations`."""
        return prefetch_images(annotations, self._fetch_one, max(1, self._threads // 2), chunk_size=_CHUNK_SIZE)

    def close(self) -> None:
        """Close the folder."""
        self._folder.close()

    def _fetch_one(self, annotation: Annotation, check: Callable[[bytes], None]) -> FetchedIonImage:
        try:
            with self._roots.open_within(self._folder, self._template.name(annotation, str)) as file:
                content = read_file(file, self._limits.image_file_bytes)
            check(content)
            return FetchedIonImage(annotation.annotation_id, decode_png(content, self._limits))
        except InvalidInputError as error:
            return FetchedIonImage(annotation.annotation_id, reason=str(error))
