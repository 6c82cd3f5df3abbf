"""`offsample results` distinguishes the events in the results stream, and shows the latest answer to each."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from command_running import Ended, run_command
from live_service import LiveServer, open_server
from redis import Redis

from worker.client.consumer import wait_for_answer
from worker.client.producer import SentEvent, send_event
from worker.ledger.claim import Answer, DoneRecord
from worker.ledger.ledger import Ledger
from worker.ledger.names import Names
from worker.messages.event import DATASET_ANNOTATED, DatasetAnnotatedEvent
from worker.messages.results import (
    Counts,
    DatasetClassified,
    DatasetRejected,
    DatasetSummary,
    IonImagesClassified,
    Rejection,
    ResultChunk,
    ResultMessage,
    ResultRow,
    Timings,
    Tried,
)

NAMES = Names()


@pytest.fixture
def live() -> Iterator[LiveServer]:
    with open_server() as server:
        yield server


def publish(server: Redis, *messages: ResultMessage, indexed: bool = True) -> list[bytes]:
    """Append messages to the results stream, and to the index of answers as workers do."""
    entries = []
    for message in messages:
        entry = server.xadd(NAMES.results, {"message": message.model_dump_json()})
        if indexed and message.data.event_id is not None:
            server.rpush(NAMES.answers(message.data.event_id), entry)
        entries.append(entry)
    return entries


def classified(
    event_id: str, rows: list[str], *, source: str = "/a", dataset_id: str = "liver", rows_per_chunk: int = 1000
) -> list[ResultMessage]:
    """The chunks and the closing message of an event, a row for each annotation id."""
    about: dict[str, Any] = {
        "event_id": event_id, "event_source": source, "dataset_id": dataset_id, "release": "2026.1.1", "threshold": 0.5
    }  # fmt: skip
    envelope: dict[str, Any] = {"source": f"offsample:{source}", "time": datetime.now(UTC)}
    starts = range(0, len(rows), rows_per_chunk)
    chunks: list[ResultMessage] = [
        IonImagesClassified(
            id=f"{event_id}/{part}",
            data=ResultChunk(
                **about,
                part=part,
                parts=len(starts),
                rows=[
                    ResultRow(annotation_id=name, status="classified", label="on", off_sample_probability=0.1)
                    for name in rows[start : start + rows_per_chunk]
                ],
            ),
            **envelope,
        )
        for part, start in enumerate(starts, start=1)
    ]
    n = len(rows)
    counts = Counts(annotations=n, classified=n, on=n, off=0, uncertain=0, no_signal=0, unreadable=0)
    timings = Timings(queued_seconds=0, predict_seconds=0, total_seconds=0)
    summary = DatasetSummary(**about, engine="onnx", parts=len(chunks), counts=counts, timings=timings)
    return [*chunks, DatasetClassified(id=f"{event_id}/closing", data=summary, **envelope)]


def rejected(
    event_id: str | None,
    entry_id: str = "1-1",
    *,
    source: str | None = "/a",
    dataset_id: str | None = "liver",
    error: str = "not_found",
) -> ResultMessage:
    return DatasetRejected(
        id=f"{event_id or f'offsample:events/{entry_id}'}/rejected/{entry_id}",
        source=f"offsample:{source or ''}",
        time=datetime.now(UTC),
        data=Rejection(
            event_id=event_id,
            event_source=source,
            dataset_id=dataset_id,
            error=error,
            message=f"entry {entry_id} is invalid",
            tried=Tried(deliveries=1, stream=NAMES.events("normal"), entry_id=entry_id, worker="w"),
        ),
    )


def run_results(live: LiveServer, *arguments: str) -> Ended:
    return run_command("results", *arguments, "--format", "json", redis_url=live.url)


def annotations(finished: Ended) -> list[str]:
    assert "Traceback" not in finished.errors, finished.errors
    return [json.loads(line)["annotation_id"] for line in finished.output.splitlines()]


def test_equal_ids_of_different_sources_are_two_events(live: LiveServer) -> None:
    publish(
        live.connect(),
        *classified("run-1", ["a1", "a2"], source="/a", dataset_id="liver"),
        *classified("run-1", ["b1"], source="/b", dataset_id="kidney"),
        rejected("run-1", source="/c"),
    )

    every = run_results(live, "run-1")
    one = run_results(live, "run-1", "--source", "/b")

    assert annotations(every) == ["a1", "a2", "b1"]
    assert every.code == 1, "one of the three was rejected"
    assert "liver: 2 ion images" in every.errors
    assert "kidney: 1 ion image" in every.errors
    assert (annotations(one), one.code) == (["b1"], 0)


def test_two_datasets_under_one_event_id_are_two_answers(live: LiveServer) -> None:
    publish(
        live.connect(),
        *classified("run-1", ["a1", "a2"], dataset_id="liver", rows_per_chunk=1),
        *classified("run-1", ["b1"], dataset_id="kidney"),
    )

    both = run_results(live, "run-1")
    one = run_results(live, "--dataset-id", "kidney")

    assert annotations(both) == ["a1", "a2", "b1"]
    assert "kidney: 1 ion image" in both.errors
    assert annotations(one) == ["b1"]


def test_a_rejected_reuse_of_an_id_hides_no_rows(live: LiveServer) -> None:
    publish(
        live.connect(), *classified("run-1", ["a1"]), rejected("run-1", dataset_id="kidney", error="reused_event_id")
    )

    finished = run_results(live, "run-1")

    assert annotations(finished) == ["a1"]
    assert finished.code == 1, "the last message is a rejection"
    assert "liver: 1 ion image" in finished.errors
    assert "kidney: rejected (reused_event_id)" in finished.errors


def test_rejections_without_an_id_are_separate_answers(live: LiveServer) -> None:
    publish(
        live.connect(),
        rejected(None, "1-1", source=None, dataset_id=None, error="invalid_message"),
        rejected(None, "2-1", source=None, dataset_id=None, error="invalid_message"),
    )

    finished = run_results(live)

    assert annotations(finished) == []
    assert "entry 1-1 is invalid" in finished.errors
    assert "entry 2-1 is invalid" in finished.errors


@pytest.mark.parametrize("rejected_dataset", ["liver", None])
def test_a_corrected_event_that_was_sent_again_is_shown_as_classified(
    live: LiveServer, rejected_dataset: str | None
) -> None:
    publish(live.connect(), rejected("run-1", dataset_id=rejected_dataset), *classified("run-1", ["a1"]))

    finished = run_results(live, "run-1")

    assert (annotations(finished), finished.code) == (["a1"], 0)
    assert "rejected" not in finished.errors


def test_an_event_that_ran_twice_shows_the_rows_of_its_last_run(live: LiveServer) -> None:
    first, again = classified("run-1", ["a", "b", "c"], rows_per_chunk=1), classified("run-1", ["a", "b"])
    publish(live.connect(), *first, *again)

    assert annotations(run_results(live, "run-1")) == ["a", "b"]


def test_foreign_entries_in_the_results_stream_are_skipped_and_counted(live: LiveServer) -> None:
    server = live.connect()
    publish(server, *classified("run-1", ["a1"]))
    server.xadd(NAMES.results, {"message": '{"type": "somebody.elses"}'})
    server.xadd(NAMES.results, {"message": b"\xff\xfe"})
    server.xadd(NAMES.results, {"text": "no message"})
    publish(server, *classified("run-2", ["b1"]))

    finished = run_results(live)

    assert annotations(finished) == ["a1", "b1"]
    assert finished.code == 0
    assert "skipped 3 entries" in finished.errors


def test_the_answer_to_one_event_is_found_without_reading_other_answers(live: LiveServer) -> None:
    server = live.connect()
    publish(server, *classified("run-0", ["x"]))
    publish(server, *classified("run-1", [f"ion-{number}" for number in range(60)], rows_per_chunk=1))
    for _ in range(20):
        server.xadd(NAMES.results, {"message": "x" * 1_000_000})
    before = _bytes_sent(server)

    finished = run_results(live, "run-1")

    assert len(annotations(finished)) == 60
    assert "skipped" not in finished.errors
    assert _bytes_sent(server) - before < 1_000_000


@pytest.mark.parametrize("rows", [3, 12_000])
def test_an_answer_that_the_ledger_published_is_found(live: LiveServer, rows: int) -> None:
    """Published in one step or, if it is large, in several."""
    server = live.connect()
    ledger = Ledger(server, NAMES, lease_seconds=60, max_message_bytes=1_000_000, done_seconds=600)
    ledger.create_groups()
    sent = _send(server)
    publish(server, *classified("run-0", ["x"]))
    claim = ledger.claim()
    assert claim is not None
    messages = classified("run-1", [f"ion-{number}-{'x' * 100}" for number in range(rows)])
    texts = [message.model_dump_json() for message in messages]
    done = DoneRecord(entry=claim.entry, digest="", closing=texts[-1])
    answer = Answer(NAMES.done("/a", "run-1"), NAMES.answers("run-1"), texts, done)
    ledger.finish(claim, answer, give_up_at=time.monotonic() + 30)

    finished = run_results(live, "run-1")
    waited = wait_for_answer(server, NAMES, sent, since="0", timeout_seconds=20)

    assert len(annotations(finished)) == len(waited.rows) == rows
    assert server.ttl(NAMES.answers("run-1")) > 0


def test_an_answer_that_is_not_indexed_is_found_by_a_scan(live: LiveServer) -> None:
    publish(live.connect(), *classified("run-1", ["a1"]), indexed=False)

    unknown = run_results(live, "run-1")
    finished = run_results(live, "run-1", "--scan")

    assert unknown.code == 1
    assert "--scan" in unknown.errors
    assert (annotations(finished), finished.code) == (["a1"], 0)


def test_trimmed_chunks_are_reported_as_missing(live: LiveServer) -> None:
    server = live.connect()
    first, *_ = publish(server, *classified("run-1", ["a", "b", "c"], rows_per_chunk=1))
    server.xdel(NAMES.results, first)

    finished = run_results(live, "run-1")

    assert annotations(finished) == ["b", "c"]
    assert "1 of 3 chunks missing" in finished.errors


def test_waiting_ignores_the_rejection_of_an_earlier_event_with_the_same_id(live: LiveServer) -> None:
    server = live.connect()
    sent = _send(server)
    publish(server, rejected("run-1", "1-1"), *classified("run-1", ["a1"]))

    answer = wait_for_answer(server, NAMES, sent, since="0", timeout_seconds=20)

    assert answer.rejection is None
    assert [row.annotation_id for row in answer.rows] == ["a1"]


def test_waiting_for_a_repeated_event_returns_the_rows_of_its_first_run(live: LiveServer) -> None:
    server = live.connect()
    *chunks, closing = classified("run-1", ["a", "b"], rows_per_chunk=1)
    publish(server, *chunks, closing)
    since = server.xrevrange(NAMES.results, count=1)[0][0].decode()
    sent = _send(server)
    server.xadd(NAMES.results, {"text": "somebody else's"})
    publish(server, closing)

    answer = wait_for_answer(server, NAMES, sent, since=since, timeout_seconds=20)

    assert [row.annotation_id for row in answer.rows] == ["a", "b"]


def _send(server: Redis) -> SentEvent:
    data = {"dataset_id": "liver", "ion_images": {"kind": "png", "uri": "/data"}}
    event = {"specversion": "1.0", "id": "run-1", "source": "/a", "type": DATASET_ANNOTATED, "data": data}
    return send_event(server, NAMES, DatasetAnnotatedEvent.model_validate(event))


def _bytes_sent(server: Redis) -> int:
    return int(server.info("stats")["total_net_output_bytes"])
