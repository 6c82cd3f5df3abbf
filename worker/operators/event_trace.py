"""All that the server knows of the events of one id."""

from datetime import datetime
from typing import cast

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.progress import ProgressCallback, ignore_progress
from worker.client.results_stream import ResultsStream
from worker.ledger.claim import DoneRecord
from worker.ledger.presence import RunRecord
from worker.messages.results import Counts, DatasetClassified, DatasetRejected, ResultMessage
from worker.operators.dead_letters import DeadLetter, read_letters
from worker.operators.lookup import FoundEntry, Place, find_entries
from worker.operators.queue import Queue, entry_ms
from worker.operators.running import RunningEvent, read_running


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class TracedEntry(_Part):
    """An entry that is not answered."""

    entry: str
    event_source: str | None
    dataset_id: str | None
    trace_id: str | None
    place: Place
    queued_seconds: float
    attempts: int
    retry_seconds: float | None
    """Until it is tried again, if it is postponed."""
    run: RunningEvent | None
    """Its run, if it is running."""
    reads: tuple[str, ...]
    """What it names to be read; empty for an invalid event."""


class TracedAnswer(_Part):
    """The closing message or rejection of an event; its chunks are counted in `parts`."""

    id: str
    time: datetime
    event_source: str | None
    dataset_id: str | None
    trace_id: str | None
    release: str | None = None
    parts: int | None = None
    counts: Counts | None = None
    error: str | None = None
    """Code of a rejection."""
    message: str | None = None
    entry: str | None = None
    """The entry that was rejected."""


class TracedRecord(_Part):
    """What is remembered of a finished event, to answer a repeat."""

    event_source: str
    entry: str
    forgotten_seconds: int
    """Until it is forgotten."""
    unpublished: int
    """Messages of its answer that are not published yet."""
    run: RunRecord | None
    """Who ran it; kept for about an hour after the run began."""


class EventTrace(_Part):
    """Where an event is, and what became of it; several events may have the same id."""

    event_id: str
    entries: list[TracedEntry]
    answers: list[TracedAnswer]
    records: list[TracedRecord]
    dead_letters: list[DeadLetter]

    @property
    def is_known(self) -> bool:
        """Whether anything is known of the event."""
        return bool(self.entries or self.answers or self.records or self.dead_letters)


def trace_event(
    queue: Queue, event_id: str, source: str | None = None, on_progress: ProgressCallback = ignore_progress
) -> EventTrace:
    """Look everywhere for the events of this id, and of this source if one is given; no results are searched."""
    found = list(find_entries(queue, event_id, source, on_progress))
    runs = {run.entry: run for run in read_running(queue)} if found else {}
    now_ms = queue.now_ms()
    answers = [
        _describe_answer(message)
        for message in ResultsStream(queue.server, queue.names).find(event_id)
        if isinstance(message, DatasetClassified | DatasetRejected) and source in (None, message.data.event_source)
    ]
    letters = [
        letter.model_copy(update={"message": None})
        for letter in read_letters(queue, text=event_id, on_progress=on_progress)
        if letter.event_id == event_id and source in (None, letter.event_source)
    ]
    sources = {source} | {entry.identity.source for entry in found} | {one.event_source for one in answers}
    return EventTrace(
        event_id=event_id,
        entries=[_describe_entry(entry, runs, now_ms) for entry in found],
        answers=answers,
        records=[record for one in sorted(filter(None, sources)) for record in _read_records(queue, one, event_id)],
        dead_letters=letters,
    )


def _describe_entry(entry: FoundEntry, runs: dict[str, RunningEvent], now_ms: int) -> TracedEntry:
    return TracedEntry(
        entry=entry.entry,
        event_source=entry.identity.source,
        dataset_id=entry.identity.dataset_id,
        trace_id=entry.identity.trace_id,
        place=entry.place,
        queued_seconds=max(0.0, (now_ms - entry_ms(entry.entry_id)) / 1000),
        attempts=entry.attempts,
        retry_seconds=None if entry.due_ms is None else max(0.0, (entry.due_ms - now_ms) / 1000),
        run=runs.get(entry.entry),
        reads=entry.reads,
    )


def _describe_answer(message: ResultMessage) -> TracedAnswer:
    trace_id = message.traceparent.split("-")[1] if message.traceparent else None
    answer = TracedAnswer(
        id=message.id,
        time=message.time,
        event_source=message.data.event_source,
        dataset_id=message.data.dataset_id,
        trace_id=trace_id,
    )
    if isinstance(message, DatasetClassified):
        summary = message.data
        return answer.model_copy(update={"release": summary.release, "parts": summary.parts, "counts": summary.counts})
    if isinstance(message, DatasetRejected):
        rejection = message.data
        entry = f"{rejection.tried.stream}/{rejection.tried.entry_id}"
        return answer.model_copy(update={"error": rejection.error, "message": rejection.message, "entry": entry})
    return answer


def _read_records(queue: Queue, source: str, event_id: str) -> list[TracedRecord]:
    """The done record of one event, if it is remembered."""
    key = queue.names.done(source, event_id)
    text = cast("bytes | None", queue.server.get(key))
    if text is None:
        return []
    done = DoneRecord.model_validate_json(text)
    run = cast("bytes | None", queue.server.get(queue.names.run(done.entry)))
    return [
        TracedRecord(
            event_source=source,
            entry=done.entry,
            forgotten_seconds=queue.server.ttl(key),
            unpublished=queue.server.llen(queue.names.outbox(done.entry)),
            run=_parse_run(run),
        )
    ]


def _parse_run(text: bytes | None) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json(text) if text else None
    except ValidationError:
        return None
