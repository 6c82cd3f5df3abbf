"""The Celery app. Importing it connects nothing, reads no environment and opens no release."""

import logging
import os
import signal
from typing import Any

import billiard.pool
import structlog
from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown, worker_shutting_down
from celery.worker.control import inspect_command
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from shared.errors import OffSampleError
from worker.events.event_run import run_event
from worker.ledger.presence import WorkerReport
from worker.logging import configure_logging
from worker.memory_limit import limit_memory
from worker.monitoring.vitals import Vitals
from worker.pool.child_board import ChildBoard
from worker.pool.devices import bind_device, child_index, choose_concurrency
from worker.pool.drain import end_children_after
from worker.runtime import Runtime, open_runtime
from worker.server.broker import ReconnectingConsumer, make_transport_options, register_transport, worker_outage
from worker.server.outage import Outage, is_outage
from worker.server.url import broker_url
from worker.settings import Settings
from worker.tickets import TicketStep

TASK_NAME = "offsample.classify_next"
CHILDREN_COMMAND = "offsample_children"
_TICKET_LOGGERS = ("celery.worker.strategy", "celery.app.trace")
_RECONNECTING_LOGGERS = ("celery.worker.consumer.connection", "celery.worker.consumer.consumer")
_HARD_LIMIT_GRACE_SECONDS = 60.0
_REDELIVERY_SECONDS = 3600
"""Of a ticket that its worker could not acknowledge; a spare ticket is harmless."""

_log = structlog.get_logger(__name__)

_LAST_RESULT_TENTHS = 5
"""How long a child that exits waits for its parent to take its last result, in tenths of a second. The default is 30 s,
but the result of a ticket is not needed: the ledger records what was done."""


class OffSampleApp(Celery):
    """Celery with the state of a worker process: its settings and, after the fork, its runtime."""

    _settings: Settings | None = None
    runtime: Runtime | None = None
    outage: Outage = worker_outage()
    """Of the worker's main process."""
    board: ChildBoard = ChildBoard()
    """The state of the pool children, which inherit it by the fork."""
    vitals: Vitals = Vitals(board, outage)
    """Signs of life of the main process."""
    endpoint: Any = None
    """The worker's HTTP endpoint, if it has one; set by `serve`."""
    report: WorkerReport | None = None
    """What this worker reports about itself; set by `serve`."""

    @property
    def settings(self) -> Settings:
        """What `serve` has set; other commands of Celery read the environment when they first need it."""
        if self._settings is None:
            self._settings = Settings.read()
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self._settings = settings


def celery_configuration() -> dict[str, Any]:
    """Celery's own settings; Celery calls this when it first uses its configuration."""
    settings = app.settings
    return {
        "broker_url": broker_url(settings.redis_url),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": make_transport_options(
            settings.names.tickets, _REDELIVERY_SECONDS, settings.redis_url_file
        ),
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_default_queue": settings.names.tickets,
        "task_time_limit": settings.event_timeout_seconds + _HARD_LIMIT_GRACE_SECONDS,
        "worker_consumer": f"{ReconnectingConsumer.__module__}:{ReconnectingConsumer.__name__}",
        "worker_prefetch_multiplier": 1,
        "worker_soft_shutdown_timeout": settings.drain_seconds,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": True,
    }


register_transport()
app = OffSampleApp("offsample")
app.add_defaults(celery_configuration)
app.steps["worker"].add(TicketStep)


@app.task(name=TASK_NAME, ignore_result=True)
def classify_next() -> None:
    """Run the ledger's next event, if there is one."""
    runtime = app.runtime
    if runtime is None:
        raise RuntimeError("this process has no runtime; expected a worker that `offsample worker` started")
    try:
        claim = runtime.ledger.claim()
    except RedisError as error:
        if not is_outage(error):  # the ledger logs an outage once
            _log.warning("claim_failed", error=str(error))
        return
    if claim is None:
        return
    try:
        classify_next.apply_async(retry=False)
    except (OperationalError, RedisError) as error:
        _log.warning("ticket_not_sent", error=str(error))
    runtime.metrics.count_claim(claim.deliveries)
    run_event(claim, runtime, classify_next.request.id)


@inspect_command(name=CHILDREN_COMMAND)
def list_children(state: Any) -> list[dict[str, Any]]:
    """The pool children, for `offsample health`: pid, and whether each is alive."""
    lease_seconds = state.app.settings.lease_seconds
    return [{"pid": child.pid, "alive": child.is_alive(lease_seconds)} for child in state.app.board.states()]


@setup_logging.connect
def _configure_logging(**_: Any) -> None:
    configure_logging(app.settings.log_level)
    for name in _TICKET_LOGGERS:  # no line per ticket: each event has its own line
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _RECONNECTING_LOGGERS:  # no line per connection attempt: the outage has its own line
        logging.getLogger(name).setLevel(logging.ERROR)


@worker_process_init.connect
def _initialise_child(**_: Any) -> None:
    """After the fork: choose the device, open ledger and release; if that fails, end the worker."""
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = _LAST_RESULT_TENTHS
    index = child_index()
    app.board.begin(index, os.getpid())
    try:
        settings = app.settings
        children = choose_concurrency(settings)  # before this child is bound to a single device
        bind_device()
        if app.endpoint is not None:
            app.endpoint.close()
        app.runtime = open_runtime(settings, app.report.worker if app.report else None)
        limit_memory(settings.max_memory_bytes, children)
    except Exception as error:  # noqa: BLE001 - Celery would swallow it and keep a useless child
        _log.critical("worker_init_failed", exc_info=True)
        app.board.fail(index, str(error) if isinstance(error, OffSampleError) else f"{type(error).__name__}: {error}")
        os.kill(os.getppid(), signal.SIGTERM)
    else:
        app.board.make_ready(index)


@worker_process_shutdown.connect
def _end_child(**_: Any) -> None:
    if app.runtime is not None:
        app.runtime.tracer.close()


@worker_shutting_down.connect
def _limit_drain(how: str, **_: Any) -> None:
    if how == "Warm":
        end_children_after(app.settings.drain_seconds)
