"""Prefetching of small ion images; large ones are decoded one at a time, in the caller's thread.

A PNG of 30 KB may be an ion image of 80 MB, and 64 prefetched ones would need 5 GB.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from shared.png.image import count_stated_pixels
from worker.messages.event import Annotation
from worker.sources.prefetching import parallel_map
from worker.sources.source import FetchedIonImage

MAX_PREFETCHED_PIXELS = 2**20
"""Pixels of the largest ion image that is prefetched: 5 MB."""


class LargeImageError(Exception):
    """An ion image is too large to be prefetched; caught in this module."""


def require_small(content: bytes) -> None:
    """Raise `LargeImageError` for a PNG that is too large to be prefetched."""
    if count_stated_pixels(content) > MAX_PREFETCHED_PIXELS:
        raise LargeImageError


def prefetch_images(
    annotations: Sequence[Annotation],
    fetch_one: Callable[[Annotation, Callable[[bytes], None]], FetchedIonImage],
    threads: int,
    chunk_size: int = 1,
) -> Iterator[FetchedIonImage]:
    """Yield the results of `fetch_one` in the order of `annotations`, prefetching a bounded number of small images.

    Parameters
    ----------
    fetch_one
        Reads one image; between reading and decoding it calls its second argument with the content, and does not
        catch `LargeImageError`.
    chunk_size
        As in `parallel_map`.
    """

    def fetch_small(annotation: Annotation) -> FetchedIonImage | None:
        try:
            return fetch_one(annotation, require_small)
        except LargeImageError:
            return None

    with closing(parallel_map(annotations, fetch_small, threads, "fetch", chunk_size)) as ahead:
        for annotation, found in zip(annotations, ahead, strict=True):
            yield fetch_one(annotation, lambda _: None) if found is None else found
