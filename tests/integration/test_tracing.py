"""One trace an event, from the producer's span to the published answer, as an in-memory exporter receives it."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from ledger_driving import EVENTS, read_results, send
from live_service import DEMO_DATASET, LiveServer, make_event, open_server
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from worker.events.event_run import run_event
from worker.ledger.claim import Claim
from worker.runtime import Runtime, open_runtime
from worker.settings import Settings
from worker.tracing.opentelemetry_tracer import OpenTelemetryTracer

TRACE_ID, PRODUCER_SPAN = "ab" * 16, "cd" * 8
TRACEPARENT = f"00-{TRACE_ID}-{PRODUCER_SPAN}-01"


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with open_server() as live:
        yield live


@pytest.fixture(scope="module")
def untraced(server: LiveServer) -> Runtime:
    """The runtime of a worker that sends no spans; one of its roots is not mounted."""
    roots = (DEMO_DATASET, server.folder / "unmounted")
    runtime = open_runtime(Settings(redis_url=server.url, allowed_roots=roots))
    runtime.ledger.create_groups()
    return runtime


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def runtime(untraced: Runtime, exporter: InMemorySpanExporter) -> Runtime:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return replace(untraced, tracer=OpenTelemetryTracer(provider))


def run(server: LiveServer, runtime: Runtime, event: dict[str, Any]) -> tuple[Claim, dict[str, Any] | None]:
    """Send, claim and run one event; its last answer, if it has one."""
    send(server, json.dumps(event))
    claim = runtime.ledger.claim()
    assert claim is not None
    run_event(claim, runtime)
    answers = [one for one in map(json.loads, read_results(server)) if one["data"]["event_id"] == event["id"]]
    return claim, answers[-1] if answers else None


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    spans = exporter.get_finished_spans()
    found = {span.name: span for span in spans}
    assert len(found) == len(spans)
    return found


def ids(span: ReadableSpan) -> tuple[str, str]:
    assert span.context is not None
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_classified_event_is_one_trace_from_its_producer_to_its_answer(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    before_ns = time.time_ns()
    claim, closing = run(server, runtime, make_event(ions=300) | {"traceparent": TRACEPARENT})
    spans = by_name(exporter)
    process = spans[f"process {EVENTS}"]

    steps = {f"claim {EVENTS}", "open", "fetch", "preprocess", "predict", "finish offsample:results"}
    assert set(spans) == {process.name} | steps
    assert {ids(span)[0] for span in spans.values()} == {TRACE_ID}
    assert process.parent is not None
    assert f"{process.parent.span_id:016x}" == PRODUCER_SPAN
    assert [f"{link.context.span_id:016x}" for link in process.links] == [PRODUCER_SPAN]
    for name in steps:
        step = spans[name]
        assert step.parent == process.context
        assert before_ns <= (process.start_time or 0) <= (step.start_time or 0) <= (step.end_time or 0)
        assert (step.end_time or 0) <= (process.end_time or 0) <= time.time_ns()
    assert closing is not None
    assert closing["traceparent"] == f"00-{TRACE_ID}-{ids(process)[1]}-01"
    assert attributes(process)["messaging.message.id"] == claim.entry_id


def test_spans_follow_the_conventions_for_messaging(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    event = make_event(ions=3)
    claim, _ = run(server, runtime, event)
    spans = by_name(exporter)
    process, claimed = spans[f"process {EVENTS}"], spans[f"claim {EVENTS}"]
    finish = spans["finish offsample:results"]

    kinds = (claimed.kind, process.kind, finish.kind, spans["predict"].kind)
    assert kinds == (SpanKind.CLIENT, SpanKind.CONSUMER, SpanKind.PRODUCER, SpanKind.INTERNAL)
    expected = {
        "messaging.system": "redis",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": EVENTS,
        "messaging.consumer.group.name": "offsample",
        "messaging.client.id": claim.consumer,
        "messaging.message.id": claim.entry_id,
        "messaging.message.body.size": claim.message_bytes,
        "cloudevents.event_id": event["id"],
        "cloudevents.event_source": "test",
        "offsample.dataset_id": "bladder",
        "offsample.deliveries": 1,
        "offsample.outcome": "classified",
        "offsample.classified": 3,
        "offsample.release": runtime.predictors.find(None).release.version,
    }
    assert expected.items() <= attributes(process).items()
    operations = [attributes(span)["messaging.operation.type"] for span in (claimed, process, finish)]
    assert operations == ["receive", "process", "send"]
    assert attributes(finish)["messaging.destination.name"] == "offsample:results"
    assert attributes(finish)["messaging.batch.message_count"] == 2
    assert 0 < attributes(spans["predict"])["offsample.busy_seconds"] < 60


def test_a_rejected_event_is_an_error_with_its_code(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    event = make_event(ion_images={"kind": "png", "uri": "/etc"}) | {"traceparent": TRACEPARENT}
    _, rejection = run(server, runtime, event)
    process = by_name(exporter)[f"process {EVENTS}"]

    assert attributes(process)["error.type"] == "forbidden_uri"
    assert (attributes(process)["offsample.outcome"], process.status.status_code) == ("rejected", StatusCode.ERROR)
    assert rejection is not None
    assert process.status.description == rejection["data"]["message"]
    assert rejection["traceparent"] == f"00-{TRACE_ID}-{ids(process)[1]}-01"


def test_a_postponed_event_says_so_and_shows_the_step_that_failed(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    event = make_event(ion_images={"kind": "png", "uri": str(server.folder / "unmounted" / "images")})
    _, answer = run(server, runtime, event)
    spans = by_name(exporter)
    process = spans[f"process {EVENTS}"]

    assert answer is None
    assert (attributes(process)["offsample.outcome"], process.status.status_code) == ("postponed", StatusCode.ERROR)
    assert spans["open"].status.status_code is StatusCode.ERROR
    assert "predict" not in spans


def test_an_event_without_trace_context_begins_a_trace_that_its_answers_carry_on(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    _, closing = run(server, runtime, make_event(ions=1))
    process = by_name(exporter)[f"process {EVENTS}"]

    assert (process.parent, list(process.links)) == (None, [])
    assert closing is not None
    assert closing["traceparent"].startswith("-".join(("00", *ids(process))))


def test_a_trace_that_its_producer_does_not_sample_is_not_recorded(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    _, closing = run(server, runtime, make_event(ions=1) | {"traceparent": TRACEPARENT.removesuffix("01") + "00"})

    assert exporter.get_finished_spans() == ()
    assert closing is not None
    version, trace_id, _, flags = closing["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE_ID, "00")


def test_log_lines_carry_the_ids_of_trace_and_span(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        run(server, runtime, make_event(ions=1) | {"traceparent": TRACEPARENT})
    (line,) = [line for line in lines if line["event"] == "dataset_classified"]
    assert (line["trace_id"], line["span_id"]) == ids(by_name(exporter)[f"process {EVENTS}"])


def test_without_tracing_answers_carry_the_trace_context_of_the_event(server: LiveServer, untraced: Runtime) -> None:
    _, closing = run(server, untraced, make_event(ions=1) | {"traceparent": TRACEPARENT})
    assert closing is not None
    assert closing["traceparent"] == TRACEPARENT


def test_a_repeated_answer_belongs_to_the_trace_of_the_first_run(
    server: LiveServer, runtime: Runtime, exporter: InMemorySpanExporter
) -> None:
    event = make_event(ions=1)
    _, first = run(server, runtime, event)
    exporter.clear()
    _, again = run(server, runtime, event)

    assert again == first
    assert attributes(by_name(exporter)[f"process {EVENTS}"])["offsample.outcome"] == "repeated"
