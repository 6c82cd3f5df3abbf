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


def activate_release(queue: Queue, version: str, by: str, *, force: bool = False) -> Activated:
    """Activate a release that every living worker can use, of which there must be one; `force` asks none.

    Raises
    ------
    InvalidInputError
        When a worker cannot use the release, or none is alive; names the workers and their reasons.
    """
    if not force:
        _require_worker(queue)
        require_usable(queue, version)
    return _activate(queue, version, by, "")


def activate_previous(queue: Queue, by: str, *, force: bool = False) -> Activated:
    """Go back to what was active before; once more brings back what is active now.

    Raises
    ------
    InvalidInputError
        When nothing was activated yet, a worker cannot use the release, or none is alive.
    """
    found = read_activation(queue)
    if found.since_ms is None:
        raise InvalidInputError("no release was activated yet, so there is none to go back to")
    if found.previous is not None and not force:
        _require_worker(queue)
        require_usable(queue, found.previous)
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


def require_usable(queue: Queue, version: str) -> None:
    """Raise `InvalidInputError` when a living worker reports that it cannot use the release, or does not report it."""
    lacking = [
        f"{one.worker} ({one.unusable.get(version, 'not installed')})"
        for one in read_fleet(queue)
        if one.is_alive and version not in one.installed
    ]
    if lacking:
        raise InvalidInputError(
            f"release {version} cannot be used by {', '.join(lacking)}; expected it on every worker, whole, and signed"
            " where that is required, see `offsample releases install` and `verify`"
        )


def _require_worker(queue: Queue) -> None:
    if not any(one.is_alive for one in read_fleet(queue)):
        raise InvalidInputError(
            "no worker is alive, and workers that lack the active release do not start; expected one that can use the"
            " release, or --force"
        )
