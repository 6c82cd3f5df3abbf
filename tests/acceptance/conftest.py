"""A separate service for each test."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from live_service import SHORT_LEASE, LiveServer, LiveService
from slow_store import SlowStore, serve_slowly


@pytest.fixture
def service() -> Iterator[LiveService]:
    """A server with short leases and no worker yet."""
    with TemporaryDirectory(prefix="offs-") as folder:
        server = LiveServer(Path(folder))
        server.start()
        live = LiveService(server, Path(folder), dict(SHORT_LEASE))
        try:
            yield live
        finally:
            live.close()


@pytest.fixture(scope="module")
def slow_store() -> Iterator[SlowStore]:
    with serve_slowly() as store:
        yield store
