"""One server for all tests of the operators' commands, emptied before each."""

from collections.abc import Iterator

import pytest
from command_running import run_command
from live_service import LiveServer, open_server
from operators_driving import Offsample


@pytest.fixture(scope="session")
def shared() -> Iterator[LiveServer]:
    with open_server() as live:
        yield live


@pytest.fixture
def server(shared: LiveServer) -> LiveServer:
    """Emptied and with room."""
    shared.connect().flushall()
    shared.connect().config_set("maxmemory", 0)
    return shared


@pytest.fixture
def offsample(server: LiveServer) -> Offsample:
    return lambda *arguments: run_command(*arguments, redis_url=server.url)
