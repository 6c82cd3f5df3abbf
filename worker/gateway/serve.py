"""`offsample gateway`: verify the server, then take events until SIGTERM."""

import os
import socket
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from celery import bootsteps, states
from redis.exceptions import RedisError

from shared.errors import ConfigurationError
from worker.gateway.app import TASK_NAME, app
from worker.logging import configure_logging
from worker.metrics.event_metrics import use_folder
from worker.server.outage import describe_server_error
from worker.server.url import without_password
from worker.settings import Settings

_CHECK_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class ServerCheck(bootsteps.StartStopStep):
    """Asks the server once a second whether it serves: a sign of life, and the end of an outage."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._timer_entry: Any = None

    def start(self, worker: Any) -> None:
        """Start the timer."""
        self._timer_entry = worker.timer.call_repeatedly(_CHECK_SECONDS, self._check)

    def stop(self, worker: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stop the timer."""
        if self._timer_entry is not None:
            self._timer_entry.cancel()
            self._timer_entry = None
            app.vitals.is_draining = True

    def _check(self) -> None:
        app.vitals.tick()
        try:
            app.server.ping()
        except RedisError as error:
            app.outage.begin(error)
        else:
            app.vitals.answer()
            app.outage.end()


def run_gateway(settings: Settings, name: str | None = None) -> int:
    """Take events until SIGTERM, and return the exit code.

    Raises
    ------
    ConfigurationError
        When the server does not serve this user, or the address for probes is in use.
    """
    app.configure(settings)
    app.steps["worker"].add(ServerCheck)
    _require_server(settings)
    configure_logging(settings.log_level)
    _log.info(
        "gateway_started",
        version=version("offsample"),
        server=without_password(settings.redis_url),
        queue=settings.names.gateway,
        task=TASK_NAME,
    )
    with ExitStack() as stack:
        _answer_probes(settings, stack)
        worker = app.Worker(
            hostname=f"{name or f'offsample-gateway-{os.getpid()}'}@{socket.gethostname()}",
            pool="solo",
            concurrency=1,
            loglevel=settings.log_level,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        )
        worker.start()
    return int(worker.exitcode or 0)


def _require_server(settings: Settings) -> None:
    """Check that the server stores results: where it does not, each event would be added again and again."""
    try:
        app.server.ping()
        app.backend.store_result(f"offsample-gateway-{os.getpid()}", None, states.STARTED)
    except RedisError as error:
        raise ConfigurationError(describe_server_error(error, without_password(settings.redis_url))) from error


def _answer_probes(settings: Settings, stack: ExitStack) -> None:
    """Listen for HTTP requests, if that is wanted."""
    if settings.http_endpoint is None:
        return
    use_folder(Path(stack.enter_context(TemporaryDirectory(prefix="offsample-metrics-"))))
    # Imported here because prometheus-client looks for the folder when it is imported.
    from worker.monitoring.endpoint import Endpoint  # noqa: PLC0415 - see above

    host, port = settings.http_endpoint
    endpoint = Endpoint(host, port, app.vitals, collectors=[])
    _log.info("http_listening", host=host, port=endpoint.port)
    endpoint.start()
