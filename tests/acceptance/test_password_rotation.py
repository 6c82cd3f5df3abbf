"""A password that changes while a worker runs: it reads the new one from its file, without a restart."""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from documented import CHECKOUT
from live_service import SHORT_LEASE, LiveServer, LiveService, make_event, require_whole_once, wait_until
from redis import Redis


@pytest.fixture
def service() -> Iterator[LiveService]:
    with TemporaryDirectory(prefix="offs-") as name:
        folder = Path(name)
        users = re.sub("user worker on ", "user worker on >first ", (CHECKOUT / "deploy/users.acl").read_text())
        (folder / "users.acl").write_text(users + "user admin on >admin ~* &* +@all\n")
        server = LiveServer(folder, options={"aclfile": str(folder / "users.acl")}, login="admin:admin@")
        server.start()
        live = LiveService(server, folder, dict(SHORT_LEASE))
        try:
            yield live
        finally:
            live.close()


def write_url(service: LiveService, password: str) -> Path:
    path = service.folder / "url"
    path.write_text(f"unix://worker:{password}@{service.folder / 'v.sock'}\n")
    return path


def change_password(admin: Redis, password: str) -> None:
    """As an operator does who also ends the sessions with the old password."""
    admin.execute_command("ACL", "SETUSER", "worker", "resetpass", f">{password}")
    admin.execute_command("CLIENT", "KILL", "USER", "worker")


def test_a_worker_survives_the_rotation_of_its_password(service: LiveService) -> None:
    """First the file, then the server; and once the other way round, which is an outage until the file follows."""
    worker = service.start_worker(redis_url="", redis_url_file=write_url(service, "first"))
    admin, events = service.server.connect(), [make_event() for _ in range(3)]
    service.send(events[0])
    service.wait_for_closing(events[0]["id"])

    write_url(service, "second")
    change_password(admin, "second")
    service.send(events[1])
    service.wait_for_closing(events[1]["id"])

    change_password(admin, "third")
    wait_until(admin.acl_log, "the worker is refused")
    write_url(service, "third")
    service.send(events[2])
    service.wait_for_closing(events[2]["id"])

    require_whole_once(service, events)
    assert "third" not in worker.log_path.read_text()
    assert worker.stop() == 0
