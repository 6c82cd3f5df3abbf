"""Calls of the ledger's scripts: what is repeated, and what is reported, when the server does not serve."""

import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError, ResponseError

from shared.errors import ServerUnavailableError
from worker.server.outage import Outage, is_outage


class ServerCalls:
    """Calls of one process."""

    def __init__(self, create_groups: Callable[[], None], outage: Outage | None, pause_seconds: float) -> None:
        """Calls that create the consumer group again where it is missing.

        Parameters
        ----------
        outage
            Is told when the server begins and ceases to be unavailable.
        pause_seconds
            Between two tries during an outage.
        """
        self._create_groups, self._outage, self._pause_seconds = create_groups, outage, pause_seconds

    def run_with_groups(self, script: Any, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script; on a server that was emptied, create the groups and run it again."""
        try:
            return self.ask(lambda: script(keys=keys, args=arguments))
        except ResponseError as error:
            if "NOGROUP" not in str(error) and "no such key" not in str(error):
                raise
        self._create_groups()
        return self.ask(lambda: script(keys=keys, args=arguments))

    def with_retries(self, call: Callable[[], Any], give_up_at: float) -> Any:
        """Repeat the call during an outage, until it succeeds or `give_up_at` has passed."""
        while True:
            try:
                return self.ask(call)
            except RedisError as error:
                if not is_outage(error):
                    raise
                if time.monotonic() >= give_up_at:
                    raise ServerUnavailableError(
                        f"server is unavailable ({error}); the event will be run again"
                    ) from error
                time.sleep(self._pause_seconds)

    def run_leased(self, script: Any, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script that needs the lease; on a server that was emptied the lease is lost (0)."""
        try:
            return self.ask(lambda: script(keys=keys, args=arguments))
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
        return 0

    def ask(self, call: Callable[[], Any]) -> Any:
        """Call once, and report success or failure to the outage log."""
        try:
            reply = call()
        except RedisError as error:
            if self._outage is not None and is_outage(error):
                self._outage.begin(error)
            raise
        if self._outage is not None:
            self._outage.end()
        return reply
