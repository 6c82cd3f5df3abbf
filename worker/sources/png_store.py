"""PNG files in a store, one for each ion image."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from shared.errors import InvalidAnnotationsError, NotFoundError
from shared.files.closable import Closable
from shared.ion_image import IonImage
from shared.limits import Limits, require_at_most
from shared.png.image import decode_png
from worker.access.store_uri import HTTP_PORTS
from worker.messages.event import Annotation
from worker.sources.image_template import PNG_SUFFIX, ImageTemplate
from worker.sources.large_images import prefetch_images
from worker.sources.source import FetchedIonImage, make_annotation
from worker.sources.store_record import StoreRecord
from worker.stores.opening import StoreAccess, open_store


class PngStore(Closable):
    """Fetches and decodes in a few threads, prefetching a bounded number of images."""

    notes: tuple[str, ...] = ()

    def __init__(self, template: ImageTemplate, access: StoreAccess, limits: Limits, threads: int) -> None:
        self._template = template
        self._folder = access.allowed.resolve(template.folder)
        self._store = open_store(self._folder, access, threads)
        self._limits = limits
        self._threads = threads

    def annotations(self) -> list[Annotation]:
        """Every PNG directly below the folder, by name; the annotation id is the file's stem."""
        if self._template.pattern is not None:
            raise InvalidAnnotationsError(
                "expected annotations or annotations_uri, because ion images are named by a URI template"
            )
        names = sorted(name for name in self._store.list_names(self._folder) if name.lower().endswith(PNG_SUFFIX))
        require_at_most(len(names), self._limits.event_ions, f"number of PNG files in {str(self._folder)[:200]!r}")
        if not names:
            raise NotFoundError(f"expected a PNG file for each ion image in {str(self._folder)[:200]!r}, found none")
        return [make_annotation(PurePosixPath(name).stem, name) for name in names]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield in the order of `annotations`."""
        record = StoreRecord(len(annotations))
        return prefetch_images(
            annotations,
            lambda one, check: record.try_image(one.annotation_id, lambda: self._read(one, check)),
            self._threads,
        )

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _read(self, annotation: Annotation, check: Callable[[bytes], None]) -> IonImage:
        is_http = self._folder.scheme in HTTP_PORTS
        name = self._template.name(annotation, (lambda text: quote(text, safe="")) if is_http else str)
        uri = self._folder.join(name)
        content = self._store.read(uri, self._limits.image_file_bytes)
        check(content)
        return decode_png(content, self._limits)
