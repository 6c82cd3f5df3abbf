"""Large ion images: read one at a time, by whoever takes them, and not many ahead.

A PNG of 30 KB may be an ion image of 80 MB. Sixty-four that wait to be taken would be 5 GB.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from shared.png.image import count_stated_pixels
from worker.messages.event import Annotation
from worker.sources.prefetching import parallel_map
from worker.sources.source import FetchedIonImage

MOST_PIXELS_AHEAD = 2**20
"""Pixels of an ion image that is decoded ahead: 5 MB."""


class LargeImageError(Exception):
    """An ion image that has to wait; never leaves this module's caller."""


def require_small(content: bytes) -> None:
    """Raise `LargeImageError` for a PNG that is too large to be decoded ahead."""
    if count_stated_pixels(content) > MOST_PIXELS_AHEAD:
        raise LargeImageError


def fetch_ahead(
    annotations: Sequence[Annotation],
    fetch_one: Callable[[Annotation, Callable[[bytes], None]], FetchedIonImage],
    threads: int,
    chunk_size: int = 1,
) -> Iterator[FetchedIonImage]:
    """Yield what `fetch_one` gives, in the order of `annotations`, a bounded number of small images ahead.

    Parameters
    ----------
    fetch_one
        Reads one image; between reading and decoding it calls what it is given with the content, and lets
        `LargeImageError` through.
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
