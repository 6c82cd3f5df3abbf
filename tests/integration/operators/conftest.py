"""One server for all tests of the operators' commands, emptied before each."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from command_running import run_command
from live_service import LiveServer
from operators_driving import Offsample


@pytest.fixture(scope="session")
def shared() -> Iterator[LiveServer]:
    with TemporaryDirectory(prefix="offs-") as folder:
        live = LiveServer(Path(folder))
        live.start()
        yield live
        live.kill()


@pytest.fixture
def server(shared: LiveServer) -> LiveServer:
    """Emptied and with room."""
    shared.connect().flushall()
    shared.connect().config_set("maxmemory", 0)
    return shared


@pytest.fixture
def offsample(server: LiveServer) -> Offsample:
    return lambda *arguments: run_command(*arguments, redis_url=server.url)
