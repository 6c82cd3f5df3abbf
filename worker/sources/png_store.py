"""PNG files in a store beyond the local disk, one an ion image."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from shared.errors import (
    AccessDeniedError,
    InvalidAnnotationsError,
    InvalidInputError,
    NotFoundError,
    StoreBusyError,
    TransientError,
)
from shared.limits import Limits, require_at_most
from shared.messages.event import Annotation
from shared.png import decode_png
from worker.sources.fetch_ahead import fetch_ahead
from worker.sources.image_place import PNG_SUFFIX, ImagePlace
from worker.sources.source import FetchedIonImage, make_annotation
from worker.stores.opening import StoreAccess, open_store
from worker.stores.store_uri import HTTP_PORTS

_REFUSALS_TO_GIVE_UP = 16
"""A store that refuses so many images and has given none refuses this worker."""


class PngStore:
    """Fetches and decodes in a few threads, a bounded number of images ahead."""

    def __init__(self, place: ImagePlace, access: StoreAccess, limits: Limits, threads: int) -> None:
        self._place = place
        self._allowed = access.allowed
        self._folder = access.allowed.resolve(place.folder)
        self._store = open_store(self._folder, access, threads)
        self._limits = limits
        self._threads = threads

    def annotations(self) -> list[Annotation]:
        """Every PNG right below the folder, by name; the annotation id is the file's stem."""
        if self._place.pattern is not None:
            raise InvalidAnnotationsError(
                "ion images are named by a URI template and no annotations are given; right would be annotations or"
                " annotations_uri"
            )
        names = sorted(name for name in self._store.list_names(self._folder) if name.lower().endswith(PNG_SUFFIX))
        require_at_most(len(names), self._limits.event_ions, f"number of PNG files in {str(self._folder)[:200]!r}")
        if not names:
            raise NotFoundError(f"{str(self._folder)[:200]!r} holds no PNG file; right would be one an ion image")
        return [make_annotation(PurePosixPath(name).stem, name) for name in names]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield in the order of `annotations`."""
        record = _Record(min(_REFUSALS_TO_GIVE_UP, len(annotations)))
        return fetch_ahead(annotations, lambda annotation: self._fetch_one(annotation, record), self._threads)

    def _fetch_one(self, annotation: Annotation, record: "_Record") -> FetchedIonImage:
        started = time.monotonic()
        try:
            content = self._read(annotation)
            record.note_answer()
            return FetchedIonImage(annotation.annotation_id, decode_png(content, self._limits))
        except AccessDeniedError as error:
            record.note_refusal(error)
            return FetchedIonImage(annotation.annotation_id, reason=str(error))
        except InvalidInputError as error:
            record.note_answer()
            return FetchedIonImage(annotation.annotation_id, reason=str(error))
        except StoreBusyError:
            raise
        except TransientError as error:
            if not record.has_answered_since(started):
                raise
            reason = f"{error}, and answers for other images; right would be a file that can be read"
            return FetchedIonImage(annotation.annotation_id, reason=reason)

    def _read(self, annotation: Annotation) -> bytes:
        is_http = self._folder.scheme in HTTP_PORTS
        name = self._place.name(annotation, (lambda text: quote(text, safe="")) if is_http else str)
        uri = self._folder.join(name)
        self._allowed.require(uri)
        return self._store.read(uri, self._limits.image_file_bytes)


class _Record:
    """What a store did in one fetch: tells an image's trouble from the store's."""

    def __init__(self, refusals_to_give_up: int) -> None:
        self._lock = threading.Lock()
        self._refusals_left = refusals_to_give_up
        self._last_answer = float("-inf")

    def note_answer(self) -> None:
        """The store let this worker in, and said something of an image."""
        with self._lock:
            self._last_answer = time.monotonic()

    def note_refusal(self, error: AccessDeniedError) -> None:
        """The store refused an image; raise when it has given none and refused enough."""
        with self._lock:
            self._refusals_left -= 1
            if self._refusals_left <= 0 and self._last_answer == float("-inf"):
                raise error

    def has_answered_since(self, moment: float) -> bool:
        """Whether the store answered for another image since."""
        with self._lock:
            return self._last_answer >= moment
