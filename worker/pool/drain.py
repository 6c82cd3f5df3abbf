"""A time limit for the drain."""

import threading

import structlog
from billiard.process import active_children

_log = structlog.get_logger(__name__)


def end_children_after(seconds: float) -> None:
    """Terminate the pool's children after this time; each releases its event before it exits."""
    timer = threading.Timer(seconds, _end_children)
    timer.daemon = True
    timer.start()


def _end_children() -> None:
    children = active_children()
    _log.warning("drain_cut_short", children=len(children))
    for child in children:
        child.terminate()
