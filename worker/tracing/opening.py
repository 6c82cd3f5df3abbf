"""Opens the tracer that OpenTelemetry's own variables ask for; its packages are imported only then."""

import os
from importlib.util import find_spec

from shared.errors import ConfigurationError
from worker.tracing.tracer import SilentTracer, Tracer

SWITCH = "OTEL_TRACES_EXPORTER"
"""OpenTelemetry's variable for where spans go; like others of its kind, it is no setting of ours."""


def open_tracer(worker: str) -> Tracer:
    """The tracer of one process, named `worker` in its spans; create it after the fork, because it starts a thread."""
    if not wants_tracing():
        return SilentTracer()
    from worker.tracing.opentelemetry_tracer import OpenTelemetryTracer, open_provider  # noqa: PLC0415 - an extra

    return OpenTelemetryTracer(open_provider(worker))


def wants_tracing() -> bool:
    """Whether runs are reported.

    Raises
    ------
    ConfigurationError
        When they shall be, and OpenTelemetry is not installed, or to something that is not supported.
    """
    exporter = os.environ.get(SWITCH) or "none"
    if exporter not in ("otlp", "none"):
        raise ConfigurationError(f"expected {SWITCH} to be otlp or none, got {exporter!r}")
    if exporter == "otlp" and not _is_installed():
        raise ConfigurationError(
            f"{SWITCH} is otlp, but OpenTelemetry is not installed; expected pip install 'offsample[tracing]'"
        )
    return exporter == "otlp"


def _is_installed() -> bool:
    try:
        return bool(find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter.otlp.proto.http"))
    except ModuleNotFoundError:
        return False
