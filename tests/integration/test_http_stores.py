"""PNG files behind a real HTTP server on loopback that misbehaves."""

import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from conftest import make_random_ion_image
from live_stores import Answer, HttpFiles, find_free_port
from store_fetching import PNG, RETRY_POLICY, access, fetch, reason

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    InvalidAnnotationsError,
    NotFoundError,
    StoreBusyError,
    TooLargeError,
    TransientError,
)
from shared.ion_image import IonImage
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.access.allowed_stores import ANY_NETWORK
from worker.events.annotations import list_annotations
from worker.messages.event import Annotation, DatasetAnnotated, PngIonImages
from worker.sources.opening import open_source
from worker.stores.store import RetryPolicy


def test_images_come_from_http_by_folder_and_by_template(http: HttpFiles) -> None:
    for uri, fields in ((f"{http.url}/ds", {}), (f"{http.url}/ds/{{annotation_id}}.png", {})):
        found = fetch(uri, access(http.url), "a", "C6H12O6+H", **fields)
        for one in found.values():
            assert isinstance(one, IonImage)
            np.testing.assert_array_equal(one.acquisition_mask, make_random_ion_image(0).acquisition_mask)
    found = fetch(f"{http.url}/{{image}}/a.png", access(http.url), "x", image="ds")
    assert isinstance(found["x"], IonImage)


def test_a_missing_or_broken_image_is_a_row(http: HttpFiles) -> None:
    http.files |= {"/ds/cut.png": PNG[:60], "/ds/gone.png": Answer(410), "/ds/html.png": b"<html>"}
    found = fetch(f"{http.url}/ds", access(http.url), "a", "no", "cut", "gone", "html", "../a", "x/../../a")
    assert isinstance(found["a"], IonImage)
    assert "HTTP 404" in reason(found["no"])
    assert "PNG" in reason(found["cut"])
    assert "HTTP 410" in reason(found["gone"])
    assert "PNG" in reason(found["html"])
    assert "`..`" in reason(found["../a"])
    assert "`..`" in reason(found["x/../../a"])


def test_a_template_with_image_needs_annotations_with_image(http: HttpFiles) -> None:
    found = fetch(f"{http.url}/ds/{{image}}", access(http.url), "a")
    assert "image" in reason(found["a"])


@pytest.mark.parametrize(
    "template", ["/{{formula}}.png", "/{{annotation_id.__class__}}", "/{{}}", "/{{annotation_id", "/a}}"]
)
def test_a_template_with_unknown_fields_is_forbidden(http: HttpFiles, template: str) -> None:
    with pytest.raises(ForbiddenUriError, match="file names"):
        fetch(http.url + template.replace("{{", "{").replace("}}", "}"), access(http.url), "a")


@pytest.mark.parametrize("uri", ["https://{annotation_id}/a.png", "https://{annotation_id}.host/a", "{image}://h/a"])
def test_a_template_cannot_choose_the_host(uri: str) -> None:
    with pytest.raises(ForbiddenUriError):
        fetch(uri, access("https://host/"), "a")


def test_an_http_store_cannot_be_listed(http: HttpFiles) -> None:
    for uri in (f"{http.url}/ds", f"{http.url}/ds/{{image}}"):
        with pytest.raises(InvalidAnnotationsError, match="annotations"):
            fetch(uri, access(http.url))


def test_a_read_that_fails_once_is_retried(http: HttpFiles) -> None:
    http.files["/ds/b.png"] = [Answer(500), Answer(body=PNG)]
    http.files["/ds/c.png"] = [Answer(429), Answer(body=PNG)]
    found = fetch(f"{http.url}/ds", access(http.url), "b", "c")
    assert all(isinstance(one, IonImage) for one in found.values())
    assert sorted(http.requested) == ["/ds/b.png"] * 2 + ["/ds/c.png"] * 2


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_failing_store_is_a_temporary_error(http: HttpFiles, status: int) -> None:
    http.files["/ds/a.png"] = Answer(status)
    with pytest.raises(TransientError, match=f"HTTP {status}"):
        fetch(f"{http.url}/ds", access(http.url), "a")
    assert len(http.requested) == RETRY_POLICY.attempts


def test_one_image_that_always_fails_is_a_row_when_the_store_returns_others(http: HttpFiles) -> None:
    bad_is_requested, late_is_sent = threading.Event(), threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        bad_is_requested.wait(0.9)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG))
        late_is_sent.set()

    def hang_up(_: BaseHTTPRequestHandler) -> None:
        bad_is_requested.set()
        late_is_sent.wait(0.9)

    http.files |= {"/ds/late.png": Answer(send=answer_late), "/ds/bad.png": [Answer(send=hang_up), Answer(500)]}
    found = fetch(f"{http.url}/ds", access(http.url), "late", "bad")
    assert isinstance(found["late"], IonImage)
    assert "other images" in reason(found["bad"])


def test_an_image_that_a_busy_store_does_not_return_is_not_a_row(http: HttpFiles) -> None:
    """The event is postponed: the image itself may be valid."""
    bad_is_requested, late_is_sent = threading.Event(), threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        bad_is_requested.wait(0.9)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG))
        late_is_sent.set()

    def ask_for_less(handler: BaseHTTPRequestHandler) -> None:
        bad_is_requested.set()
        late_is_sent.wait(0.9)
        handler.wfile.write(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")

    http.files |= {"/ds/late.png": Answer(send=answer_late), "/ds/bad.png": [Answer(send=ask_for_less), Answer(429)]}
    with pytest.raises(StoreBusyError):
        fetch(f"{http.url}/ds", access(http.url), "late", "bad")


@pytest.mark.parametrize("end", ["?token=abc", "#part", "{annotation_id}?x"])
def test_a_template_with_a_query_or_fragment_is_forbidden(http: HttpFiles, tmp_path: Path, end: str) -> None:
    for folder in (f"{http.url}/ds", "s3://bucket/ds", f"file://{tmp_path}"):
        granted = replace(access(http.url, "s3://bucket"), roots=AllowedRoots((tmp_path,)))
        with pytest.raises(ForbiddenUriError, match="query or fragment"):
            fetch(f"{folder}/{{image}}{end}", granted, "a", image="a.png")
    assert http.requested == []


def test_a_store_that_does_not_respond_is_a_temporary_error() -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        fetch(f"{url}/ds", access(url), "a")


def test_a_host_that_cannot_be_resolved_is_a_temporary_error() -> None:
    with pytest.raises(TransientError, match="no-such-host"):
        fetch("http://no-such-host.invalid/ds", access("http://no-such-host.invalid"), "a")


def test_a_slow_download_ends_at_the_timeout(http: HttpFiles) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    http.files["/ds/a.png"] = Answer(send=drip)
    granted = access(http.url)
    brief = replace(granted.stores, retry_policy=RetryPolicy(attempts=2, timeout_seconds=1.0))
    started = time.monotonic()
    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        fetch(f"{http.url}/ds", replace(granted, stores=brief), "a")
    assert time.monotonic() - started < 8


def test_a_download_ends_at_the_size_limit(http: HttpFiles) -> None:
    """Of an endless response without content length."""
    sent = threading.Event()
    written = [0]

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        try:
            while written[0] < 2**28:
                written[0] += handler.wfile.write(b"\x89PNG" * 4096)
        except OSError:
            sent.set()

    http.files["/ds/a.png"] = Answer(send=flood)
    found = fetch(f"{http.url}/ds", access(http.url, image_file_bytes=10_000), "a")
    assert "10,000" in reason(found["a"])
    assert sent.wait(5)
    assert written[0] < 2**26


def test_compressed_responses_are_rejected(http: HttpFiles) -> None:
    http.files["/ds/a.png"] = Answer(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert "compressed" in reason(fetch(f"{http.url}/ds", access(http.url), "a")["a"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(http: HttpFiles, status: int) -> None:
    http.files["/ds/r.png"] = Answer(status, headers={"Location": f"{http.url}/secret.png"})
    found = fetch(f"{http.url}/ds", access(http.url), "r", "a")
    assert "redirected" in reason(found["r"])
    assert "/secret.png" not in http.requested


def test_a_store_that_denies_access_to_every_image_is_one_error(http: HttpFiles) -> None:
    http.files = {f"/ds/{number}.png": Answer(403) for number in range(100)}
    with pytest.raises(AccessDeniedError, match="HTTP 403"):
        fetch(f"{http.url}/ds", access(http.url), *map(str, range(100)))
    assert len(http.requested) < 80


def test_a_store_that_denies_access_to_one_image_returns_the_others(http: HttpFiles) -> None:
    http.files["/ds/b.png"] = Answer(401)
    found = fetch(f"{http.url}/ds", access(http.url), "a", "b")
    assert "HTTP 401" in reason(found["b"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::1]"])
def test_a_private_host_is_forbidden_however_it_is_written(http: HttpFiles, host: str) -> None:
    """Even when its name is an allowed store: it must also be in an allowed network."""
    url = http.url.replace("127.0.0.1", host)
    with pytest.raises(ForbiddenUriError):
        fetch(f"{url}/ds", access(url, networks=()), "a")
    assert http.requested == []


def test_addresses_are_checked_at_every_connection(http: HttpFiles) -> None:
    """A name that resolves to another address after the source is opened is rejected.

    Instead of the address, this test changes the allowed networks.
    """
    networks = list(ANY_NETWORK)
    url = http.url.replace("127.0.0.1", "localhost")
    granted = access(url, networks=networks)  # type: ignore[arg-type]
    source = open_source(PngIonImages(kind="png", uri=f"{url}/ds"), granted)
    networks.clear()
    (found,) = source.fetch([Annotation(annotation_id="a")])
    assert "OFFSAMPLE_ALLOWED_NETWORKS" in str(found.reason)
    assert http.requested == []


def test_no_credentials_and_proxies_of_this_machine_are_used(
    http: HttpFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{find_free_port()}")
    fetch(f"{http.url}/ds", access(http.url), "a")
    assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(http.headers[0])


def test_annotations_in_a_store_have_the_same_restrictions(http: HttpFiles) -> None:
    http.files["/lists/ions.csv"] = b"annotation_id\na\nno\n"
    granted = access(f"{http.url}/ds", f"{http.url}/lists")
    data = DatasetAnnotated(
        dataset_id="d",
        ion_images=PngIonImages(kind="png", uri=f"{http.url}/ds"),
        annotations_uri=f"{http.url}/lists/ions.csv",
    )
    source = open_source(data.ion_images, granted)
    assert [one.annotation_id for one in list_annotations(data, source, granted).annotations] == ["a", "no"]
    for uri, error in {
        f"{http.url}/other/ions.csv": ForbiddenUriError,
        f"{http.url}/lists/no.csv": NotFoundError,
        "http://169.254.169.254/latest/meta-data/": ForbiddenUriError,
    }.items():
        with pytest.raises(error):
            list_annotations(data.model_copy(update={"annotations_uri": uri}), source, granted)
    with pytest.raises(TooLargeError):
        list_annotations(data, source, replace(granted, limits=replace(Limits(), event_bytes=5)))
