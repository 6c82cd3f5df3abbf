"""A folder of PNG files, one an ion image."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from shared.errors import InvalidInputError, NotFoundError
from shared.limits import Limits, require_at_most
from shared.messages.event import Annotation
from shared.png import decode_png
from worker.files import AllowedRoots, os_errors_translated, read_file
from worker.sources.source import FetchedIonImage, make_annotation

_SUFFIX = ".png"
_AHEAD_PER_THREAD = 8
"""Images read ahead of the predictor, per thread."""


class PngFolder:
    """Reads and decodes in a few threads, a bounded number of images ahead."""

    def __init__(self, folder: Path, roots: AllowedRoots, limits: Limits, threads: int) -> None:
        with os_errors_translated(folder):
            if not folder.is_dir():
                raise NotFoundError(f"{folder.name!r} is no folder; right would be a folder of PNG files")
        self._folder = folder
        self._roots = roots
        self._limits = limits
        self._threads = threads

    def annotations(self) -> list[Annotation]:
        """Every PNG in the folder, by name; the annotation id is the file's stem."""
        with os_errors_translated(self._folder):
            names = sorted(
                path.name
                for path in self._folder.iterdir()
                if path.suffix.lower() == _SUFFIX and not path.name.startswith(".")
            )
        require_at_most(len(names), self._limits.event_ions, f"number of PNG files in {self._folder.name!r}")
        if not names:
            raise NotFoundError(f"folder {self._folder.name!r} holds no PNG file; right would be one an ion image")
        return [make_annotation(Path(name).stem, name) for name in names]

    def fetch(self, annotations: Sequence[Annotation]) -> Iterator[FetchedIonImage]:
        """Yield in the order of `annotations`."""
        ahead: deque[Future[FetchedIonImage]] = deque()
        executor = ThreadPoolExecutor(self._threads, thread_name_prefix="fetch")
        try:
            for annotation in annotations:
                ahead.append(executor.submit(self._fetch_one, annotation))
                if len(ahead) >= self._threads * _AHEAD_PER_THREAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _fetch_one(self, annotation: Annotation) -> FetchedIonImage:
        name = annotation.annotation_id + _SUFFIX if annotation.image is None else str(annotation.image)
        try:
            path = self._roots.resolve(str(self._folder / name))
            content = read_file(path, self._limits.image_file_bytes)
            return FetchedIonImage(annotation.annotation_id, decode_png(content, self._limits))
        except InvalidInputError as error:
            return FetchedIonImage(annotation.annotation_id, reason=str(error))
