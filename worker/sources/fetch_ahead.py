"""Fetch ion images in a few threads, a bounded number ahead of whoever takes them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from shared.messages.event import Annotation
from worker.sources.source import FetchedIonImage

_AHEAD_PER_THREAD = 8
"""Images read ahead of the predictor, per thread."""


def fetch_ahead(
    annotations: Sequence[Annotation], fetch_one: Callable[[Annotation], FetchedIonImage], threads: int
) -> Iterator[FetchedIonImage]:
    """Yield in the order of `annotations`; what `fetch_one` raises ends it."""
    ahead: deque[Future[FetchedIonImage]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix="fetch")
    try:
        for annotation in annotations:
            ahead.append(executor.submit(fetch_one, annotation))
            if len(ahead) >= threads * _AHEAD_PER_THREAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
