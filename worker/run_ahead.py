"""Work done in a few threads, a bounded number of items ahead of whoever takes them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_AHEAD_PER_THREAD = 8
"""Items in work or waiting, per thread."""

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


def run_ahead(
    items: Iterable[_Item], run: Callable[[_Item], _Done], threads: int, name: str, at_once: int = 1
) -> Iterator[_Done]:
    """Yield `run(item)` in the order of `items`, which the caller's thread draws; what either raises ends it.

    Parameters
    ----------
    name
        Of the threads, for whoever looks at them.
    at_once
        Items that a thread takes over at once: more than 1 where an item takes about as long as handing it over.
    """
    ahead: deque[Future[list[_Done]]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
    remaining = iter(items)
    try:
        while some := list(islice(remaining, at_once)):
            ahead.append(executor.submit(lambda taken: [run(item) for item in taken], some))
            if len(ahead) * at_once >= threads * _AHEAD_PER_THREAD:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
