"""Prefetching: work done in threads, a bounded number of items ahead of the caller."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice, takewhile
from threading import Event
from typing import TypeVar

_PREFETCHED_PER_THREAD = 8
"""Items in progress or done but not yet taken, per thread; larger chunks may exceed it."""

_WAIT_SECONDS = 0.1
"""Interval at which `on_wait` is called while the caller waits for a batch."""

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")


def parallel_map(
    items: Iterable[_Item], run: Callable[[_Item], _Done], threads: int, name: str, chunk_size: int = 1
) -> Generator[_Done]:
    """Yield `run(item)` in the order of `items`, computed in threads; an exception of either ends the iteration.

    The items are drawn in the caller's thread.

    Parameters
    ----------
    name
        Prefix of the threads' names.
    chunk_size
        Items that a thread takes at a time; more than 1 pays when an item takes about as long as waking a thread.
    """
    max_pending = max(2, threads * max(1, _PREFETCHED_PER_THREAD // chunk_size))
    pending: deque[Future[list[_Done]]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
    remaining = iter(items)
    try:
        while chunk := list(islice(remaining, chunk_size)):
            pending.append(executor.submit(lambda taken: [run(item) for item in taken], chunk))
            if len(pending) >= max_pending:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def prefetch_batches(
    items: Iterable[_Item], size: int, name: str, on_wait: Callable[[], None]
) -> Iterator[Iterator[list[_Item]]]:
    """Provide the items in batches, the last one shorter; while the caller uses one, a thread prepares the next.

    On leaving the context, the thread finishes its current item and is joined; it is not joined when the process exits
    (`SystemExit`).

    Parameters
    ----------
    name
        Prefix of the name of the thread, which draws all items.
    on_wait
        Called in the caller's thread for each batch, and regularly while it waits for one; an exception ends it.
    """
    ended = Event()
    wanted = takewhile(lambda _: not ended.is_set(), items)
    executor = ThreadPoolExecutor(1, thread_name_prefix=name)
    join = True
    try:
        yield _draw_batches(lambda: executor.submit(lambda: list(islice(wanted, size))), on_wait)
    except SystemExit:
        join = False
        raise
    finally:
        ended.set()
        executor.shutdown(wait=join, cancel_futures=True)


def _draw_batches(gather: Callable[[], Future[list[_Item]]], on_wait: Callable[[], None]) -> Iterator[list[_Item]]:
    gathering = gather()
    try:
        while batch := _await(gathering, on_wait):
            gathering = gather()
            yield batch
    finally:
        del gathering  # the traceback of its error would keep this frame and its callers' objects alive


def _await(gathering: Future[list[_Item]], on_wait: Callable[[], None]) -> list[_Item]:
    try:
        on_wait()
        while not wait((gathering,), _WAIT_SECONDS).done:
            on_wait()
        return gathering.result()
    finally:
        del gathering
