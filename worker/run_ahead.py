"""Work done in a few threads, a bounded number of items ahead of whoever takes them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AHEAD_PER_THREAD = 8
"""Items in work or waiting, per thread."""

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


def run_ahead(items: Iterable[_Item], run: Callable[[_Item], _Done], threads: int, name: str) -> Iterator[_Done]:
    """Yield `run(item)` in the order of `items`, which the caller's thread draws; what either raises ends it.

    Parameters
    ----------
    name
        Of the threads, for whoever looks at them.
    """
    ahead: deque[Future[_Done]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
    try:
        for item in items:
            ahead.append(executor.submit(run, item))
            if len(ahead) >= threads * _AHEAD_PER_THREAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
