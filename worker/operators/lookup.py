"""Find the entries of an event that is not answered yet: the backlog has no index, so the server searches it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from shared.errors import InvalidInputError
from shared.progress import ProgressCallback, ignore_progress
from worker.access.store_uri import show_uri
from worker.ledger.names import GROUP
from worker.ledger.quota import name_source
from worker.messages.event import EventIdentity, MetaspaceIonImages, parse_event, read_identity
from worker.operators.queue import Queue


class Place(StrEnum):
    """Where an event is that is not answered."""

    WAITING = "waiting"
    RELEASED = "released"
    POSTPONED = "postponed"
    PARKED = "parked"
    RUNNING = "running"


@dataclass(frozen=True)
class FoundEntry:
    """An entry of an events stream."""

    stream: str
    entry_id: str
    identity: EventIdentity
    place: Place
    attempts: int
    """How often it was claimed."""
    held_in: str = ""
    """The sorted set that it is in, if it is postponed, released or parked."""
    member: str = ""
    """Its member of that set."""
    due_ms: int | None = None
    """When it is tried again, if it is postponed."""
    reads: tuple[str, ...] = ()
    """What it names to be read, without credentials; empty for an invalid event."""

    @property
    def entry(self) -> str:
        """`<stream>/<entry id>`, as in the logs."""
        return f"{self.stream}/{self.entry_id}"


def find_entries(
    queue: Queue, event_id: str, source: str | None = None, on_progress: ProgressCallback = ignore_progress
) -> Iterator[FoundEntry]:
    """The entries of events of this id, and of this source if one is given; most urgent first."""
    for stream in queue.names.streams:
        for entry_id, fields in queue.read_entries(stream, event_id, on_progress):
            message = fields.get(b"message", b"")
            identity = read_identity(message)
            if identity.event_id == event_id and source in (None, identity.source):
                yield replace(_locate(queue, stream, entry_id, identity), reads=_list_read(message))


def _list_read(message: bytes) -> tuple[str, ...]:
    try:
        data = parse_event(message).data
    except InvalidInputError:
        return ()
    location = data.ion_images
    if isinstance(location, MetaspaceIonImages):
        shown = [f"METASPACE's {location.dataset_id!r}"]
    else:
        shown = [show_uri(location.uri)]
    return (*shown, *([] if data.annotations_uri is None else [show_uri(data.annotations_uri)]))


def _locate(queue: Queue, stream: str, entry_id: str, identity: EventIdentity) -> FoundEntry:
    parked = queue.names.parked(stream, name_source(identity.source or ""))
    for key in (queue.names.postponed(stream), parked):
        for member, due_ms in queue.server.zscan_iter(key, match=f"{entry_id} *"):
            place = Place.PARKED if key == parked else Place.POSTPONED if due_ms > 0 else Place.RELEASED
            attempts = int(member.split()[1])
            return FoundEntry(stream, entry_id, identity, place, attempts, key, member.decode(), int(due_ms) or None)
    groups = cast("list[dict[str, bytes]]", queue.server.xinfo_groups(stream))
    pending = (
        queue.server.xpending_range(stream, GROUP, entry_id, entry_id, 1)
        if GROUP in [group["name"].decode() for group in groups]
        else []
    )
    for one in cast("list[dict[str, int]]", pending):
        return FoundEntry(stream, entry_id, identity, Place.RUNNING, one["times_delivered"])
    return FoundEntry(stream, entry_id, identity, Place.WAITING, 0)
