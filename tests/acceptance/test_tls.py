"""Worker and commands use TLS with a real server and the URL of docs/operations.md, and verify the server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from documented import CHECKOUT
from kombu import Connection
from kombu.exceptions import OperationalError
from live_service import BLADDER, SHORT_LEASE, LiveService
from redis.exceptions import ConnectionError as ServerConnectionError
from tls_making import make_authority, make_tls_server

from worker.server.connection import connect
from worker.server.url import broker_url
from worker.settings import Settings


@pytest.fixture(scope="module")
def service() -> Iterator[LiveService]:
    """A server with TLS, client certificates, and the users of deploy/users.acl."""
    with TemporaryDirectory(prefix="offs-") as name:
        folder = Path(name)
        users = re.sub(r"(?m)^user (worker|producer|consumer) on ", r"\g<0>>\1 ", _read("deploy/users.acl"))
        (folder / "users.acl").write_text(f"{users}user admin on >admin ~* &* +@all\n")
        server = make_tls_server(folder, aclfile=str(folder / "users.acl"), **{"tls-auth-clients": "yes"})
        server.login = "admin:admin@"
        make_authority(folder, "stranger")
        server.start()
        live = LiveService(server, folder, dict(SHORT_LEASE))
        live.settings["OFFSAMPLE_REDIS_URL"] = url(live, "worker")
        try:
            yield live
        finally:
            live.close()


def url(service: LiveService, user: str, authority: str = "authority.pem", **options: str) -> str:
    """The URL of the page, with the values of this server."""
    (shown,) = re.findall(r"`(rediss://\S*ssl_certfile\S*)`", _read("docs/operations.md"))
    for there, here in {
        "USER:PASSWORD": f"{user}:{user}",
        "HOST:PORT": f"127.0.0.1:{service.server.options['tls-port']}",
        "/etc/offsample/ca.pem": str(service.folder / authority),
        "/etc/offsample/client.pem": str(service.folder / "client.pem"),
        "/etc/offsample/client.key": str(service.folder / "client.key"),
    }.items():
        assert there in shown
        shown = shown.replace(there, here)
    return "&".join([shown, *(f"{name}={value}" for name, value in options.items())])


def run(service_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker.cli.main", *arguments],
        env=os.environ | {"OFFSAMPLE_REDIS_URL": service_url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_an_event_is_answered_over_tls(service: LiveService) -> None:
    worker = service.start_worker()
    submit = ("submit", "--ion-images", str(BLADDER), "--wait", "--format", "json")

    sent = run(url(service, "producer"), *submit)
    in_celerys_words = run(url(service, "producer", ssl_cert_reqs="CERT_REQUIRED"), *submit)
    health = run(url(service, "worker", ssl_cert_reqs="required"), "health")
    read = run(url(service, "consumer"), "results", "--format", "json")

    assert len(sent.stdout.splitlines()) == 79, sent.stderr
    assert len(in_celerys_words.stdout.splitlines()) == 79, in_celerys_words.stderr
    assert health.returncode == 0, health.stderr
    assert len(read.stdout.splitlines()) == 2 * 79, read.stderr
    assert worker.stop() == 0


@pytest.mark.parametrize(
    "arguments", [("worker",), ("results",), ("health",), ("submit", "--ion-images", str(BLADDER))]
)
def test_an_unverified_server_gets_no_commands(service: LiveService, arguments: tuple[str, ...]) -> None:
    finished = run(url(service, "worker", authority="stranger.pem"), *arguments)

    assert finished.returncode == 3, finished.stderr
    assert "CERTIFICATE_VERIFY_FAILED" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_an_unverified_server_gets_no_tickets(service: LiveService) -> None:
    """Even without an option in the URL, although kombu verifies nothing by default."""
    host = f"127.0.0.1:{service.server.options['tls-port']}"
    settings = Settings(redis_url=f"rediss://worker:worker@{host}/0")

    with pytest.raises(ServerConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(settings.redis_url).ping()
    with (
        pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"),
        Connection(broker_url(settings.redis_url)) as broker,
    ):
        broker.ensure_connection(max_retries=1)


def _read(path: str) -> str:
    return (CHECKOUT / path).read_text(encoding="utf-8")
