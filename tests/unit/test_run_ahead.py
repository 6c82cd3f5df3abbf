"""Work runs ahead of whoever takes it, bounded, in order, and ends with it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from worker.run_ahead import gather_ahead, run_ahead


class EndedTestError(Exception):
    """Ends a run."""


def wait_nothing() -> None:
    """For who need not be told."""


@pytest.mark.parametrize(("threads", "at_once"), [(1, 1), (3, 1), (2, 5), (1, 100)])
def test_items_come_out_in_order_each_once(threads: int, at_once: int) -> None:
    assert list(run_ahead(range(23), lambda one: one * 2, threads, "test", at_once)) == list(range(0, 46, 2))


def test_no_more_items_are_drawn_than_may_be_ahead() -> None:
    drawn: list[int] = []
    done = run_ahead(_noting(drawn, 1_000), lambda one: one, 2, "test")
    next(done)
    assert len(drawn) <= 2 * 8 + 1
    assert next(done) == 1


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (4, [4]), (5, [4, 1]), (8, [4, 4])])
def test_batches_are_full_but_the_last(count: int, sizes: list[int]) -> None:
    batches = list(gather_ahead(iter(range(count)), 4, "test", wait_nothing))
    assert [len(batch) for batch in batches] == sizes
    assert [one for batch in batches for one in batch] == list(range(count))


def test_the_next_batch_is_gathered_while_one_is_worked_on_and_no_more() -> None:
    drawn: list[int] = []
    batches = gather_ahead(_noting(drawn, 100), 10, "test", wait_nothing)
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

    assert list(gather_ahead(slow(), 4, "test", count)) == [[1]]
    assert told >= 4


def test_what_an_item_raises_reaches_the_caller_after_the_batches_before_it() -> None:
    def fails() -> Iterator[int]:
        yield from range(4)
        raise EndedTestError

    batches = gather_ahead(fails(), 4, "test", wait_nothing)
    assert next(batches) == [0, 1, 2, 3]
    with pytest.raises(EndedTestError):
        next(batches)


def test_a_caller_that_goes_no_further_ends_thread_and_items() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            yield from iter(int, 1)
        finally:
            closed.set()

    def end() -> None:
        raise EndedTestError

    with pytest.raises(EndedTestError):
        next(gather_ahead(endless(), 10**12, "test-endless", end))
    assert closed.wait(10)
    assert _comes_true(lambda: not any(thread.name.startswith("test-endless") for thread in threading.enumerate()))


def _noting(drawn: list[int], count: int) -> Iterator[int]:
    for number in range(count):
        drawn.append(number)
        yield number


def _comes_true(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + 10
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    return condition()
