"""A separate service for each test, and one for the tests of a module that change nothing in it."""

from collections.abc import Iterator

import pytest
from live_service import LiveService, open_service
from slow_store import SlowStore, serve_slowly


@pytest.fixture
def service() -> Iterator[LiveService]:
    """A server with short leases and no worker yet."""
    with open_service() as live:
        yield live


@pytest.fixture(scope="module")
def shared() -> Iterator[LiveService]:
    """A server with one worker for all tests of a module that only send events and read answers."""
    with open_service() as live:
        live.start_worker()
        yield live


@pytest.fixture(scope="module")
def slow_store() -> Iterator[SlowStore]:
    with serve_slowly() as store:
        yield store
