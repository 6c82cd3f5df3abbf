"""Read the results stream without removing anything from it."""

from collections.abc import Iterable, Iterator
from typing import Annotated, cast

from pydantic import Field, TypeAdapter, ValidationError
from redis import Redis

from shared.progress import ProgressCallback, ignore_progress
from worker.ledger.names import Names
from worker.messages.results import ResultMessage

_RESULT: TypeAdapter[ResultMessage] = TypeAdapter(Annotated[ResultMessage, Field(discriminator="type")])
_Entry = tuple[bytes, dict[bytes, bytes]]
_PAGE = 50
_BLOCK_MS = 200


class ResultsStream:
    """Messages of the results stream; entries that are no such messages are skipped and listed in `foreign`."""

    def __init__(self, server: Redis, names: Names) -> None:
        self.foreign: list[str] = []
        """Ids of the entries that were skipped."""

        self._server = server
        self._names = names

    def newest_id(self) -> str:
        """Id of the newest entry; later answers come after it."""
        newest = cast("list[_Entry]", self._server.xrevrange(self._names.results, count=1))
        return newest[0][0].decode() if newest else "0"

    def read_all(self, on_progress: ProgressCallback = ignore_progress) -> Iterator[ResultMessage]:
        """Every message, oldest first; `on_progress` is called with the numbers of read and of all entries."""
        total, done, first = self._server.xlen(self._names.results), 0, "-"
        while entries := cast("list[_Entry]", self._server.xrange(self._names.results, min=first, count=_PAGE)):
            yield from self._parse_all(entries)
            first = f"({entries[-1][0].decode()}"
            done += len(entries)
            on_progress("reading the results stream", done, max(total, done))

    def find(self, event_id: str) -> list[ResultMessage]:
        """The messages of every event of this id, oldest first, from the index of answers.

        Empty when the event is not answered yet, its index has expired, or its worker kept no index. Messages that
        were trimmed from the stream are left out.
        """
        ids = cast("list[bytes]", self._server.lrange(self._names.answers(event_id), 0, -1))
        found: list[ResultMessage] = []
        for start in range(0, len(ids), _PAGE):
            pipeline = self._server.pipeline(transaction=False)
            for entry_id in ids[start : start + _PAGE]:
                pipeline.xrange(self._names.results, entry_id, entry_id)
            for entries in cast("list[list[_Entry]]", pipeline.execute()):
                found += self._parse_all(entries)
        return [message for message in found if message.data.event_id == event_id]

    def follow(self, since: str) -> Iterator[list[ResultMessage]]:
        """Yield new messages after `since` indefinitely; an empty list when none arrived for a while."""
        last: str | bytes = since
        while True:
            reply = self._server.xread({self._names.results: last}, count=_PAGE, block=_BLOCK_MS)
            streams = cast("list[tuple[bytes, list[_Entry]]]", reply)
            entries = [entry for _, found in streams for entry in found]
            if entries:
                last = entries[-1][0]
            yield list(self._parse_all(entries))

    def _parse_all(self, entries: Iterable[_Entry]) -> Iterator[ResultMessage]:
        for entry_id, fields in entries:
            try:
                yield _RESULT.validate_json(fields.get(b"message", b""))
            except ValidationError:
                self.foreign.append(entry_id.decode())
