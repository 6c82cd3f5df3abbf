"""Celery's connection to the server: every refusal is an outage, which is logged once and waited out."""

import time
import warnings
from pathlib import Path
from queue import Empty
from typing import Any, cast

import structlog
from celery.exceptions import CPendingDeprecationWarning
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.transport import redis as kombu_redis
from redis.exceptions import RedisError

from worker.server.login import LoginFile
from worker.server.outage import Outage

URL_FILE_OPTION = "url_file"
"""The transport option that names the file with the server's URL."""

_RETRY_SECONDS = 1.0
_RESTORE_SECONDS = 10
"""How long one app, which may be killed meanwhile, keeps the others from looking for messages to deliver again."""

_STABLE_SECONDS = 3.0
"""How long nothing must fail before an outage is over; a server may refuse only some commands."""

_log = structlog.get_logger(__name__)


def make_transport_options(queue: str, redelivery_seconds: int, url_file: Path | None) -> dict[str, Any]:
    """The options of kombu's transport for the app that consumes one queue.

    Parameters
    ----------
    queue
        What is delivered and not acknowledged is kept under keys of its own. Under kombu's usual ones, which all apps
        on a server share, each app gives back the messages of all others after its own time, while they run.
    redelivery_seconds
        When a message that was not acknowledged is delivered again.
    url_file
        Where user and password are read from at each connection, if not from the URL.
    """
    return {
        "visibility_timeout": redelivery_seconds,
        "unacked_restore_throttle": 1,  # look for such messages every ten seconds, not every hundred
        "unacked_mutex_expire": _RESTORE_SECONDS,
        "unacked_key": f"{queue}:unacked",
        "unacked_index_key": f"{queue}:unacked-index",
        "unacked_mutex_key": f"{queue}:unacked-mutex",
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        **({} if url_file is None else {URL_FILE_OPTION: str(url_file)}),
    }


class TicketQoS(kombu_redis.QoS):
    """kombu's count of the tickets that a worker holds; an acknowledged ticket is never counted, even after an error.

    If the server refuses to delete a ticket (because its disk is full, say), kombu would count it as long as the worker
    runs; the worker, which may hold one ticket, would never take another. kombu restores the ticket later: a spare
    ticket is harmless.
    """

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a ticket; Celery logs the error if the server refuses."""
        try:
            super().ack(delivery_tag)
        except RedisError:
            virtual.QoS.ack(self, delivery_tag)
            raise


class UnreadableTaskError(ValueError):
    """An element of a queue that is no message of kombu."""


class ServerMessage(virtual.Message):
    """kombu's message, of which every part that it needs is there."""

    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        try:
            super().__init__(payload, channel=channel, **options)
            parts = (self.delivery_tag, self.delivery_info["exchange"], self.delivery_info["routing_key"])
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise UnreadableTaskError(f"not a message: {type(error).__name__}: {error}") from error
        if not all(isinstance(part, str) for part in parts):
            raise UnreadableTaskError(f"expected delivery tag, exchange and routing key as texts, got {parts}")


class ServerChannel(kombu_redis.Channel):
    """kombu's channel with `TicketQoS`, and with a login from a file."""

    QoS = TicketQoS
    Message = ServerMessage

    def _brpop_read(self, **options: Any) -> Any:
        """Deliver what the server sent; what is no message is dropped, with a line in the log: kombu would end."""
        channel: Any = super()  # kombu's types do not know this method
        try:
            return channel._brpop_read(**options)  # noqa: SLF001 - where kombu reads the element
        except (ValueError, RecursionError) as error:
            _log.warning("task_unreadable", queues=list(self.active_queues), reason=str(error))
            raise Empty from error

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - kombu's signature
        """What connections are made with; kombu calls this for each pool of them."""
        channel: Any = super()  # kombu's types know neither this method nor the options
        found: dict[str, Any] = channel._connparams(asynchronous)  # noqa: SLF001 - where kombu reads the login
        url_file = cast("Any", self.connection).client.transport_options.get(URL_FILE_OPTION)
        if url_file is not None:
            del found["username"], found["password"]
            found["credential_provider"] = LoginFile(Path(url_file))
        return found


class ServerTransport(kombu_redis.Transport):
    """kombu's transport, which treats every refusal of the server as a broken connection.

    kombu itself treats a server that is read-only, full or failing over as a defect, and Celery would end the worker.
    """

    Channel = ServerChannel
    connection_errors = (*kombu_redis.Transport.connection_errors, RedisError)


class ReconnectingConsumer(Consumer):
    """Celery's consumer, which reports an outage to `app.outage` instead of logging an attempt every second."""

    app: Any

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, waiting indefinitely; SIGTERM ends the wait."""
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
        """Called by Celery when the connection breaks while the consumer is being set up."""
        self.app.outage.begin(exc)
        time.sleep(_RETRY_SECONDS)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Called by Celery when the server refuses something later; Celery then reconnects."""
        self.app.outage.begin(exc)
        with warnings.catch_warnings():  # a paragraph about tasks, of which tickets are none
            warnings.simplefilter("ignore", CPendingDeprecationWarning)
            super().on_connection_error_after_connected(exc)
        time.sleep(_RETRY_SECONDS)


def register_transport(transport: str = f"{__name__}:ServerTransport") -> None:
    """Register the transport `<module>:<class>` with kombu for `redis://` and `rediss://` URLs."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = transport


def worker_outage() -> Outage:
    """The outage of a worker's main process."""
    return Outage(_STABLE_SECONDS)
