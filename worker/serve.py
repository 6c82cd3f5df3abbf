"""`offsample worker`: verify everything, then start Celery."""

import os
import socket
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from model_store.opening import choose_engine
from model_store.release import Release
from shared.errors import ConfigurationError, ReleaseError, UnknownReleaseError
from shared.files.temporary_room import require_temporary_folder
from worker.ledger.presence import WorkerReport
from worker.logging import configure_logging
from worker.metrics.event_metrics import use_folder
from worker.operators.queue import Queue
from worker.pool.child_pool import ChildPool
from worker.pool.devices import choose_concurrency
from worker.runtime import open_active_release, open_ledger
from worker.server.outage import describe_server_error
from worker.server.url import without_password
from worker.settings import LEAST_LEASE_SECONDS, Settings
from worker.tracing.opening import wants_tracing

if TYPE_CHECKING:
    from worker.app import OffSampleApp
    from worker.monitoring.endpoint import Endpoint
    from worker.monitoring.vitals import Vitals

OLDEST_REDIS = 7
_SCRAPE_SECONDS = 3.0
_log = structlog.get_logger(__name__)


def serve(settings: Settings, name: str | None = None) -> int:
    """Verify release and server, create the streams, and run a worker until SIGTERM.

    Celery swallows exceptions raised while its children start, so what can be checked earlier is checked here.

    Raises
    ------
    ReleaseError, ConfigurationError
        When no worker could run.
    """
    try:
        release = settings.open_release()
    except UnknownReleaseError as error:  # named by an event, it would be invalid input
        raise ConfigurationError(f"OFFSAMPLE_RELEASE cannot be used: {error}") from error
    choose_engine(settings.engine)
    wants_tracing()
    require_roots(settings)
    require_temporary_folder()
    _require_server(settings)
    _require_active_release(settings)
    configure_logging(settings.log_level)
    concurrency = choose_concurrency(settings)
    _log_start(settings, release, concurrency)
    from worker.app import app  # noqa: PLC0415 - its signal handlers are for workers only

    app.settings = settings
    app.vitals.concurrency, app.vitals.lease_seconds = concurrency, settings.lease_seconds
    app.report = _make_report(settings, release, concurrency, name)
    with ExitStack() as stack:
        app.endpoint = _open_endpoint(settings, app.vitals, app.report, stack)
        return _run_worker(app, settings, concurrency)


def _run_worker(app: "OffSampleApp", settings: Settings, concurrency: int) -> int:
    """Run Celery until SIGTERM, and return the exit code."""
    assert app.report is not None
    worker = app.Worker(
        hostname=app.report.worker,
        pool=ChildPool,
        concurrency=concurrency,
        loglevel=settings.log_level,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    _forget(settings, app.report.worker)
    failure = app.board.failure()
    if failure is not None:
        raise ConfigurationError(f"a pool child cannot run events: {failure}")
    return int(worker.exitcode or 0)


def _open_endpoint(settings: Settings, vitals: "Vitals", report: WorkerReport, stack: ExitStack) -> "Endpoint | None":
    """Listen for HTTP requests, if that is wanted; the numbers of the children are in a folder until the stack ends."""
    if settings.http_endpoint is None:
        use_folder(None)
        return None
    use_folder(Path(stack.enter_context(TemporaryDirectory(prefix="offsample-metrics-"))))
    # Imported here because prometheus-client looks for the folder when it is imported.
    from worker.monitoring.drift_collector import DriftCollector  # noqa: PLC0415 - see above
    from worker.monitoring.endpoint import Endpoint  # noqa: PLC0415 - see above
    from worker.monitoring.queue_collector import QueueCollector  # noqa: PLC0415 - see above

    queue = Queue(settings.connect(_SCRAPE_SECONDS), settings.names)
    host, port = settings.http_endpoint
    collectors = [QueueCollector(queue, vitals, report), DriftCollector(queue, settings.releases_root)]
    endpoint = Endpoint(host, port, vitals, collectors)
    _log.info("http_listening", host=host, port=endpoint.port)
    return endpoint


def _make_report(settings: Settings, release: Release, concurrency: int, name: str | None) -> WorkerReport:
    return WorkerReport(
        worker=f"{name or f'offsample-{os.getpid()}'}@{socket.gethostname()}",
        pid=os.getpid(),
        version=version("offsample"),
        release=release.version,
        engine=choose_engine(settings.engine).value,
        concurrency=concurrency,
    )


def _forget(settings: Settings, worker: str) -> None:
    """Remove this worker from the list of workers; one that cannot is removed from it after an hour."""
    with suppress(RedisError):
        open_ledger(settings).hints.forget_worker(worker)


def _require_active_release(settings: Settings) -> None:
    """Check that the release that operators activated is here and intact."""
    active = open_active_release(settings).read()
    if active is None:
        return
    try:
        settings.open_release(active)
    except (UnknownReleaseError, ReleaseError) as error:
        raise ConfigurationError(
            f"active release {active} cannot be used here: {error}; install it, or activate another one"
        ) from error


def require_roots(settings: Settings) -> None:
    """Check that roots can be read and the report root can be written; raises ConfigurationError."""
    for root in settings.allowed_roots:
        try:
            os.scandir(root).close()
        except OSError as error:
            raise ConfigurationError(
                f"expected OFFSAMPLE_ALLOWED_ROOTS to name folders that can be read, got {root} ({error.strerror})"
            ) from error
    if settings.report_root is not None and not os.access(settings.report_root, os.W_OK | os.X_OK):
        raise ConfigurationError(
            f"expected OFFSAMPLE_REPORT_ROOT to name a writable folder, got {settings.report_root}"
        )


def _log_start(settings: Settings, release: Release, concurrency: int) -> None:
    """Log what this worker runs and what its events may read."""
    _log.info(
        "worker_started",
        version=version("offsample"),
        release=release.version,
        engine=choose_engine(settings.engine).value,
        concurrency=concurrency,
        server=without_password(settings.redis_url),
        namespace=settings.namespace,
        allowed_roots=[str(root) for root in settings.allowed_roots],
        allowed_stores=list(settings.allowed_stores),
        allowed_networks=[str(network) for network in settings.allowed_networks],
    )
    if settings.lease_seconds < LEAST_LEASE_SECONDS:
        _log.warning("short_lease", lease_seconds=settings.lease_seconds, expected_at_least=LEAST_LEASE_SECONDS)
    if not settings.allowed_roots and not settings.allowed_stores:
        _log.warning(
            "nothing_is_allowed",
            reason="every event will be rejected; set OFFSAMPLE_ALLOWED_ROOTS or OFFSAMPLE_ALLOWED_STORES",
        )


def _require_server(settings: Settings) -> None:
    """Check that the server is recent enough, and create the streams and their group.

    Raises
    ------
    ConfigurationError
        With the server's answer.
    """
    where = without_password(settings.redis_url)
    try:
        server = settings.connect(socket_timeout_seconds=5)
        found = str(server.info("server").get("redis_version", "0"))
        if int(found.split(".", maxsplit=1)[0]) < OLDEST_REDIS:
            raise ConfigurationError(f"expected Redis >= {OLDEST_REDIS} or Valkey at {where}, got Redis {found}")
        ledger = open_ledger(settings)
        ledger.create_groups()
        ledger.is_ready()  # runs a script that writes; existing streams would not prove that it can
    except RedisError as error:
        raise ConfigurationError(describe_server_error(error, where)) from error
