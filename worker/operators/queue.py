"""An operator's access to the queue on the server."""

from collections.abc import Iterator
from typing import cast

from redis import Redis

from shared.progress import ProgressCallback, ignore_progress
from worker.ledger.ledger import SCRIPT_BYTES
from worker.ledger.names import Names
from worker.operators.scripts import register_operator_scripts

Entry = tuple[str, dict[bytes, bytes]]
"""Id and fields of one entry of a stream."""

_PAGE_ENTRIES = 500


class Queue:
    """The server, the names of its keys and the scripts that read and change them."""

    def __init__(self, server: Redis, names: Names) -> None:
        self.server = server
        self.names = names
        self.scripts = register_operator_scripts(server)

    def now_ms(self) -> int:
        """The server's time; its clock alone counts."""
        seconds, microseconds = self.server.time()
        return seconds * 1000 + microseconds // 1000

    def read_entries(
        self, stream: str, text: str = "", on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[Entry]:
        """The entries of a stream that exist at the beginning, oldest first, in pages of bounded size.

        Parameters
        ----------
        text
            Only entries whose message contains it, or may contain it in an escaped form.
        on_progress
            Called after each page with the numbers of entries that are read, and that there were.
        """
        newest = cast("list[tuple[bytes, object]]", self.server.xrevrange(stream, count=1))
        if not newest:
            return
        newest_id, after = _parse_id(newest[0][0]), "-"
        done, total = 0, int(self.server.xlen(stream))
        while True:
            last, read, *entries = self.scripts.page(keys=[stream], args=[after, _PAGE_ENTRIES, SCRIPT_BYTES, text])
            for entry_id, fields in entries:
                if _parse_id(entry_id) <= newest_id:
                    yield entry_id.decode(), dict(zip(fields[::2], fields[1::2], strict=True))
            done += read
            on_progress(f"{'searching' if text else 'reading'} {stream}", done, max(done, total))
            if not last or _parse_id(last) >= newest_id:
                return
            after = last.decode()


def entry_ms(entry_id: str) -> int:
    """When the server received an entry."""
    return int(entry_id.partition("-")[0])


def _parse_id(entry_id: bytes) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition(b"-")
    return int(ms), int(sequence)
