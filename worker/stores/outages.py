"""Stores that do not answer: what one process knows of them, so that their events hold up no others."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from shared.errors import NoRoomError, TransientError

_LONGEST_REST_SECONDS = 900.0
_LINE_SECONDS = 60.0
_EVENTS_OF_AN_OUTAGE = 2
"""So many different events must fail in a row before their store counts as away: one alone may be at fault itself."""

_REST_PER_ATTEMPT = 9
"""A store that is away is asked again after so many times the seconds of the last attempt: a tenth of the time at most
is spent on waiting for it."""

_log = structlog.get_logger(__name__)


def choose_rest_seconds(postponements: int, retry_seconds: float) -> float:
    """How long an event rests that was postponed so often before: doubled each time, to 15 minutes, with jitter."""
    longest = max(_LONGEST_REST_SECONDS, retry_seconds)
    rest = min(longest, retry_seconds * 2.0 ** min(postponements, 30))
    return rest * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, keeps no secret


@dataclass
class _Outage:
    """What is known of one store since it last answered."""

    entries: set[str] = field(default_factory=set)
    away_until: float = 0.0
    postponed: int = 0
    next_line: float = 0.0


class StoreOutages:
    """Which stores did not answer this process, and the log of it: a line a store when it begins and each minute."""

    def __init__(self, retry_seconds: float) -> None:
        self._retry_seconds = retry_seconds
        self._outages: dict[str, _Outage] = {}

    def is_away(self, store: str) -> bool:
        """Whether the store is known to be away, so that it is not asked now."""
        outage = self._outages.get(store)
        return outage is not None and time.monotonic() < outage.away_until

    @contextmanager
    def watch(self, store: str, entry: str) -> Iterator[None]:
        """Run an event of this store, and learn from it whether the store answers.

        Raises
        ------
        TransientError
            At once, when the store is known to be away.
        """
        if self.is_away(store):
            raise TransientError(f"{store or 'store'} did not answer other events a moment ago")
        started = time.monotonic()
        try:
            yield
        except NoRoomError:
            raise
        except TransientError:
            outage = self._outages.setdefault(store, _Outage())
            if len(outage.entries) < _EVENTS_OF_AN_OUTAGE:
                outage.entries.add(entry)
            if len(outage.entries) >= _EVENTS_OF_AN_OUTAGE:
                now = time.monotonic()
                outage.away_until = now + max(self._retry_seconds, _REST_PER_ATTEMPT * (now - started))
            raise
        if self._outages.pop(store, None) is not None:
            _log.info("store_answers_again", store=store)

    def log_postponed(self, store: str, reason: str, events: int = 1) -> None:
        """Log that events of this store were postponed: at once, then one line a minute with their number."""
        outage = self._outages.setdefault(store, _Outage())
        outage.postponed += events
        now = time.monotonic()
        if now < outage.next_line:
            return
        _log.warning("events_postponed", store=store, reason=reason, events=outage.postponed)
        outage.postponed, outage.next_line = 0, now + _LINE_SECONDS
