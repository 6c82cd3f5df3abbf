"""The answer to one event, assembled from messages of the results stream."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from worker.messages.results import (
    DatasetClassified,
    DatasetRejected,
    DatasetSummary,
    IonImagesClassified,
    Rejection,
    ResultMessage,
    ResultRow,
)


@dataclass
class EventAnswer:
    """The answer to one event; its messages are added in the order in which they were published."""

    event_source: str | None
    event_id: str | None
    dataset_id: str | None
    parts: dict[int, list[ResultRow]] = field(default_factory=dict)
    """Rows by chunk number, of the last run."""
    summary: DatasetSummary | None = None
    rejection: Rejection | None = None
    """The rejection, if it came last; together with a `summary` it rejects a later event with the same id."""

    @property
    def rows(self) -> list[ResultRow]:
        """Rows in the order of the event's annotations."""
        return [row for part in sorted(self.parts) for row in self.parts[part]]

    @property
    def missing_parts(self) -> int:
        """How many chunks the closing message counts that are not in the stream."""
        return max(0, self.summary.parts - len(self.parts)) if self.summary is not None else 0

    @property
    def is_complete(self) -> bool:
        """Whether the event is answered, every chunk included."""
        return self.rejection is not None or (self.summary is not None and not self.missing_parts)

    def add(self, message: ResultMessage) -> None:
        """Add one message; adding it again changes nothing."""
        if isinstance(message, IonImagesClassified):
            if self.summary is not None:  # the event was run again: start over
                self.parts, self.summary = {}, None
            self.parts[message.data.part] = message.data.rows
        elif isinstance(message, DatasetClassified):
            self.summary, self.rejection = message.data, None
        else:
            self.rejection = message.data


def gather_answers(messages: Iterable[ResultMessage]) -> list[EventAnswer]:
    """The answers in a sequence of messages, in order of first appearance.

    Events are identified by source and id; a rejected one without readable id, by the id of its rejection. The last
    message counts: a classification replaces the rejections before it. When an id was used for two datasets, each has
    its own answer.
    """
    events: dict[tuple[str | None, str | None, str | None], dict[str | None, EventAnswer]] = {}
    for message in messages:
        data = message.data
        key = (data.event_source, data.event_id, message.id if data.event_id is None else None)
        datasets = events.setdefault(key, {})
        if isinstance(message, DatasetClassified):
            _forget_rejections(datasets)
        blank = EventAnswer(data.event_source, data.event_id, data.dataset_id)
        datasets.setdefault(data.dataset_id, blank).add(message)
    return [answer for datasets in events.values() for answer in datasets.values()]


def is_rejection_of(message: ResultMessage, entry: str) -> bool:
    """Whether the message rejects this entry (`<stream>/<entry id>`), and not another one with the same event id."""
    if not isinstance(message, DatasetRejected):
        return False
    return f"{message.data.tried.stream}/{message.data.tried.entry_id}" == entry


def _forget_rejections(datasets: dict[str | None, EventAnswer]) -> None:
    for dataset_id, answer in list(datasets.items()):
        answer.rejection = None
        if answer.summary is None and not answer.parts:
            del datasets[dataset_id]
