"""A drain that does not last for ever."""

import threading

import structlog
from billiard.process import active_children

_log = structlog.get_logger(__name__)


def end_children_after(seconds: float) -> None:
    """End the pool's children when the drain has lasted so long; each hands its event back on the way out."""
    timer = threading.Timer(seconds, _end_children)
    timer.daemon = True
    timer.start()


def _end_children() -> None:
    children = active_children()
    _log.warning("drain_cut_short", children=len(children))
    for child in children:
        child.terminate()
