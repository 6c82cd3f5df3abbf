"""Choose the shadow release, or end it."""

from typing import cast

from pydantic import BaseModel, ConfigDict

from shared.errors import InvalidInputError
from worker.operators.activation import read_activation, require_usable
from worker.operators.queue import Queue


class Shadow(BaseModel):
    """Which release classifies answered events once more, and how many of them."""

    model_config = ConfigDict(frozen=True)

    version: str | None = None
    """None = none does."""
    share: float = 0.0
    """Of the events, 0 to 1."""
    since_ms: int | None = None
    by: str | None = None


def start_shadow(queue: Queue, version: str, share: float, by: str) -> Shadow:
    """Choose a release that every living worker can use; another one is replaced.

    Raises
    ------
    InvalidInputError
        When a worker cannot use the release, with the names of all that cannot, or when it is the active release.
    """
    if version == read_activation(queue).version:
        raise InvalidInputError(
            f"release {version} is active, so it would be compared with itself; expected another one"
        )
    require_usable(queue, version)
    fields = {"version": version, "share": str(share), "since_ms": str(queue.now_ms()), "by": by}
    queue.server.hset(queue.names.shadow_release, mapping=fields)  # type: ignore[arg-type]
    return read_shadow(queue)


def end_shadow(queue: Queue) -> bool:
    """End it; False when there was none."""
    return bool(queue.server.delete(queue.names.shadow_release))


def read_shadow(queue: Queue) -> Shadow:
    """What is chosen now."""
    found = cast("dict[bytes, bytes]", queue.server.hgetall(queue.names.shadow_release))
    text = {name.decode(): value.decode(errors="replace") for name, value in found.items()}
    if "version" not in text:
        return Shadow()
    since_ms, share = int(text.get("since_ms", 0)), float(text.get("share", 0))
    return Shadow(version=text["version"], share=share, since_ms=since_ms, by=text.get("by"))
