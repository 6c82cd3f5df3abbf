"""Work runs ahead of whoever takes it, bounded, in order, and ends with it."""

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


def wait_nothing() -> None:
    """For who need not be told."""


@pytest.mark.parametrize(("threads", "chunk_size"), [(1, 1), (3, 1), (2, 5), (1, 100)])
def test_items_come_out_in_order_each_once(threads: int, chunk_size: int) -> None:
    assert list(parallel_map(range(23), lambda one: one * 2, threads, "test", chunk_size)) == list(range(0, 46, 2))


def test_no_more_items_are_drawn_than_may_be_ahead() -> None:
    drawn: list[int] = []
    done = parallel_map(_noting(drawn, 1_000), lambda one: one, 2, "test")
    next(done)
    assert len(drawn) <= 2 * 8 + 1
    assert next(done) == 1


@pytest.mark.parametrize(("threads", "chunk_size"), [(1, 1), (3, 1), (2, 4), (3, 16)])
def test_all_threads_are_at_work_at_once(threads: int, chunk_size: int) -> None:
    """As many wait in a barrier as there are threads; were there fewer, it would break."""
    together = threading.Barrier(threads)

    def meet(item: int) -> int:
        if item % chunk_size == 0:
            together.wait(10)
        return item

    count = threads * chunk_size
    assert list(parallel_map(range(count), meet, threads, "test", chunk_size)) == list(range(count))


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (4, [4]), (5, [4, 1]), (8, [4, 4])])
def test_batches_are_full_but_the_last(count: int, sizes: list[int]) -> None:
    with prefetch_batches(iter(range(count)), 4, "test", wait_nothing) as gathered:
        batches = list(gathered)
    assert [len(batch) for batch in batches] == sizes
    assert [one for batch in batches for one in batch] == list(range(count))


def test_the_next_batch_is_gathered_while_one_is_worked_on_and_no_more() -> None:
    drawn: list[int] = []
    with prefetch_batches(_noting(drawn, 100), 10, "test", wait_nothing) as batches:
        next(batches)
        assert _comes_true(lambda: len(drawn) == 20)
        time.sleep(0.05)
        assert len(drawn) == 20


def test_who_waits_for_a_slow_batch_is_told() -> None:
    told = 0
    release = threading.Event()

    def slow() -> Iterator[int]:
        assert release.wait(10)
        yield 1

    def count() -> None:
        nonlocal told
        told += 1
        if told == 3:
            release.set()

    with prefetch_batches(slow(), 4, "test", count) as batches:
        assert list(batches) == [[1]]
    assert told >= 4


def test_what_an_item_raises_reaches_the_caller_after_the_batches_before_it() -> None:
    def fails() -> Iterator[int]:
        yield from range(4)
        raise EndedTestError

    with prefetch_batches(fails(), 4, "test", wait_nothing) as batches:
        assert next(batches) == [0, 1, 2, 3]
        with pytest.raises(EndedTestError):
            next(batches)


def test_an_error_holds_nothing_once_it_was_handled() -> None:
    """A traceback that held itself would hold all that a source has in memory until Python looks for cycles."""

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
            prefetch_batches(fail_holding(references), 4, "test", wait_nothing) as batches,
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
def test_who_goes_no_further_goes_on_without_the_thread(end: Callable[[Iterator[list[int]]], None]) -> None:
    drawn: list[int] = []

    def raise_when_many() -> None:
        if end is end_while_waiting and len(drawn) > 3:
            raise EndedTestError

    size = 2 if end is end_while_working else 100_000
    with (
        pytest.raises(EndedTestError),
        prefetch_batches(_noting(drawn, 100_000, pause_seconds=0.01), size, "test-ended", raise_when_many) as batches,
    ):
        end(batches)
    assert not any(thread.name.startswith("test-ended") for thread in threading.enumerate())
    assert len(drawn) < 1_000


def test_a_process_that_is_told_to_end_does_not_wait_for_the_thread() -> None:
    stuck, release = threading.Event(), threading.Event()

    def get_stuck() -> Iterator[int]:
        yield 1
        stuck.set()
        release.wait(20)

    started = time.monotonic()
    with pytest.raises(SystemExit), prefetch_batches(get_stuck(), 1, "test", wait_nothing) as batches:
        sys.exit(f"{next(batches)}, and stuck: {stuck.wait(10)}")
    assert time.monotonic() - started < 10
    release.set()


def _noting(drawn: list[int], count: int, pause_seconds: float = 0.0) -> Iterator[int]:
    for number in range(count):
        drawn.append(number)
        time.sleep(pause_seconds)
        yield number


def _comes_true(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + 10
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return condition()
