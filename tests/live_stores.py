"""Real stores on loopback: an HTTP server that can misbehave, and moto's S3 server as a process."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BUCKET = "ions"
_READY_SECONDS = 30.0


@dataclass
class Answer:
    """The HTTP server's response to one path."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    send: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Instead of these: writes the response to the socket."""


@dataclass
class HttpFiles:
    """Files behind a real HTTP server, and the paths that were requested."""

    files: dict[str, bytes | Answer | list[Answer]] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    post: Callable[[bytes, dict[str, str]], Answer] | None = None
    url: str = ""

    def answer(self, path: str) -> Answer:
        found = self.files.get(path, Answer(404))
        if isinstance(found, list):  # one after another, then the last one repeatedly
            found = found.pop(0) if len(found) > 1 else found[0]
        return Answer(body=found) if isinstance(found, bytes) else found


@contextmanager
def http_files(files: dict[str, bytes | Answer | list[Answer]] | None = None) -> Iterator[HttpFiles]:
    """Serve until the block ends."""
    served = HttpFiles(files or {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.requested.append(self.path)
            served.headers.append(dict(self.headers))
            self.reply(served.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.requested.append(self.path)
            served.headers.append(dict(self.headers))
            self.reply(served.post(body, dict(self.headers)) if served.post else served.answer(self.path))

        def reply(self, answer: Answer) -> None:
            if answer.send is not None:
                answer.send(self)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Ignore clients that disconnect early, as some tests do."""

    server = Server(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class S3Server:
    """moto's server; `environment` is what a client of it needs."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def put(self, files: dict[str, bytes]) -> None:
        """Put objects into the bucket, which is created if it does not exist."""
        import boto3  # noqa: PLC0415 - slow to import, and only few tests need it

        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=BUCKET)
        for key, content in files.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=content)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run moto's server until the block ends."""
    port = find_free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        give_up_at = time.monotonic() + _READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < give_up_at
                assert process.poll() is None
                time.sleep(0.05)
        yield S3Server(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait()


def find_free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
