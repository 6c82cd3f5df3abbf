"""Celery's way to the server: whatever the server refuses is an outage, which is said once and waited for."""

import time
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.transport import redis as kombu_redis
from redis.exceptions import RedisError

from worker.server.outage import Outage

_RETRY_SECONDS = 1.0
_STEADY_SECONDS = 3.0
"""A server that refuses some commands only is not said to serve again between two of them."""


class TicketCount(kombu_redis.QoS):
    """kombu's count of the tickets that a worker holds, in which an acknowledged one counts no more, come what may.

    Where the server refused to forget a ticket (its disk is full, say), kombu itself would count it for as long
    as the worker runs, which holds one at most and would take no other. kombu puts the ticket back later: one too many,
    which costs nothing.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; the refusal goes to Celery's log."""
        try:
            super().ack(delivery_tag)
        except RedisError:
            virtual.QoS.ack(self, delivery_tag)
            raise


class ServerChannel(kombu_redis.Channel):
    """kombu's channel with that count."""

    QoS = TicketCount


class ServerTransport(kombu_redis.Transport):
    """kombu's transport, for which every refusal of the server is a broken connection.

    kombu itself takes a server that is read-only, full or failing over for a defect, on which Celery ends its worker.
    """

    Channel = ServerChannel
    connection_errors = (*kombu_redis.Transport.connection_errors, RedisError)


class PatientConsumer(Consumer):
    """Celery's consumer, which tells `app.outage` of an outage instead of logging every attempt, a second apart."""

    app: Any

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long that takes; SIGTERM ends the wait."""
        connected = conn.ensure_connection(
            lambda error, _: self.app.outage.begin(error),
            max_retries=None,
            interval_start=_RETRY_SECONDS,
            interval_step=0,
            interval_max=_RETRY_SECONDS,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Celery calls this when the connection broke while the consumer was being set up."""
        self.app.outage.begin(exc)
        time.sleep(_RETRY_SECONDS)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Celery calls this when the server refused something later; afterwards it connects again."""
        self.app.outage.begin(exc)
        super().on_connection_error_after_connected(exc)
        time.sleep(_RETRY_SECONDS)


def register_transport() -> None:
    """Let kombu take our transport for every URL of a Redis or Valkey server."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{ServerTransport.__name__}"


def worker_outage() -> Outage:
    """The outage of a worker's main process."""
    return Outage(_STEADY_SECONDS)
