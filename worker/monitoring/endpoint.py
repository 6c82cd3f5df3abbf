"""HTTP for orchestrators and Prometheus: /livez, /readyz, /metrics."""

import json
import socket
import threading
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from shared.errors import ConfigurationError
from worker.monitoring.vitals import Vitals

_JSON = "application/json; charset=utf-8"
_REQUEST_SECONDS = 10


class Endpoint:
    """A server in threads of the main process; it reads, and changes nothing."""

    def __init__(self, host: str, port: int, vitals: Vitals, collectors: Sequence[Collector]) -> None:
        """Listen.

        Raises
        ------
        ConfigurationError
            When the address cannot be used.
        """
        try:
            self._server = _Server(host, port, partial(_Handler, vitals, collectors))
        except OSError as error:
            raise ConfigurationError(
                f"expected OFFSAMPLE_HTTP_ADDRESS to be free, but {host}:{port} cannot be used ({error.strerror})"
            ) from error
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Answer requests from now on; call it after the children are forked."""
        threading.Thread(target=self._server.serve_forever, name="http", daemon=True).start()

    def close(self) -> None:
        """In a pool child: give up the socket that it inherited."""
        self._server.socket.close()


class _Server(ThreadingTCPServer):
    """Without the look-up of the host's name that http.server makes, which can take long."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int, handler: Any) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_SECONDS
    server_version = "offsample"
    sys_version = ""

    def __init__(self, vitals: Vitals, collectors: Sequence[Collector], *request: Any) -> None:
        self._vitals = vitals
        self._collectors = collectors
        super().__init__(*request)

    def do_GET(self) -> None:
        """Answer one request."""
        path = self.path.partition("?")[0]
        if path == "/livez":
            self._send_probe(self._vitals.why_dead())
        elif path == "/readyz":
            self._send_probe(self._vitals.why_not_ready())
        elif path == "/metrics":
            self._send_metrics()
        else:
            self._send(HTTPStatus.NOT_FOUND, _JSON, b'{"paths": ["/livez", "/readyz", "/metrics"]}')

    def _send_probe(self, reasons: list[str]) -> None:
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        self._send(status, _JSON, json.dumps({"ok": not reasons, "reasons": reasons}).encode())

    def _send_metrics(self) -> None:
        """The numbers of the children, from their files, and those of the collectors."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        for collector in self._collectors:
            registry.register(collector)
        encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        self._send(HTTPStatus.OK, content_type, encode(registry))

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing: probes come every few seconds."""
