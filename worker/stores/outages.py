"""Stores that do not respond, as one process knows them, so that their events do not delay those of other stores."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from shared.errors import (
    AccessDeniedError,
    InvalidIonImageError,
    NoRoomError,
    NotFoundError,
    StoreAwayError,
    TransientError,
)

_MAX_DELAY_SECONDS = 900.0
_LOG_INTERVAL_SECONDS = 60.0
_FAILED_EVENTS_OF_AN_OUTAGE = 2
"""Different events that must fail in a row before their store counts as away; a single one may be the cause itself."""

_DELAY_PER_ATTEMPT = 9
"""A store that is away is tried again after this many times the duration of the last attempt, so that at most a tenth
of the time is spent waiting for it."""

_log = structlog.get_logger(__name__)


def choose_delay_seconds(postponements: int, retry_seconds: float) -> float:
    """Delay before a postponed event is tried again: doubled each time up to 15 minutes, with jitter."""
    max_delay = max(_MAX_DELAY_SECONDS, retry_seconds)
    delay = min(max_delay, retry_seconds * 2.0 ** min(postponements, 30))
    return delay * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, not for security


@dataclass
class _Outage:
    """The failures of one store since it last responded."""

    entries: set[str] = field(default_factory=set)
    away_until: float = 0.0
    postponed: int = 0
    next_log: float = 0.0


class StoreOutages:
    """Which stores did not respond to this process; logs each of them once a minute."""

    def __init__(self, retry_seconds: float) -> None:
        self._retry_seconds = retry_seconds
        self._outages: dict[str, _Outage] = {}

    def is_away(self, store: str) -> bool:
        """Whether the store is known not to respond, and should not be tried now."""
        outage = self._outages.get(store)
        return outage is not None and time.monotonic() < outage.away_until

    @contextmanager
    def watch(self, store: str, entry: str) -> Iterator[None]:
        """Run an event of this store, and record whether the store responds.

        Raises
        ------
        StoreAwayError
            Immediately, when the store is known to be away.
        """
        if self.is_away(store):
            raise StoreAwayError(f"{store or 'store'} did not respond to other events a moment ago")
        started = time.monotonic()
        try:
            yield
        except NoRoomError:
            raise
        except TransientError:
            outage = self._outages.setdefault(store, _Outage())
            if len(outage.entries) < _FAILED_EVENTS_OF_AN_OUTAGE:
                outage.entries.add(entry)
            if len(outage.entries) >= _FAILED_EVENTS_OF_AN_OUTAGE:
                now = time.monotonic()
                most_seconds = min(_MAX_DELAY_SECONDS, _DELAY_PER_ATTEMPT * (now - started))
                outage.away_until = now + max(self._retry_seconds, most_seconds)
            raise
        except (NotFoundError, AccessDeniedError, InvalidIonImageError):
            self._note_response(store)
            raise
        self._note_response(store)

    def _note_response(self, store: str) -> None:
        if self._outages.pop(store, None) is not None:
            _log.info("store_answers_again", store=store)

    def log_postponed(self, store: str, reason: str, events: int = 1) -> None:
        """Log that events of this store were postponed: the first one, then their number once a minute."""
        outage = self._outages.setdefault(store, _Outage())
        outage.postponed += events
        now = time.monotonic()
        if now < outage.next_log:
            return
        _log.warning("events_postponed", store=store, reason=reason, events=outage.postponed)
        outage.postponed, outage.next_log = 0, now + _LOG_INTERVAL_SECONDS
