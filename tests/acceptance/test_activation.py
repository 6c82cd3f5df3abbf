"""The release of live workers is switched without a restart."""

import shutil
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from command_running import run_command, run_process
from live_service import LiveService, make_event, require_whole_once, wait_until

from model_store.release import RELEASES_ROOT, default_version

OTHER = "2026.11.3-context"


def activate(service: LiveService, *arguments: str) -> None:
    ended = run_command("releases", "activate", *arguments, redis_url=service.server.url)
    assert ended.code == 0, ended.errors


def classify(service: LiveService, events: int = 4) -> set[str]:
    """The releases that answer some events."""
    sent = [make_event(ions=5) for _ in range(events)]
    for event in sent:
        service.send(event)
    releases = {service.wait_for_closing(event["id"])["data"]["release"] for event in sent}
    require_whole_once(service, sent)
    service.server.connect().delete("offsample:results")
    return releases


def test_two_workers_switch_at_once_and_back_without_a_restart(service: LiveService) -> None:
    workers = [service.start_worker(threads=1, http_address="0") for _ in range(2)]
    children = [worker.children for worker in workers]

    def installed() -> bool:
        found = run_command("queue", "status", "--json", redis_url=service.server.url).json["workers"]
        return len(found) == 2 and all(OTHER in one["installed"] for one in found)

    wait_until(installed, "both workers report their releases")

    assert classify(service) == {default_version()}
    activate(service, OTHER)
    assert classify(service) == {OTHER}
    pinned = make_event(ions=2, release=default_version())
    service.send(pinned)
    assert service.wait_for_closing(pinned["id"])["data"]["release"] == default_version()

    def shown() -> bool:
        found = run_command("queue", "status", "--json", redis_url=service.server.url).json["workers"]
        return {one["release"] for one in found} == {OTHER}

    wait_until(shown, "the status shows the active release")
    activate(service, "--previous")
    service.server.connect().delete("offsample:results")
    assert classify(service) == {default_version()}
    assert [worker.children for worker in workers] == children


def test_a_worker_without_the_active_release_does_not_start(service: LiveService) -> None:
    activate(service, OTHER, "--force")
    root = service.folder / "releases"
    root.mkdir()
    (root / default_version()).symlink_to(RELEASES_ROOT / default_version())
    shutil.copy(RELEASES_ROOT / "DEFAULT", root)
    ended = run_process("worker", **service.environment, releases_root=str(root))
    assert ended.code == 3
    assert OTHER in ended.errors


def test_a_release_that_vanishes_is_reported_and_the_worker_answers_with_its_own(service: LiveService) -> None:
    root: Path = service.folder / "releases"
    root.mkdir()
    for version in (default_version(), OTHER):
        (root / version).symlink_to(RELEASES_ROOT / version)
    shutil.copy(RELEASES_ROOT / "DEFAULT", root)
    worker = service.start_worker(releases_root=root, http_address="0")

    def report() -> dict[str, Any]:
        (found,) = run_command("queue", "status", "--json", redis_url=service.server.url).json["workers"]
        return dict(found)

    wait_until(lambda: OTHER in report()["installed"], "the worker reports its releases")
    activate(service, OTHER)
    wait_until(lambda: report()["release"] == OTHER, "it is in use")
    (root / OTHER).unlink()
    assert classify(service, 1) == {default_version()}
    (line,) = worker.logged("active_release_unusable")
    assert line["release"] == OTHER

    wait_until(lambda: report()["release_problem"] is not None, "the worker reports that it does not use it")
    assert (report()["release"], OTHER in report()["installed"]) == (default_version(), False)
    assert (
        f"active release {OTHER} is not in use here"
        in run_command("queue", "status", redis_url=service.server.url).output
    )
    port = worker.logged("http_listening")[0]["port"]
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"offsample_active_release_unusable 1.0" in answer.read()
