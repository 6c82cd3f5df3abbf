"""The gateway's connection to its queue: an event that was taken from the queue is not dropped in an outage."""

import time
from typing import Any

from celery.worker.state import maybe_shutdown
from redis.exceptions import RedisError

from worker.gateway.app import app
from worker.server.broker import ServerChannel, ServerTransport, TicketQoS

_RETRY_SECONDS = 1.0


class EventQoS(TicketQoS):
    """kombu's list of the messages in hand, which waits for a server that does not accept an addition to it.

    kombu takes a message from its queue in one step and notes it in the next. A server that became full in between
    refuses the second, and kombu would forget the message.
    """

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note a message; SIGTERM ends the wait, and the message is lost."""
        while True:
            try:
                super().append(message, delivery_tag)
            except RedisError as error:
                app.outage.begin(error)
                maybe_shutdown()
                time.sleep(_RETRY_SECONDS)
            else:
                return


class EventChannel(ServerChannel):
    """The workers' channel with `EventQoS`."""

    QoS = EventQoS


class EventTransport(ServerTransport):
    """The workers' transport with `EventChannel`."""

    Channel = EventChannel
