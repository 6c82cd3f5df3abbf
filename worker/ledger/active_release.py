"""The release that operators activated for the events that name none."""

from typing import cast

import structlog
from redis import Redis
from redis.exceptions import RedisError

from worker.ledger.names import Names

_log = structlog.get_logger(__name__)


class ActiveRelease:
    """Reads the activation; while the server does not answer, what was read last holds."""

    def __init__(self, server: Redis, names: Names) -> None:
        self._server = server
        self._names = names
        self._known: str | None = None

    def read(self) -> str | None:
        """The version; None when no release is activated, and each worker's settings decide."""
        try:
            found = cast("bytes | None", self._server.hget(self._names.active_release, "version"))
            self._known = found.decode() if found else None
        except RedisError as error:
            _log.debug("activation_not_read", error=str(error))
        return self._known
