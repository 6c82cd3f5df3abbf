"""Progress of long work, told to the caller, who may end it."""

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int], None]
"""Called often with the name of a step, how much of it is done, and its total; an exception from it ends the work."""


def ignore_progress(_what: str, _done: int, _total: int) -> None:
    """The callback for callers that do not follow the progress."""
