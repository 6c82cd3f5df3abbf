"""Workers wait for a server that does not serve, whatever it answers; they log the outage once and do not end."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from command_running import Ended, run_command, run_process
from live_service import LiveServer, LiveService, make_event, wait_until
from redis import Redis

Step = Callable[[Redis], object]


def _be_killed_by(server: Redis, command: str, *arguments: str) -> None:
    """Change something that affects new connections only, and close those of the worker."""
    server.execute_command(command, *arguments)
    server.execute_command("CLIENT", "KILL", "USER", "worker")


def _fail_to_save(server: Redis) -> None:
    Path(str(server.config_get("dir")["dir"]), "dump.rdb").mkdir()
    if server.info("persistence")["rdb_last_bgsave_status"] == "ok":
        server.bgsave()
    wait_until(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err", "saving fails")
    server.config_set("save", "1000 1")


def _save_again(server: Redis) -> None:
    Path(str(server.config_get("dir")["dir"]), "dump.rdb").rmdir()
    server.config_set("save", "")


OUTAGES: dict[str, tuple[Step, Step]] = {
    "read-only": (
        lambda server: server.replicaof("127.0.0.1", "1"),
        lambda server: server.replicaof("NO", "ONE"),
    ),
    "full": (
        lambda server: server.config_set("maxmemory", "1"),
        lambda server: server.config_set("maxmemory", "0"),
    ),
    "too few replicas": (
        lambda server: server.config_set("min-replicas-to-write", "1"),
        lambda server: server.config_set("min-replicas-to-write", "0"),
    ),
    "disk fails": (_fail_to_save, _save_again),
    "no permission to write": (
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "-@write"),
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "+@all"),
    ),
    "no permission to wait for tickets": (
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "-brpop"),
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "+@all"),
    ),
    "no permission for scripts": (
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "-@scripting"),
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "+@all"),
    ),
    "another password": (
        lambda server: _be_killed_by(server, "ACL", "SETUSER", "worker", "resetpass", ">other"),
        lambda server: server.execute_command("ACL", "SETUSER", "worker", "resetpass", ">secret"),
    ),
    "too many clients": (
        lambda server: _be_killed_by(server, "CONFIG", "SET", "maxclients", "1"),
        lambda server: server.config_set("maxclients", "1000"),
    ),
}


@pytest.fixture
def guarded(service: LiveService) -> LiveService:
    """A service whose worker has a separate user, so that the test can still change the server."""
    service.server.connect().execute_command("ACL", "SETUSER", "worker", "on", ">secret", "~*", "&*", "+@all")
    service.settings["OFFSAMPLE_REDIS_URL"] = service.server.url.replace("unix://", "unix://worker:secret@")
    return service


def test_a_running_worker_waits_for_a_refusing_server_and_logs_it_once(guarded: LiveService) -> None:
    worker = guarded.start_worker()
    with guarded.server.connect() as server:
        for number, (name, (begin, end)) in enumerate(OUTAGES.items(), start=1):
            begin(server)
            wait_until(
                lambda n=number: len(worker.logged("ledger_unreachable")) == n, f"outage is finished: {name}", 20
            )
            time.sleep(1.2)  # a dozen looks for work
            end(server)

            event = make_event()
            guarded.send(event)
            closing = guarded.wait_for_closing(event["id"], 30)

            assert closing["type"] == "offsample.dataset.classified.v1", name
            assert worker.process.poll() is None, name
            wait_until(
                lambda n=number: len(worker.logged("ledger_reachable_again")) == n, f"end is finished: {name}", 20
            )
            assert len(worker.logged("ledger_unreachable")) == number, name
    assert worker.stop() == 0
    assert "Traceback" not in worker.log_path.read_text()
    assert "Deprecat" not in worker.log_path.read_text()


def test_a_worker_can_be_stopped_during_an_outage(guarded: LiveService) -> None:
    worker = guarded.start_worker()
    guarded.server.connect().replicaof("127.0.0.1", "1")
    wait_until(lambda: worker.logged("ledger_unreachable"), "the outage is logged")

    assert worker.stop(20) == 0


@pytest.fixture(scope="module")
def refusing() -> Iterator[Callable[[str], str]]:
    """A server; `refusing(outage)` returns its URL during that outage."""
    with TemporaryDirectory(prefix="offs-") as folder:
        live = LiveServer(Path(folder))
        live.start()
        server = live.connect()
        server.execute_command("ACL", "SETUSER", "worker", "on", ">secret", "~*", "&*", "+@all")
        ended: list[Step] = []

        def during(outage: str) -> str:
            while ended:
                ended.pop()(server)
            begin, end = OUTAGES[outage]
            begin(server)
            ended.append(end)
            return live.url.replace("unix://", "unix://worker:secret@")

        yield during
        server.close()
        live.kill()


@pytest.mark.parametrize(
    ("outage", "noun"),
    [
        ("read-only", "replica"),
        ("full", "maxmemory"),
        ("too few replicas", "NOREPLICAS"),
        ("disk fails", "MISCONF"),
        ("no permission to write", "permissions"),
        ("another password", "refuses this user"),
        ("too many clients", "clients"),
    ],
)
@pytest.mark.parametrize("command", ["worker", "submit", "health"])
def test_a_command_shows_the_servers_answer(
    refusing: Callable[[str], str], outage: str, noun: str, command: str, tmp_path: Path
) -> None:
    finished = _run(refusing(outage), tmp_path, command)

    assert finished.code == 3
    assert noun in finished.errors
    assert "does not answer" not in finished.errors
    assert "secret" not in finished.errors
    assert finished.errors.count("\n") == 1


def test_a_missing_server_is_named_and_reported_as_not_answering(tmp_path: Path) -> None:
    for command in ("worker", "submit", "health", "results"):
        finished = _run(f"unix://{tmp_path / 'nothing.sock'}", tmp_path, command)

        assert (finished.code, "does not answer" in finished.errors) == (3, True), command
        assert "nothing.sock" in finished.errors
        assert finished.output + finished.errors.strip().partition("\n")[2] == "", command


def _run(url: str, folder: Path, command: str) -> Ended:
    """Run a command in this process; `health` in one of its own, because it imports Celery's app with its settings."""
    settings = {"redis_url": url, "allowed_roots": str(folder)}
    (folder / "a.png").touch()
    arguments = {"submit": ["submit", "--ion-images", str(folder)]}.get(command, [command])
    return run_process(*arguments, **settings) if command == "health" else run_command(*arguments, **settings)
