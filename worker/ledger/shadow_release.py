"""The shadow release: classifies events once more, after they are answered, and only to be compared."""

import random
from typing import cast

import structlog
from redis import Redis
from redis.exceptions import RedisError

from worker.ledger.names import Names

_log = structlog.get_logger(__name__)


class ShadowRelease:
    """Reads which release operators chose; without an answer of the server there is none."""

    def __init__(self, server: Redis, names: Names) -> None:
        self._server = server
        self._names = names

    def choose(self) -> str | None:
        """The version for one event; None when there is no shadow release, or the event is not among its share."""
        try:
            reply = self._server.hmget(self._names.shadow_release, ["version", "share"])
        except RedisError as error:
            _log.debug("shadow_not_read", error=str(error))
            return None
        version, share = cast("list[bytes | None]", reply)
        if version is None or share is None or random.random() >= float(share):  # noqa: S311 - not for security
            return None
        return version.decode()
