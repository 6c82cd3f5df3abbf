"""Events whose store is unavailable delay no others, and are not retried indefinitely."""

import json
import resource
import shutil
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

from live_service import BLADDER, LiveService, make_event, wait_until
from live_stores import Answer, http_files

VANISHED_EVENTS = 3000


def test_thousands_of_events_of_an_unavailable_root_delay_no_others(service: LiveService) -> None:
    """They do not fill the log either, and none of them is lost or dead-lettered."""
    store, away = service.folder / "store", service.folder / "away"
    store.mkdir()
    shutil.copytree(BLADDER, service.folder / "bladder")
    worker = service.start_worker(allowed_roots=f"{store}:{service.folder / 'bladder'}", retry_seconds=2)
    store.rename(away)
    uri = str(store / "bladder")
    vanished = [make_event(ion_images={"kind": "png", "uri": uri}) for _ in range(VANISHED_EVENTS)]
    good = [make_event(ion_images={"kind": "png", "uri": str(service.folder / "bladder")}) for _ in range(3)]
    pipeline = service.server.connect().pipeline(transaction=False)
    for event in vanished:
        pipeline.xadd("offsample:events", {"message": json.dumps(event)})
    pipeline.execute()

    seconds = []
    for event in good:
        started = time.monotonic()
        service.send(event)
        service.wait_for_closing(event["id"], timeout_seconds=20)
        seconds.append(time.monotonic() - started)

    assert max(seconds) < 10, seconds
    assert len(worker.log()) < 30
    assert service.server.connect().xlen("offsample:events") == VANISHED_EVENTS
    assert not service.dead_letters()
    _require_only(service, good)


def test_events_whose_store_hangs_delay_no_others(service: LiveService) -> None:
    def hang(_: BaseHTTPRequestHandler) -> None:
        time.sleep(30)

    with http_files() as served:
        served.files = {f"/{number}/a.png": Answer(send=hang) for number in range(4)}
        service.start_worker(allowed_stores=served.url, allowed_networks="127.0.0.1/32", fetch_timeout_seconds=0.5)
        for number in range(4):
            location = {"kind": "png", "uri": f"{served.url}/{number}"}
            service.send(make_event(ion_images=location, annotations=[{"annotation_id": "a"}]))
        good = [make_event() for _ in range(3)]
        for event in good:
            service.send(event)

        for event in good:
            service.wait_for_closing(event["id"], timeout_seconds=30)
        _require_only(service, good)


def _require_only(service: LiveService, good: list[dict[str, Any]]) -> None:
    """Only these events are classified, once each and in order."""
    answered = [message["data"]["event_id"] for message in service.results() if "counts" in message["data"]]
    assert answered == [event["id"] for event in good]


def test_an_event_whose_store_stays_unavailable_is_rejected_finally(service: LiveService) -> None:
    store, away = service.folder / "store", service.folder / "away"
    store.mkdir()
    service.start_worker(allowed_roots=store, unavailable_seconds=1.5, retry_seconds=0.2, max_deliveries=1)
    store.rename(away)
    event = make_event(ion_images={"kind": "png", "uri": str(store / "bladder")})
    service.send(event)

    rejected = service.wait_for_closing(event["id"])

    assert rejected["data"]["error"] == "store_unavailable"
    (letter,) = service.dead_letters()
    assert json.loads(letter[b"message"])["id"] == event["id"]
    assert service.server.connect().xlen("offsample:events") == 0


def test_an_event_larger_than_the_temporary_folder_is_tried_again_and_delays_no_others(service: LiveService) -> None:
    """Operators may give the folder more room; if they do not, it is rejected finally, and kept for them."""
    worker = service.start_worker(unavailable_seconds=3, retry_seconds=0.2)
    for child in worker.children:
        resource.prlimit(child, resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    too_large, small = make_event(ions=200, release="2026.11.3-context"), make_event(release="2026.11.3")
    service.send(too_large)
    service.send(small)

    wait_until(lambda: service.answers(small["id"]), "the next event is answered")
    rejected = service.wait_for_closing(too_large["id"])["data"]
    assert (rejected["error"], "TMPDIR" in rejected["message"]) == ("store_unavailable", True)
    (letter,) = service.dead_letters()
    assert json.loads(letter[b"message"])["id"] == too_large["id"]


def test_events_of_too_many_values_delay_no_others_while_a_store_is_away(service: LiveService) -> None:
    """They are claimed together with those of the store, and given back with no attempt spent."""
    store, away = service.folder / "store", service.folder / "away"
    store.mkdir()
    service.start_worker(allowed_roots=f"{store}:{BLADDER}", retry_seconds=5)
    store.rename(away)
    pipeline = service.server.connect().pipeline(transaction=False)
    too_many = make_event(annotations=[[]] * 1_000_001)
    good = make_event()
    vanished = [make_event(ion_images={"kind": "png", "uri": str(store / "bladder")}) for _ in range(5)]
    for event in (*vanished, too_many, good):
        pipeline.xadd("offsample:events", {"message": json.dumps(event)})
    pipeline.execute()

    service.wait_for_closing(good["id"])
    (rejected,) = [message["data"] for message in service.results() if "error" in message["data"]]
    assert rejected["error"] == "too_large"
    assert rejected["tried"]["deliveries"] == 1
