"""Word of long work: whoever waits sees how far it is, and may end it."""

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int], None]
"""Called often with what is being done, how much of it is done, and how much there is; what it raises ends the work."""


def ignore_progress(_what: str, _done: int, _total: int) -> None:
    """For work that nobody waits for."""
