"""`offsample doctor` finds what would keep a worker from working, and leaves nothing behind."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_running import Ended, run_command, run_process
from documented import CHECKOUT
from live_service import BLADDER, LiveServer
from live_stores import HttpFiles, find_free_port

from worker.cli.main import EXIT_DEPLOYMENT

Doctor = Callable[..., Ended]


@pytest.fixture(scope="module")
def port() -> int:
    return find_free_port()


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[LiveServer]:
    """A server with the users of deploy/users.acl."""
    with TemporaryDirectory(prefix="offs-") as name:
        folder = Path(name)
        users = (CHECKOUT / "deploy/users.acl").read_text().replace(" on ", " on >secret ")
        (folder / "users.acl").write_text(users + "user admin on >admin ~* &* +@all\n")
        options = {"port": str(port), "aclfile": str(folder / "users.acl"), "maxmemory": "1gb"}
        live = LiveServer(folder, options=options, login="admin:admin@")
        live.start()
        yield live
        live.kill()


@pytest.fixture
def doctor(server: LiveServer) -> Doctor:
    """Examine, as the administrator unless another user is named."""

    def examine(user: str = "admin:admin", **settings: str) -> Ended:
        url = server.url.replace("admin:admin", user)
        return run_command("doctor", "--json", **({"redis_url": url, "allowed_roots": str(BLADDER)} | settings))

    return examine


def found(ended: Ended, health: str) -> dict[str, Any]:
    """The findings of one health, by check."""
    return {one["check"]: one for one in ended.json["findings"] if one["health"] == health}


def test_a_good_deployment_has_no_findings_and_nothing_is_left_behind(server: LiveServer, doctor: Doctor) -> None:
    ended = doctor()

    assert ended.code == 0, ended.errors
    assert found(ended, "warning") == found(ended, "failure") == {}
    assert len(found(ended, "ok")) >= 12
    left = [key for key in server.connect().scan_iter() if b":progress:" not in key]
    assert left == []


def test_the_worker_of_the_acl_file_has_all_permissions_and_the_others_have_not(doctor: Doctor) -> None:
    assert found(doctor("worker:secret"), "failure") == {}
    for user in ("producer:secret", "consumer:secret"):
        assert doctor(user).code == EXIT_DEPLOYMENT
    operator = doctor("operator:secret")
    assert set(found(operator, "failure")) == {"Celery's permissions"}
    assert "users.acl" in found(operator, "failure")["Celery's permissions"]["advice"]


def test_what_a_worker_could_not_use_fails(server: LiveServer, doctor: Doctor, tmp_path: Path) -> None:
    server.connect().set("other:results", "x")
    settings = {
        "allowed_roots": f"{tmp_path / 'away'}:{tmp_path}",
        "allowed_stores": f"http://127.0.0.1:{find_free_port()} http://[::1]:{find_free_port()}",
        "allowed_networks": "127.0.0.0/8",
        "release": "1900.1.1",
        "namespace": "other",
        "fetch_timeout_seconds": "2",
    }

    ended = doctor(**settings)

    failures = found(ended, "failure")
    server.connect().delete("other:results")
    assert ended.code == EXIT_DEPLOYMENT
    assert {"release", f"root {tmp_path / 'away'}", "keys"} <= set(failures)
    assert f"root {tmp_path}" in found(ended, "warning"), "it is empty"
    assert len([check for check in failures if check.startswith("store ")]) == 2
    assert all(one["advice"] for one in failures.values())


def test_an_http_store_that_answers_is_fine(doctor: Doctor, http: HttpFiles) -> None:
    ended = doctor(allowed_stores=f"{http.url}/ds", allowed_networks="127.0.0.0/8")
    assert f"store {http.url}/ds" in found(ended, "ok")


def test_a_bucket_is_listed(doctor: Doctor, bucket: str) -> None:
    ended = doctor(allowed_stores=f"{bucket}/ds s3://absent")
    assert f"store {bucket}/ds" in found(ended, "ok")
    assert "store s3://absent/" in found(ended, "failure")


def test_what_may_lose_something_is_a_warning(server: LiveServer, doctor: Doctor) -> None:
    changed = {"appendfsync": "everysec", "maxmemory-policy": "allkeys-lru", "maxmemory": "0"}
    before = {name: server.connect().config_get(name)[name] for name in changed}
    for name, value in changed.items():
        server.connect().config_set(name, value)

    ended = doctor(lease_seconds="10", done_seconds="3600")
    for name, value in before.items():
        server.connect().config_set(name, value)

    assert ended.code == 0
    assert set(found(ended, "warning")) == {"persistence", "memory policy", "memory", "lease", "done records"}


def test_a_full_server_fails(server: LiveServer, doctor: Doctor) -> None:
    server.connect().config_set("maxmemory", 1)
    ended = doctor()
    server.connect().config_set("maxmemory", "1gb")
    assert set(found(ended, "failure")) == {"memory"}, "permissions are not to blame"
    assert "permissions" in found(ended, "warning")


@pytest.mark.parametrize("command", ["doctor", "worker"])
def test_a_temporary_folder_that_would_be_ignored_fails(server: LiveServer, tmp_path: Path, command: str) -> None:
    ended = run_process(command, redis_url=server.url, TMPDIR=str(tmp_path / "nowhere"))
    assert ended.code == EXIT_DEPLOYMENT
    assert str(tmp_path / "nowhere") in ended.output + ended.errors


def test_a_lease_shorter_than_twenty_looks_for_work_fails(doctor: Doctor) -> None:
    ended = doctor(lease_seconds="1")
    assert "lease" in found(ended, "failure")


def test_a_server_that_does_not_answer_is_one_finding_among_others(doctor: Doctor) -> None:
    ended = doctor(redis_url=f"redis://127.0.0.1:{find_free_port()}/0")
    assert set(found(ended, "failure")) == {"server"}
    assert "release" in found(ended, "ok")


def test_the_findings_are_printed_for_people(server: LiveServer) -> None:
    ended = run_command("doctor", redis_url=server.url, allowed_roots="/nowhere")
    assert ended.code == EXIT_DEPLOYMENT
    assert "failure root /nowhere: cannot be read" in ended.output
    assert "1 of" in ended.errors


@pytest.mark.parametrize(("active", "health"), [("2026.11.3", "ok"), ("1900.1.1", "failure")])
def test_the_active_release_is_checked(server: LiveServer, doctor: Doctor, active: str, health: str) -> None:
    connection = server.connect()
    connection.hset("offsample:active-release", mapping={"version": active})
    ended = doctor()
    connection.delete("offsample:active-release")
    assert active in found(ended, health)["active release"]["found"]
    assert ended.code == (EXIT_DEPLOYMENT if health == "failure" else 0)


@pytest.mark.parametrize(("exporter", "health"), [("otlp", "ok"), ("zipkin", "failure")])
def test_traces_are_checked(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, exporter: str, health: str) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporter)
    assert "traces" in found(doctor(), health)
