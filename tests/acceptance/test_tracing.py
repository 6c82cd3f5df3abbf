"""Real workers send their spans to an OTLP collector, need nothing of it otherwise, and never wait for it."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from live_service import LiveService, make_event, wait_until
from live_stores import find_free_port
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE_ID, PRODUCER_SPAN = "ab" * 16, "cd" * 8
TRACEPARENT = f"00-{TRACE_ID}-{PRODUCER_SPAN}-01"

WITHOUT_EXTRA = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "opentelemetry":
            return
        frame = sys._getframe(1)
        while "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        importer = frame.f_globals["__name__"]
        if not importer.startswith("redis."):  # redis-py looks for it on its own account
            print(importer, "looked for", name, flush=True)
        raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, NotInstalled())
sys.argv = ["offsample", "worker"]
from worker.cli.main import main
main()
"""


@dataclass
class Collector:
    """What an OpenTelemetry collector received at /v1/traces."""

    url: str
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        resources = [resource for request in list(self.requests) for resource in request.resource_spans]
        return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]

    @property
    def resource(self) -> dict[str, str]:
        return {one.key: one.value.string_value for one in self.requests[0].resource_spans[0].resource.attributes}

    def attributes(self, name: str) -> dict[str, str]:
        (span,) = [span for span in self.spans if span.name == name]
        return {one.key: one.value.string_value for one in span.attributes}


@contextmanager
def collect() -> Iterator[Collector]:
    """A collector that speaks OTLP over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            collector.requests.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()


def test_spans_reach_a_collector_also_those_of_a_worker_that_ends(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is stopped long before its spans are due."""
    with collect() as collector:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        worker = service.start_worker()
        event = make_event(ions=3) | {"traceparent": TRACEPARENT}
        service.send(event)
        closing = service.wait_for_closing(event["id"])
        (line,) = wait_until(lambda: worker.logged("dataset_classified"), "the event is logged")
        assert collector.spans == []
        assert worker.stop() == 0

        names = {span.name for span in collector.spans}
        assert {"process offsample:events", "fetch", "predict", "finish offsample:results"} <= names
        assert {span.trace_id.hex() for span in collector.spans} == {TRACE_ID}
        (process,) = [span for span in collector.spans if span.name == "process offsample:events"]
        assert process.parent_span_id.hex() == PRODUCER_SPAN
        assert closing["traceparent"].split("-")[2] == process.span_id.hex() == line["span_id"]
        assert line["trace_id"] == TRACE_ID
        assert collector.attributes(process.name)["cloudevents.event_id"] == event["id"]
        assert collector.resource["service.name"] == "offsample"
        assert collector.resource["deployment.environment.name"] == "test"


def test_a_collector_that_is_away_delays_neither_events_nor_the_end(
    service: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{find_free_port()}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    worker = service.start_worker()
    for _ in range(3):
        event = make_event(ions=3)
        service.send(event)
        assert service.wait_for_closing(event["id"], 20)["type"] == "offsample.dataset.classified.v1"
    assert worker.stop(20) == 0


def test_a_worker_that_sends_no_spans_imports_nothing_of_the_extra(service: LiveService) -> None:
    log_path = service.folder / "plain.log"
    with log_path.open("wb") as output:
        command = [sys.executable, "-c", WITHOUT_EXTRA]
        process = subprocess.Popen(command, env=os.environ | service.environment, stdout=output, stderr=output)
    try:
        event = make_event(ions=3) | {"traceparent": TRACEPARENT}
        service.send(event)
        closing = service.wait_for_closing(event["id"])
    finally:
        process.terminate()
        process.wait(60)
    assert closing["traceparent"] == TRACEPARENT
    log = log_path.read_text()
    assert process.returncode == 0, log
    assert "dataset_classified" in log
    assert "looked for" not in log


@pytest.mark.parametrize(("exporter", "expected"), [("otlp", "offsample[tracing]"), ("zipkin", "otlp or none")])
def test_what_cannot_be_had_stops_the_start(service: LiveService, exporter: str, expected: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA],
        env=os.environ | service.environment | {"OTEL_TRACES_EXPORTER": exporter},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 3
    assert expected in ended.stderr
