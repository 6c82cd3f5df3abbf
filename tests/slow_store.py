"""A slow HTTP server with one ion image, so that an event takes equally long on any machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from live_service import BLADDER, make_event
from live_stores import Answer, http_files

_DELAY_SECONDS = 0.1


@dataclass(frozen=True)
class SlowStore:
    """Where the slow server is."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        """Settings of a worker that may read it, one image after the other."""
        return {"allowed_stores": self.url, "allowed_networks": "127.0.0.0/8", "fetch_threads": "1"}

    def make_event(self, seconds: float) -> dict[str, Any]:
        """An event that takes so long."""
        annotations = [{"annotation_id": f"ion-{n}", "image": "a.png"} for n in range(round(seconds / _DELAY_SECONDS))]
        return make_event(ion_images={"kind": "png", "uri": f"{self.url}/ds"}, annotations=annotations)


@contextmanager
def serve_slowly() -> Iterator[SlowStore]:
    """Run the server."""
    body = next(BLADDER.iterdir()).read_bytes()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(_DELAY_SECONDS)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with http_files({"/ds/a.png": Answer(send=answer_late)}) as served:
        yield SlowStore(served.url)
