"""A shadow release sees what live workers answer, and changes none of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from command_running import Ended, run_command
from live_service import BLADDER, LiveService, LiveWorker, make_event, open_service, wait_until

from model_store.release import default_version

SHADOW = "2026.11.3-context"


@pytest.fixture(scope="module")
def service() -> Iterator[LiveService]:
    with open_service() as live:
        live.start_worker(concurrency=1)
        wait_until(lambda: SHADOW in str(status(live)), "the worker reports its releases")
        yield live


@pytest.fixture
def worker(service: LiveService) -> Iterator[LiveWorker]:
    """With no shadow release before and after."""
    yield service.workers[0]
    shadow(service, "--off")


def status(service: LiveService) -> Any:
    return run_command("queue", "status", "--json", redis_url=service.server.url).json["workers"]


def shadow(service: LiveService, *arguments: str) -> Ended:
    return run_command("releases", "shadow", *arguments, "--json", redis_url=service.server.url)


def answer(service: LiveService, **data: Any) -> dict[str, Any]:
    event = make_event(**data)
    service.send(event)
    return service.wait_for_closing(event["id"])["data"]


def lines(worker: LiveWorker, event: str, event_id: str) -> list[dict[str, Any]]:
    return [line for line in worker.logged(event) if line["event_id"] == event_id]


def test_an_answered_event_is_compared_and_logged(service: LiveService, worker: LiveWorker) -> None:
    before = answer(service)
    assert shadow(service, SHADOW).json["version"] == SHADOW
    after = answer(service)

    (line,) = wait_until(lambda: lines(worker, "shadow_compared", after["event_id"]), "the shadow has run")
    assert (line["release"], line["shadow"]) == (default_version(), SHADOW) == (after["release"], line["shadow"])
    assert line["compared"] == len(list(BLADDER.iterdir()))
    assert 0 < line["mean_difference"] < 0.5
    assert after["counts"] == before["counts"]
    assert len(service.answers(after["event_id"])) == 2
    assert service.pending() == 0
    assert lines(worker, "shadow_compared", before["event_id"]) == []


def test_a_share_of_nothing_and_the_same_release_are_not_compared(service: LiveService, worker: LiveWorker) -> None:
    shadow(service, SHADOW, "--share", "0")
    none = answer(service, ions=3)
    shadow(service, SHADOW)
    same = answer(service, ions=3, release=SHADOW)
    shown = answer(service, ions=3)
    wait_until(lambda: lines(worker, "shadow_compared", shown["event_id"]), "the last one is compared")
    for one in (none, same):
        assert lines(worker, "shadow_compared", one["event_id"]) == []


def test_a_shadow_that_fails_is_logged_and_the_next_event_is_answered(service: LiveService, worker: LiveWorker) -> None:
    service.server.connect().hset("offsample:shadow-release", mapping={"version": "1900.1.1", "share": "1"})
    failed, after = answer(service, ions=3), answer(service, ions=3)
    (line,) = wait_until(lambda: lines(worker, "shadow_failed", failed["event_id"]), "it fails")
    assert "1900.1.1" in line["reason"]
    assert after["counts"]["classified"] == 3


def test_a_release_that_a_worker_lacks_is_refused(service: LiveService, worker: LiveWorker) -> None:
    refused = shadow(service, "1900.1.1")
    assert (refused.code, "1900.1.1" in refused.errors, worker.process.poll()) == (1, True, None)
    assert shadow(service).json["version"] is None
    assert shadow(service, SHADOW, "--off").code == 2
