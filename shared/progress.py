"""Progress of long work, told to the caller, who may end it."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

ProgressCallback = Callable[[str, int, int], None]
"""Called often with the name of a step, how much of it is done, and its total; an exception from it ends the work."""

Item = TypeVar("Item")


def ignore_progress(_what: str, _done: int, _total: int) -> None:
    """The callback for callers that do not follow the progress."""


def from_first(on_progress: ProgressCallback) -> ProgressCallback:
    """Called only once something is done: until then another step may be told of."""

    def on_first(what: str, done: int, total: int) -> None:
        if done:
            on_progress(what, done, total)

    return on_first


def follow(items: Iterable[Item], what: str, total: int, on_progress: ProgressCallback) -> Iterator[Item]:
    """Yield the items of a step, and tell before each how many are done."""
    done = 0
    on_progress(what, done, total)
    for item in items:
        yield item
        done += 1
        on_progress(what, done, total)
