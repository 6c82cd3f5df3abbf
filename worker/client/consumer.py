"""Read answers from Python; other languages use one XREADGROUP (docs/messages.md)."""

import time
from collections.abc import Callable, Iterable
from typing import cast

from redis import Redis

from shared.errors import TransientError
from worker.client.event_answer import EventAnswer, is_rejection_of
from worker.client.producer import SentEvent
from worker.client.results_stream import ResultsStream
from worker.ledger.names import Names
from worker.messages.results import DatasetRejected, ResultMessage


def wait_for_answer(
    server: Redis,
    names: Names,
    sent: SentEvent,
    *,
    since: str,
    timeout_seconds: float,
    on_wait: Callable[[], None] = lambda: None,
) -> EventAnswer:
    """Read the results stream until the event is answered; of a repeated answer, earlier messages are read too.

    Parameters
    ----------
    since
        Id of the newest entry before the event was sent (`ResultsStream.newest_id`).
    on_wait
        Called repeatedly during the wait; an exception ends it.

    Raises
    ------
    TransientError
        When no answer arrives in time.
    """
    event, stream = sent.event, ResultsStream(server, names)
    answer = EventAnswer(event.source, event.id, event.data.dataset_id)
    give_up_at = time.monotonic() + timeout_seconds
    for messages in stream.follow(since):
        for message in messages:
            if _answers(message, sent):
                answer.add(message)
        if answer.is_complete:
            return answer
        if answer.summary is not None:  # the event was finished before: its rows are earlier in the stream
            return _read_again(stream, sent)
        if time.monotonic() > give_up_at:
            break
        on_wait()
    raise TransientError(
        f"event {event.id!r} was not answered within {timeout_seconds:g} s; it stays in the queue, and"
        f" `offsample results {event.id}` shows its answer later. Is a worker running?"
    )


def read_progress(server: Redis, names: Names, entry: str) -> tuple[int, int | None]:
    """Finished and total annotations of a running entry; (0, None) before it starts."""
    report = cast("bytes | None", server.get(names.progress(entry)))
    done, _, total = report.decode().partition("/") if report else ("0", "", "")
    return int(done), int(total) if total else None


def _answers(message: ResultMessage, sent: SentEvent) -> bool:
    """Whether the message answers the event that was sent, and not another one with the same id."""
    same_event = message.data.event_id == sent.event.id and message.data.event_source == sent.event.source
    return same_event and (not isinstance(message, DatasetRejected) or is_rejection_of(message, sent.entry))


def _read_again(stream: ResultsStream, sent: SentEvent) -> EventAnswer:
    """The whole answer of an event that was finished before: from the index, or if that is incomplete, the stream."""
    answer = _gather(stream.find(sent.event.id), sent)
    return answer if answer.is_complete else _gather(stream.read_all(), sent)


def _gather(messages: Iterable[ResultMessage], sent: SentEvent) -> EventAnswer:
    answer = EventAnswer(sent.event.source, sent.event.id, sent.event.data.dataset_id)
    for message in messages:
        if _answers(message, sent):
            answer.add(message)
    return answer
