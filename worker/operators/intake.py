"""Pause and resume the intake: while it is paused, no worker claims an event; running ones finish."""

from typing import cast

from pydantic import BaseModel, ConfigDict

from worker.operators.queue import Queue


class Pause(BaseModel):
    """Since when, by whom and why the intake is paused."""

    model_config = ConfigDict(frozen=True)

    since_ms: int
    by: str
    reason: str = ""


def pause_intake(queue: Queue, by: str, reason: str) -> tuple[Pause, bool]:
    """Pause the intake of all workers, now and in future.

    Returns
    -------
    The pause, and whether it is new; an earlier one is kept.
    """
    is_new, *found = queue.scripts.pause(keys=[queue.names.pause], args=[by, reason])
    return _parse(dict(zip(found[::2], found[1::2], strict=True))), bool(is_new)


def resume_intake(queue: Queue) -> bool:
    """End the pause; False when the intake was not paused."""
    return bool(queue.server.delete(queue.names.pause))


def read_pause(queue: Queue) -> Pause | None:
    """The pause, if the intake is paused."""
    found = cast("dict[bytes, bytes]", queue.server.hgetall(queue.names.pause))
    return _parse(found) if found else None


def _parse(fields: dict[bytes, bytes]) -> Pause:
    text = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
    return Pause(since_ms=int(text.get("since_ms", 0)), by=text.get("by", ""), reason=text.get("reason", ""))
