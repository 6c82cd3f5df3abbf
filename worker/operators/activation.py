"""Activate a release on all workers at once, without a restart, and go back to the one before."""

from typing import cast

from pydantic import BaseModel, ConfigDict

from shared.errors import InvalidInputError
from worker.operators.fleet import read_fleet
from worker.operators.queue import Queue


class Activation(BaseModel):
    """Which release the events that name none are classified with."""

    model_config = ConfigDict(frozen=True)

    version: str | None = None
    """None = each worker's settings say it."""
    previous: str | None = None
    """Active before: what `--previous` goes back to."""
    since_ms: int | None = None
    by: str | None = None


class Activated(BaseModel):
    """What activating a release led to."""

    activation: Activation
    changed: bool
    """False when it was active before."""


def activate_release(queue: Queue, version: str, by: str) -> Activated:
    """Activate a release that every living worker has.

    Raises
    ------
    InvalidInputError
        When a worker lacks the release; names all that do.
    """
    require_everywhere(queue, version)
    return _activate(queue, version, by, "")


def activate_previous(queue: Queue, by: str) -> Activated:
    """Go back to what was active before; once more brings back what is active now.

    Raises
    ------
    InvalidInputError
        When nothing was activated yet, or a worker lacks the release.
    """
    found = read_activation(queue)
    if found.since_ms is None:
        raise InvalidInputError("no release was activated yet, so there is none to go back to")
    if found.previous is not None:
        require_everywhere(queue, found.previous)
    return _activate(queue, "", by, "back")


def read_activation(queue: Queue) -> Activation:
    """What is active now."""
    return _parse(cast("dict[bytes, bytes]", queue.server.hgetall(queue.names.active_release)))


def _activate(queue: Queue, version: str, by: str, direction: str) -> Activated:
    is_new, *found = queue.scripts.activate(keys=[queue.names.active_release], args=[version, by, direction])
    fields = dict(zip(found[::2], found[1::2], strict=True))
    return Activated(activation=_parse(fields), changed=bool(is_new))


def _parse(fields: dict[bytes, bytes]) -> Activation:
    text = {name.decode(): value.decode(errors="replace") or None for name, value in fields.items()}
    since_ms = text.get("since_ms")
    return Activation(
        version=text.get("version"),
        previous=text.get("previous"),
        since_ms=None if since_ms is None else int(since_ms),
        by=text.get("by"),
    )


def require_everywhere(queue: Queue, version: str) -> None:
    """Raise `InvalidInputError` when a living worker does not report the release as installed."""
    lacking = [one.worker for one in read_fleet(queue) if one.is_alive and version not in one.installed]
    if lacking:
        raise InvalidInputError(
            f"release {version} is not installed on {', '.join(lacking)}; expected it on every worker, see `offsample"
            " releases install`"
        )
