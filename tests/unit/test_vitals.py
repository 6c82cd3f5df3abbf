"""A worker is dead when it is stuck, and not when it waits; it is ready when it takes events."""

import time

import pytest
from redis.exceptions import ConnectionError as ServerConnectionError

from worker.monitoring.vitals import Vitals
from worker.pool.child_board import ChildBoard
from worker.server.outage import Outage


@pytest.fixture
def vitals() -> Vitals:
    """A worker with one ready child and a server that answers."""
    found = Vitals(ChildBoard(), Outage(), concurrency=1)
    found.board.begin(0, 1)
    found.board.make_ready(0)
    found.answer()
    return found


def test_a_worker_that_looks_for_work_is_alive_and_ready(vitals: Vitals) -> None:
    assert vitals.why_dead() == vitals.why_not_ready() == []


def test_a_stuck_main_process_is_dead(vitals: Vitals) -> None:
    vitals._ticked = time.monotonic() - 100
    assert "not looked for work" in vitals.why_dead()[0]


def test_a_worker_that_waits_for_its_server_is_alive_and_not_ready(vitals: Vitals) -> None:
    vitals._ticked = vitals._read = time.monotonic() - 100
    vitals.outage.begin(ServerConnectionError("away"))
    assert vitals.why_dead() == []
    assert vitals.why_not_ready() == ["the server does not serve: away"]


def test_a_worker_that_reads_nothing_for_long_is_dead(vitals: Vitals) -> None:
    vitals._read = time.monotonic() - 1000
    vitals.tick()
    assert "the server has not answered" in vitals.why_dead()[0]


def test_a_draining_worker_is_alive_and_not_ready(vitals: Vitals) -> None:
    vitals._ticked = vitals._read = time.monotonic() - 1000
    vitals.is_draining = True
    assert vitals.why_dead() == []
    assert "the worker drains" in vitals.why_not_ready()


def test_a_worker_without_all_its_children_is_not_ready(vitals: Vitals) -> None:
    vitals.concurrency = 2
    assert vitals.why_not_ready() == ["1 of 2 pool children are ready"]
