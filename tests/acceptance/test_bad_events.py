"""Bad input is answered with one clear sentence, and the stream moves on."""

import json
import shutil
from typing import Any

import imagecodecs
import numpy as np
import pytest
from live_service import BLADDER, NAMES, LiveService, make_event, require_whole_once, wait_until

from shared.limits import Limits
from worker.events.answers import digest_event
from worker.messages.event import parse_event, read_identity


def _changed(**changes: Any) -> dict[str, Any]:
    return make_event() | changes


TOO_MANY = [{"annotation_id": str(number)} for number in range(Limits().event_ions + 1)]

BAD_EVENTS: list[tuple[str, bytes, str]] = [
    ("not JSON", b"not json at all", "invalid_message"),
    ("not UTF-8", b'{"id": "\xff\xfe"}', "invalid_message"),
    ("not an object", b"[1, 2]", "invalid_message"),
    ("empty", b"", "invalid_message"),
    ("no id", json.dumps({"specversion": "1.0", "type": "offsample.dataset.annotated.v1"}).encode(), "invalid_message"),
    ("unknown version", json.dumps(_changed(type="offsample.dataset.annotated.v2")).encode(), "unsupported_message"),
    ("unknown field", json.dumps(make_event(tissue="bladder")).encode(), "invalid_message"),
    ("unknown kind", json.dumps(make_event(ion_images={"kind": "tiff", "uri": "/x"})).encode(), "invalid_message"),
    (
        "METASPACE, not allowed",
        json.dumps(make_event(ion_images={"kind": "metaspace", "dataset_id": "x"})).encode(),
        "forbidden_uri",
    ),
    ("forbidden folder", json.dumps(make_event(ion_images={"kind": "png", "uri": "/etc"})).encode(), "forbidden_uri"),
    (
        "missing folder",
        json.dumps(make_event(ion_images={"kind": "png", "uri": f"{BLADDER}/no"})).encode(),
        "not_found",
    ),
    ("unknown release", json.dumps(make_event(release="none-such")).encode(), "unknown_release"),
    ("too many ions", json.dumps(make_event(annotations=TOO_MANY)).encode(), "too_large"),
    ("oversized", json.dumps(_changed(subject="x" * 3_000_000)).encode(), "too_large"),
]


def test_each_bad_event_is_rejected_and_the_stream_moves_on(service: LiveService) -> None:
    """One `rejected` message each, in order; the valid event after them is classified."""
    good = make_event()
    entries = [service.send(content) for _, content, _ in BAD_EVENTS]
    service.send(good)
    worker = service.start_worker(max_event_bytes=3_000_000)

    service.wait_for_closing(good["id"])

    rejections = [message for message in service.results() if message["type"] == "offsample.dataset.rejected.v1"]
    found = {message["data"]["tried"]["entry_id"]: message for message in rejections}
    assert len(rejections) == len(BAD_EVENTS)
    for entry, (what, content, error) in zip(entries, BAD_EVENTS, strict=True):
        assert found[entry]["data"]["error"] == error, what
        assert found[entry]["data"]["message"], what
        if error not in ("too_large", "invalid_message"):
            assert found[entry]["data"]["event_id"] == read_identity(content).event_id, what
    require_whole_once(service, [good])
    assert worker.process.poll() is None


def test_an_event_that_takes_too_long_is_rejected(service: LiveService) -> None:
    """The deadline ends it between two images, and the next event runs."""
    endless, good = make_event(ions=50_000), make_event()
    worker = service.start_worker(event_timeout_seconds=1)
    service.send(endless)
    service.send(good)

    assert service.wait_for_closing(endless["id"])["data"]["error"] == "deadline_exceeded"
    service.wait_for_closing(good["id"])
    assert worker.process.poll() is None
    assert not service.dead_letters()


def test_an_event_waits_for_an_unavailable_store(service: LiveService) -> None:
    """An allowed root that is not mounted costs no attempt; the event runs when it is back."""
    store, away = service.folder / "store", service.folder / "away"
    shutil.copytree(BLADDER, store / "bladder")
    service.start_worker(allowed_roots=store, max_deliveries=1)
    store.rename(away)
    event = make_event(ion_images={"kind": "png", "uri": str(store / "bladder")})
    service.send(event)
    wait_until(lambda: _postponements(service) >= 3, "the event is postponed again and again")

    away.rename(store)

    closing = service.wait_for_closing(event["id"])
    assert closing["type"] == "offsample.dataset.classified.v1"
    assert not service.dead_letters()


def test_events_that_are_not_understood_are_dead_lettered_unchanged(service: LiveService) -> None:
    """The dead letter's `message` is the event, so that it can be sent again; for an oversized one, its head."""
    broken, oversized = b"\xff not json", b'{"a":"' + b"x" * 50_000 + b'"}'
    service.send(broken)
    service.send(oversized)
    service.server.connect().xadd("offsample:events", {"payload": "field has another name"})
    service.start_worker(max_event_bytes=4000)
    good = make_event()
    service.send(good)
    service.wait_for_closing(good["id"])

    letters = service.dead_letters()
    assert [letter.get(b"message") for letter in letters] == [broken, None, b""]
    assert oversized.startswith(letters[1][b"message_head"])
    assert letters[2][b"event:payload"] == b"field has another name"
    assert [letter[b"error"] for letter in letters] == [b"invalid_message", b"too_large", b"invalid_message"]


def test_bad_images_are_rows_and_the_others_are_classified(shared: LiveService) -> None:
    """Truncated, constant, missing and mismatched images have a reason; the others are as in a clean run."""
    folder = shared.folder / "images"
    shutil.copytree(BLADDER, folder)
    names = sorted(path.stem for path in folder.iterdir())
    content = (folder / f"{names[0]}.png").read_bytes()
    (folder / f"{names[0]}.png").write_bytes(content[: len(content) // 2])
    (folder / f"{names[1]}.png").write_bytes(_grey_png(134, 260, 7))
    (folder / f"{names[2]}.png").write_bytes(_grey_png(40, 41, None))
    (folder / f"{names[3]}.png").unlink()
    annotations = [{"annotation_id": name} for name in names]
    plain = "2026.11.3"  # sees every image alone
    bad = make_event(ion_images={"kind": "png", "uri": str(folder)}, annotations=annotations, release=plain)
    clean = make_event(release=plain)

    shared.send(bad)
    shared.send(clean)
    closing = shared.wait_for_closing(bad["id"])
    shared.wait_for_closing(clean["id"])

    rows = {row["annotation_id"]: row for row in shared.answers(bad["id"])[0]["data"]["rows"]}
    expected = {row["annotation_id"]: row for row in shared.answers(clean["id"])[0]["data"]["rows"]}
    statuses = [rows[name]["status"] for name in names[:4]]
    assert statuses == ["unreadable", "no_signal", "unreadable", "unreadable"]
    assert all(rows[name]["reason"] for name in names[:4])
    for name in names[4:]:
        assert rows[name]["label"] == expected[name]["label"]
        assert rows[name]["off_sample_probability"] == pytest.approx(expected[name]["off_sample_probability"], abs=1e-6)
    counts = closing["data"]["counts"]
    assert (counts["classified"], counts["unreadable"], counts["no_signal"]) == (75, 3, 1)


def test_a_repeated_event_is_answered_from_its_record_and_different_data_are_rejected(shared: LiveService) -> None:
    """The closing message is repeated under its id; different data under the same id are rejected."""
    event = make_event()
    shared.send(event)
    shared.wait_for_closing(event["id"])

    shared.send(event | {"time": "2026-11-23T10:00:00Z"})
    shared.send(event | {"data": event["data"] | {"threshold": 0.9}})
    last = make_event()
    shared.send(last)
    shared.wait_for_closing(last["id"])

    ids = [message["id"] for message in shared.answers(event["id"])]
    assert ids[:3] == [f"{event['id']}/1", f"{event['id']}/closing", f"{event['id']}/closing"]
    assert ids[3].startswith(f"{event['id']}/rejected/")
    assert shared.answers(event["id"])[3]["data"]["error"] == "reused_event_id"
    assert _count_runs(shared, event) == 1


def test_sources_and_ids_are_never_confused(shared: LiveService) -> None:
    """Two pairs of source and id that are equal when joined by a newline are two events."""
    first, second = make_event(ions=3), make_event(ions=4)
    for event, source, event_id in ((first, "/a\nb", "c"), (second, "/a", "b\nc")):
        event["source"], event["id"] = source, event_id
        shared.send(event)

    assert shared.wait_for_closing("c")["data"]["counts"]["annotations"] == 3
    assert shared.wait_for_closing("b\nc")["data"]["counts"]["annotations"] == 4


def test_a_record_of_an_earlier_version_answers_a_repeat(shared: LiveService) -> None:
    """Version 1 included defaults in the digest, and used another key."""
    event = make_event(ions=3)
    shared.send(event)
    closing = shared.wait_for_closing(event["id"])
    parsed = parse_event(json.dumps(event))
    record = {"entry": "offsample:events/1-0", "digest": digest_event(parsed, 1), "closing": json.dumps(closing)}
    server = shared.server.connect()
    server.set(NAMES.done_version_1(parsed.source, parsed.id), json.dumps(record))
    server.delete(NAMES.done(parsed.source, parsed.id))

    shared.send(event)
    shared.send(event | {"data": event["data"] | {"threshold": 0.9}})

    wait_until(lambda: len(shared.answers(event["id"])) >= 4, "both are answered")
    ids = [message["id"] for message in shared.answers(event["id"])]
    assert ids[:3] == [f"{event['id']}/1", f"{event['id']}/closing", f"{event['id']}/closing"]
    assert shared.answers(event["id"])[3]["data"]["error"] == "reused_event_id"


def _count_runs(service: LiveService, event: dict[str, Any]) -> int:
    """How often the images of an event were classified."""
    lines = [line for worker in service.workers for line in worker.logged("dataset_classified")]
    return sum(line["event_id"] == event["id"] for line in lines)


def _postponements(service: LiveService) -> int:
    """How often the only event was postponed."""
    members = service.server.connect().zrange(NAMES.postponed(NAMES.events("normal")), 0, -1)
    return int(members[0].split()[2]) if members else 0


def _grey_png(height: int, width: int, level: int | None) -> bytes:
    pixels = (
        np.arange(height * width).reshape(height, width) % 251 if level is None else np.full((height, width), level)
    )
    return bytes(imagecodecs.png_encode(pixels.astype(np.uint8)))


UNREADABLE_TASKS = [
    b"not json",
    b"\xff\xfe",
    b"42",
    b"{}",
    b"[" * 100_000,
    b'{"properties": {"delivery_tag": [1], "delivery_info": {"exchange": "", "routing_key": "x"}}}',
    b'{"properties": {"delivery_tag": "a", "delivery_info": null}}',
    b'{"properties": {"delivery_tag": "a", "body_encoding": "base64"}, "body": "abc"}',
]


def test_what_is_no_message_of_celery_in_the_queue_of_tickets_does_not_end_a_worker(service: LiveService) -> None:
    worker = service.start_worker()
    with service.server.connect() as server:
        for content in UNREADABLE_TASKS:
            server.lpush(NAMES.tickets, content)
    wait_until(lambda: len(worker.logged("task_unreadable")) == len(UNREADABLE_TASKS), "every one is logged")

    event = make_event()
    service.send(event)

    assert service.wait_for_closing(event["id"])["type"] == "offsample.dataset.classified.v1"
    assert worker.process.poll() is None
