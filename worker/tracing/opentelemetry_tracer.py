"""Runs of events as OpenTelemetry spans, with the semantic conventions for messaging and CloudEvents."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from worker.ledger.claim import Claim
from worker.ledger.names import GROUP
from worker.messages.event import EventIdentity
from worker.tracing.tracer import EventTrace

_CLOSE_SECONDS = 5.0
"""How long a process that ends waits for its last spans to be sent: a collector that is away delays no shutdown."""

_SYSTEM = "redis"
_PROPAGATOR = TraceContextTextMapPropagator()


def open_provider(worker: str) -> TracerProvider:
    """Spans go to a collector in the background, as the OTEL_… variables of the environment say."""
    logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.ERROR)  # no line for each attempt
    named = OTELResourceDetector().detect().attributes
    about = {"service.name": "offsample", "service.version": version("offsample"), "service.instance.id": worker}
    provider = TracerProvider(resource=Resource.create(about | dict(named)), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class OpenTelemetryTrace:
    """The span of one run, and the spans of its steps below it."""

    def __init__(self, tracer: Tracer, span: Span, client: dict[str, AttributeValue]) -> None:
        self._tracer = tracer
        self._span = span
        self._inside = set_span_in_context(span, Context())
        self._client = client

    @property
    def traceparent(self) -> str | None:
        """That of the run's span, so that what is done with the answers is in the trace too."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, self._inside)
        return carrier.get("traceparent")

    @property
    def log_ids(self) -> Mapping[str, str]:
        """Ids of the trace and of the run's span."""
        found = self._span.get_span_context()
        return {"trace_id": f"{found.trace_id:032x}", "span_id": f"{found.span_id:016x}"} if found.is_valid else {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A span of the block."""
        with self._tracer.start_as_current_span(name, self._inside):
            yield

    @contextmanager
    def finishing(self, results: str, messages: int) -> Iterator[None]:
        """A span of the publication."""
        attributes = _describe_operation("finish", "send", results) | self._client
        attributes["messaging.batch.message_count"] = messages
        with self._tracer.start_as_current_span(
            f"finish {results}", self._inside, kind=SpanKind.PRODUCER, attributes=attributes
        ):
            yield

    def record_stage(self, name: str, started_ns: int, ended_ns: int, busy_seconds: float) -> None:
        """A span of the stage."""
        attributes = {"offsample.busy_seconds": round(busy_seconds, 6)}
        self._tracer.start_span(name, self._inside, attributes=attributes, start_time=started_ns).end(ended_ns)

    def record_claim(self, claim: Claim) -> None:
        """A span of the request by which the entry was claimed."""
        attributes = _describe_operation("claim", "receive", claim.stream) | self._client
        self._tracer.start_span(
            f"claim {claim.stream}",
            self._inside,
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=claim.asked_ns,
        ).end(claim.received_ns)

    def conclude(
        self, outcome: str, facts: Mapping[str, object] | None = None, *, error: str | None = None, reason: str = ""
    ) -> None:
        """Attributes of the run's span, and its status."""
        self._span.set_attribute("offsample.outcome", outcome)
        for name, value in (facts or {}).items():
            if isinstance(value, (str, bool, int, float)) or _is_list_of_texts(value):
                self._span.set_attribute(f"offsample.{name}", value)  # type: ignore[arg-type]
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR, reason))


class OpenTelemetryTracer:
    """Reports each run as one span of the event's trace, and its steps as spans below it."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("offsample", version("offsample"))

    @contextmanager
    def follow(self, claim: Claim, identity: EventIdentity) -> Iterator[EventTrace]:
        """The trace of one run; an exception that leaves the block is recorded in its span."""
        carrier = {"traceparent": identity.traceparent} if identity.traceparent else {}
        producer = _PROPAGATOR.extract(carrier, Context())
        sent = get_current_span(producer).get_span_context()
        with self._tracer.start_as_current_span(
            f"process {claim.stream}",
            producer,
            kind=SpanKind.CONSUMER,
            attributes=_describe_run(claim, identity),
            links=[Link(sent)] if sent.is_valid else [],
            start_time=claim.asked_ns or None,
        ) as span:
            trace = OpenTelemetryTrace(self._tracer, span, {"messaging.client.id": claim.consumer})
            if claim.asked_ns:
                trace.record_claim(claim)
            yield trace

    def close(self) -> None:
        """Send the last spans, for a few seconds at most."""
        closing = Thread(target=self._provider.shutdown, name="close-tracer", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)


def _describe_operation(name: str, kind: str, destination: str) -> dict[str, AttributeValue]:
    return {
        "messaging.system": _SYSTEM,
        "messaging.operation.name": name,
        "messaging.operation.type": kind,
        "messaging.destination.name": destination,
    }


def _describe_run(claim: Claim, identity: EventIdentity) -> dict[str, AttributeValue]:
    attributes = _describe_operation("process", "process", claim.stream)
    attributes |= {
        "messaging.consumer.group.name": GROUP,
        "messaging.client.id": claim.consumer,
        "messaging.message.id": claim.entry_id,
        "offsample.deliveries": claim.deliveries,
        "offsample.postponements": claim.postponements,
        "offsample.queued_seconds": round(claim.queued_seconds, 3),
    }
    if claim.message_bytes >= 0:
        attributes["messaging.message.body.size"] = claim.message_bytes
    about = {
        "cloudevents.event_id": identity.event_id,
        "cloudevents.event_source": identity.source,
        "offsample.dataset_id": identity.dataset_id,
    }
    return attributes | {name: value for name, value in about.items() if value is not None}


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, Sequence) and all(isinstance(one, str) for one in value)
