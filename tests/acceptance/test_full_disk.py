"""When the server's disk is full, nothing that was acknowledged is lost, and no worker ends."""

import resource
import time
from collections.abc import Iterator
from typing import Any

import pytest
from live_service import LiveServer, LiveService, make_event, open_service, require_whole_once, wait_until
from redis.exceptions import RedisError

_ROOM_BYTES = 40_000


@pytest.fixture(params=["always", "everysec"])
def service(request: pytest.FixtureRequest) -> Iterator[LiveService]:
    with open_service(appendfsync=request.param) as live:
        yield live


def test_a_full_disk_loses_no_acknowledged_event(service: LiveService) -> None:
    """With `always` the server ends at the failed write and is started again; with `everysec` it refuses writes."""
    worker = service.start_worker()
    first = make_event()
    service.send(first)
    service.wait_for_closing(first["id"])

    _leave_room(service.server, _ROOM_BYTES)
    acknowledged = [first, *_send_until_refused(service)]
    time.sleep(1)  # while the worker keeps asking
    _make_room(service.server)

    for event in acknowledged:
        service.wait_for_closing(event["id"])
    wait_until(lambda: service.pending() == 0, "nothing is left")
    require_whole_once(service, acknowledged)
    assert len(acknowledged) > 1
    assert worker.process.poll() is None
    after = make_event()
    service.send(after)
    assert service.wait_for_closing(after["id"])["type"] == "offsample.dataset.classified.v1"


def _send_until_refused(service: LiveService) -> list[dict[str, Any]]:
    acknowledged = []
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        event = make_event()
        try:
            service.send(event)
        except RedisError:
            return acknowledged
        acknowledged.append(event)
        time.sleep(0.01)
    raise AssertionError("the server went on writing")


def _leave_room(server: LiveServer, room_bytes: int) -> None:
    """Limit the growth of the server's files: a write beyond the limit fails as on a full disk."""
    assert server.process is not None
    largest = max(path.stat().st_size for path in server.folder.glob("appendonlydir/*"))
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest + room_bytes, resource.RLIM_INFINITY))


def _make_room(server: LiveServer) -> None:
    """Remove the limit, and restart the server if it ended."""
    assert server.process is not None
    if server.process.poll() is None:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        server.start()
