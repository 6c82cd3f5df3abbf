"""Work done in threads, a bounded number of items ahead of whoever takes them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice, takewhile
from threading import Event
from typing import TypeVar

_AHEAD_PER_THREAD = 8
"""Items in work or waiting, per thread; what threads take over at once may be more."""

_WAIT_SECONDS = 0.1
"""How long a wait for a batch lasts before whoever waits is told."""

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


def parallel_map(
    items: Iterable[_Item], run: Callable[[_Item], _Done], threads: int, name: str, chunk_size: int = 1
) -> Generator[_Done]:
    """Yield `run(item)` in the order of `items`, which the caller's thread draws; what either raises ends it.

    Parameters
    ----------
    name
        Of the threads, for whoever looks at them.
    chunk_size
        Items that a thread takes over at once: more than 1 where an item takes about as long as handing it over.
    """
    most_ahead = max(2, threads * max(1, _AHEAD_PER_THREAD // chunk_size))
    ahead: deque[Future[list[_Done]]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
    remaining = iter(items)
    try:
        while some := list(islice(remaining, chunk_size)):
            ahead.append(executor.submit(lambda taken: [run(item) for item in taken], some))
            if len(ahead) >= most_ahead:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def prefetch_batches(
    items: Iterable[_Item], size: int, name: str, on_wait: Callable[[], None]
) -> Iterator[Iterator[list[_Item]]]:
    """Give the items in batches, the last one shorter; while one is worked on, a thread gathers the next.

    At the end, or when the caller goes no further, the thread ends after the item it is at, and is waited for. A
    process that is told to end (SystemExit) does not wait.

    Parameters
    ----------
    name
        Of the thread, which draws all items.
    on_wait
        Called in the caller's thread at each batch, and ever so often while it waits for one; what it raises ends all.
    """
    ended = Event()
    wanted = takewhile(lambda _: not ended.is_set(), items)
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    patient = True
    try:
        yield _draw_batches(lambda: executor.submit(lambda: list(islice(wanted, size))), on_wait)
    except SystemExit:
        patient = False
        raise
    finally:
        ended.set()
        executor.shutdown(wait=patient, cancel_futures=True)


def _draw_batches(gather: Callable[[], Future[list[_Item]]], on_wait: Callable[[], None]) -> Iterator[list[_Item]]:
    gathering = gather()
    try:
        while batch := _await(gathering, on_wait):
            gathering = gather()
            yield batch
    finally:
        del gathering  # its error would hold this frame, and what all frames below it hold


def _await(gathering: Future[list[_Item]], on_wait: Callable[[], None]) -> list[_Item]:
    try:
        on_wait()
        while not wait((gathering,), _WAIT_SECONDS).done:
            on_wait()
        return gathering.result()
    finally:
        del gathering
