"""The gateway's Celery app and its one task. Importing it connects nothing and reads no environment.

It is not the workers' app: its tasks last milliseconds and carry events, so they are acknowledged when they are done
and delivered again soon; a ticket may run for an hour and carries nothing.
"""

import json
import logging
import time
from typing import Any, cast

import structlog
from celery import Celery
from celery.exceptions import Reject
from celery.signals import setup_logging
from redis import Redis
from redis.exceptions import RedisError

from shared.errors import InvalidMessageError, OffSampleError
from shared.limits import require_at_most
from worker.client.producer import PRIORITIES, Priority, add_event
from worker.logging import configure_logging
from worker.messages.event import DatasetAnnotatedEvent, parse_event
from worker.monitoring.vitals import Vitals
from worker.pool.child_board import ChildBoard
from worker.server.broker import ReconnectingConsumer, make_transport_options, register_transport, worker_outage
from worker.server.login import LoginFile
from worker.server.outage import Outage
from worker.server.url import broker_url, split_login
from worker.settings import Settings

TASK_NAME = "offsample.dataset_annotated"
_REDELIVERY_SECONDS = 10
"""When the event of a gateway that was killed goes to another one."""

_RESULT_SECONDS = 3600
"""How long a sender can ask for its entry."""

_PAUSE_SECONDS = 1.0
_QUIET_LOGGERS = ("celery.worker.strategy", "celery.app.trace", "celery.worker.request")
_RECONNECTING_LOGGERS = ("celery.worker.consumer.connection", "celery.worker.consumer.consumer")
_log = structlog.get_logger(__name__)


class GatewayApp(Celery):
    """Celery with what its task needs; `configure` sets it."""

    settings: Settings
    server: Redis
    outage: Outage = worker_outage()
    vitals: Vitals = Vitals(ChildBoard(), outage)
    """Signs of life; there are no pool children."""

    def configure(self, settings: Settings) -> None:
        """Take events from the queue of these settings' server, and keep results there."""
        register_transport("worker.gateway.transport:EventTransport")
        self.settings, self.server = settings, settings.connect()
        login_file, queue = settings.redis_url_file, settings.names.gateway
        self.conf.update(
            broker_url=broker_url(settings.redis_url),
            broker_connection_retry_on_startup=True,
            broker_connection_max_retries=None,
            broker_transport_options=make_transport_options(queue, _REDELIVERY_SECONDS, login_file),
            **_make_backend_options(settings),
            result_expires=_RESULT_SECONDS,
            accept_content=["json"],
            task_serializer="json",
            task_default_queue=queue,
            worker_consumer=f"{ReconnectingConsumer.__module__}:{ReconnectingConsumer.__name__}",
            worker_enable_remote_control=False,  # its user could then also control the workers
            worker_prefetch_multiplier=1,
            worker_hijack_root_logger=False,
        )


app = GatewayApp("offsample-gateway", set_as_current=False)


@app.task(name=TASK_NAME, acks_late=True, reject_on_worker_lost=True, throws=(OffSampleError,))
def dataset_annotated(event: dict[str, Any] | str, priority: str = "normal") -> str:
    """Check an event and add it to the stream of its priority; returns its entry, `<stream>/<entry id>`.

    Parameters
    ----------
    event
        As docs/messages.md describes it: a JSON object, or its text.
    priority
        high, normal or low.

    Raises
    ------
    InvalidMessageError, UnsupportedMessageError, TooLargeError
        When it is not a valid event; nothing is added.
    """
    task_id = dataset_annotated.request.id
    try:
        text, parsed = _check(event, priority)
    except OffSampleError as error:
        _log.warning("event_refused", task_id=task_id, error=error.code, reason=str(error))
        raise
    try:
        entry = add_event(app.server, app.settings.names, text, cast("Priority", priority))
    except RedisError as error:
        app.outage.begin(error)
        time.sleep(_PAUSE_SECONDS)
        raise Reject(error, requeue=True) from error
    _log.info("event_accepted", task_id=task_id, event_id=parsed.id, dataset_id=parsed.data.dataset_id, entry=entry)
    return entry


def _make_backend_options(settings: Settings) -> dict[str, Any]:
    """Where results are kept; redis-py takes either a login in the URL or one from a file."""
    if settings.redis_url_file is None:
        return {"result_backend": broker_url(settings.redis_url)}
    return {
        "result_backend": broker_url(split_login(settings.redis_url)[2]),
        "redis_backend_credential_provider": LoginFile(settings.redis_url_file),
    }


def _check(event: dict[str, Any] | str, priority: str) -> tuple[str, DatasetAnnotatedEvent]:
    if priority not in PRIORITIES:
        raise InvalidMessageError(f"expected a priority of {', '.join(PRIORITIES)}, got {priority!r}")
    text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    require_at_most(len(text.encode(errors="replace")), app.settings.max_event_bytes, "size of the event in bytes")
    return text, parse_event(text)


@setup_logging.connect
def _configure_logging(**_: Any) -> None:
    configure_logging(app.settings.log_level)
    for name in _QUIET_LOGGERS:  # each event has one line of ours
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _RECONNECTING_LOGGERS:  # no line per connection attempt: the outage has its own line
        logging.getLogger(name).setLevel(logging.ERROR)
