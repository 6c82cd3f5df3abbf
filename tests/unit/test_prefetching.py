"""Prefetching is bounded, keeps the order, and ends with its consumer."""

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from worker.sources.prefetching import parallel_map, prefetch_batches


class EndedTestError(Exception):
    """Ends a run."""


def ignore_wait() -> None:
    """An `on_wait` that does nothing."""


@pytest.mark.parametrize(("threads", "chunk_size"), [(1, 1), (3, 1), (2, 5), (1, 100)])
def test_every_item_comes_out_once_and_in_order(threads: int, chunk_size: int) -> None:
    assert list(parallel_map(range(23), lambda one: one * 2, threads, "test", chunk_size)) == list(range(0, 46, 2))


def test_the_number_of_prefetched_items_is_bounded() -> None:
    drawn: list[int] = []
    done = parallel_map(_record(drawn, 1_000), lambda one: one, 2, "test")
    next(done)
    assert len(drawn) <= 2 * 8 + 1
    assert next(done) == 1


@pytest.mark.parametrize(("threads", "chunk_size"), [(1, 1), (3, 1), (2, 4), (3, 16)])
def test_all_threads_work_at_the_same_time(threads: int, chunk_size: int) -> None:
    """The barrier needs all threads; with fewer it breaks."""
    together = threading.Barrier(threads)

    def meet(item: int) -> int:
        if item % chunk_size == 0:
            together.wait(10)
        return item

    count = threads * chunk_size
    assert list(parallel_map(range(count), meet, threads, "test", chunk_size)) == list(range(count))


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (4, [4]), (5, [4, 1]), (8, [4, 4])])
def test_all_batches_but_the_last_are_full(count: int, sizes: list[int]) -> None:
    with prefetch_batches(iter(range(count)), 4, "test", ignore_wait) as prefetched:
        batches = list(prefetched)
    assert [len(batch) for batch in batches] == sizes
    assert [one for batch in batches for one in batch] == list(range(count))


def test_only_the_next_batch_is_prefetched() -> None:
    drawn: list[int] = []
    with prefetch_batches(_record(drawn, 100), 10, "test", ignore_wait) as batches:
        next(batches)
        assert _becomes_true(lambda: len(drawn) == 20)
        time.sleep(0.05)
        assert len(drawn) == 20


def test_on_wait_is_called_while_a_batch_is_slow() -> None:
    calls = 0
    release = threading.Event()

    def slow() -> Iterator[int]:
        assert release.wait(10)
        yield 1

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            release.set()

    with prefetch_batches(slow(), 4, "test", count) as batches:
        assert list(batches) == [[1]]
    assert calls >= 4


def test_an_exception_reaches_the_caller_after_the_batches_before_it() -> None:
    def fails() -> Iterator[int]:
        yield from range(4)
        raise EndedTestError

    with prefetch_batches(fails(), 4, "test", ignore_wait) as batches:
        assert next(batches) == [0, 1, 2, 3]
        with pytest.raises(EndedTestError):
            next(batches)


def test_a_handled_error_keeps_no_objects_alive() -> None:
    """A traceback in a reference cycle would keep the memory of a source until the next garbage collection."""

    class Held:
        pass

    def fail_holding(references: list[weakref.ref[Held]]) -> Iterator[int]:
        held = Held()
        references.append(weakref.ref(held))
        yield from ()
        raise EndedTestError

    references: list[weakref.ref[Held]] = []
    gc.disable()
    try:
        with (
            suppress(EndedTestError),
            prefetch_batches(fail_holding(references), 4, "test", ignore_wait) as batches,
        ):
            next(batches)
        del batches
        assert references[0]() is None
    finally:
        gc.enable()


def end_while_waiting(batches: Iterator[list[int]]) -> None:
    """`on_wait` raises."""
    next(batches)


def end_while_working(batches: Iterator[list[int]]) -> None:
    next(batches)
    raise EndedTestError


@pytest.mark.parametrize("end", [end_while_waiting, end_while_working])
def test_a_consumer_that_stops_early_ends_the_thread(end: Callable[[Iterator[list[int]]], None]) -> None:
    drawn: list[int] = []

    def raise_when_many() -> None:
        if end is end_while_waiting and len(drawn) > 3:
            raise EndedTestError

    size = 2 if end is end_while_working else 100_000
    with (
        pytest.raises(EndedTestError),
        prefetch_batches(_record(drawn, 100_000, pause_seconds=0.01), size, "test-ended", raise_when_many) as batches,
    ):
        end(batches)
    assert not any(thread.name.startswith("test-ended") for thread in threading.enumerate())
    assert len(drawn) < 1_000


def test_a_process_that_exits_does_not_wait_for_the_thread() -> None:
    stuck, release = threading.Event(), threading.Event()

    def get_stuck() -> Iterator[int]:
        yield 1
        stuck.set()
        release.wait(20)

    started = time.monotonic()
    with pytest.raises(SystemExit), prefetch_batches(get_stuck(), 1, "test", ignore_wait) as batches:
        sys.exit(f"{next(batches)}, and stuck: {stuck.wait(10)}")
    assert time.monotonic() - started < 10
    release.set()


def _record(drawn: list[int], count: int, pause_seconds: float = 0.0) -> Iterator[int]:
    for number in range(count):
        drawn.append(number)
        time.sleep(pause_seconds)
        yield number


def _becomes_true(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + 10
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return condition()
