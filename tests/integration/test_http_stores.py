"""PNG files behind a real HTTP server on loopback, made to misbehave."""

import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from conftest import make_random_ion_image
from live_stores import Answer, HttpFiles, free_port
from store_fetching import PATIENCE, PNG, access, fetch, reason

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    InvalidAnnotationsError,
    NotFoundError,
    OffSampleError,
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
    assert "'no.png' is not there (HTTP 404)" in reason(found["no"])
    assert "ends too early" in reason(found["cut"])
    assert "HTTP 410" in reason(found["gone"])
    assert "does not begin as a PNG does" in reason(found["html"])
    assert "`..`" in reason(found["../a"])
    assert "`..`" in reason(found["x/../../a"])


def test_a_template_that_needs_an_image_says_so(http: HttpFiles) -> None:
    found = fetch(f"{http.url}/ds/{{image}}", access(http.url), "a")
    assert "annotation has no `image`" in reason(found["a"])


@pytest.mark.parametrize(
    "template", ["/{{formula}}.png", "/{{annotation_id.__class__}}", "/{{}}", "/{{annotation_id", "/a}}"]
)
def test_a_template_of_other_fields_is_refused(http: HttpFiles, template: str) -> None:
    with pytest.raises(ForbiddenUriError, match="is no template that is served; expected"):
        fetch(http.url + template.replace("{{", "{").replace("}}", "}"), access(http.url), "a")


@pytest.mark.parametrize("uri", ["https://{annotation_id}/a.png", "https://{annotation_id}.host/a", "{image}://h/a"])
def test_a_template_cannot_choose_the_host(uri: str) -> None:
    with pytest.raises(ForbiddenUriError, match="expected"):
        fetch(uri, access("https://host/"), "a")


def test_an_http_store_cannot_be_listed(http: HttpFiles) -> None:
    for uri in (f"{http.url}/ds", f"{http.url}/ds/{{image}}"):
        with pytest.raises(InvalidAnnotationsError, match=r"expected .*annotations"):
            fetch(uri, access(http.url))


def test_what_fails_once_is_asked_again(http: HttpFiles) -> None:
    http.files["/ds/b.png"] = [Answer(500), Answer(body=PNG)]
    http.files["/ds/c.png"] = [Answer(429), Answer(body=PNG)]
    found = fetch(f"{http.url}/ds", access(http.url), "b", "c")
    assert all(isinstance(one, IonImage) for one in found.values())
    assert sorted(http.asked) == ["/ds/b.png"] * 2 + ["/ds/c.png"] * 2


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_store_that_fails_is_passing(http: HttpFiles, status: int) -> None:
    http.files["/ds/a.png"] = Answer(status)
    with pytest.raises(TransientError, match=f"HTTP {status}"):
        fetch(f"{http.url}/ds", access(http.url), "a")
    assert len(http.asked) == PATIENCE.attempts


def test_one_image_that_fails_for_ever_is_a_row_when_the_store_answers_for_others(http: HttpFiles) -> None:
    bad_is_asked_for, late_is_sent = threading.Event(), threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        bad_is_asked_for.wait(0.9)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG))
        late_is_sent.set()

    def hang_up(_: BaseHTTPRequestHandler) -> None:
        bad_is_asked_for.set()
        late_is_sent.wait(0.9)

    http.files |= {"/ds/late.png": Answer(send=answer_late), "/ds/bad.png": [Answer(send=hang_up), Answer(500)]}
    found = fetch(f"{http.url}/ds", access(http.url), "late", "bad")
    assert isinstance(found["late"], IonImage)
    assert "and answers for other images" in reason(found["bad"])


def test_one_image_for_which_a_busy_store_has_no_time_is_no_row(http: HttpFiles) -> None:
    """The event rests: the image itself may be sound."""
    bad_is_asked_for, late_is_sent = threading.Event(), threading.Event()

    def answer_late(handler: BaseHTTPRequestHandler) -> None:
        bad_is_asked_for.wait(0.9)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG))
        late_is_sent.set()

    def ask_for_less(handler: BaseHTTPRequestHandler) -> None:
        bad_is_asked_for.set()
        late_is_sent.wait(0.9)
        handler.wfile.write(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")

    http.files |= {"/ds/late.png": Answer(send=answer_late), "/ds/bad.png": [Answer(send=ask_for_less), Answer(429)]}
    with pytest.raises(StoreBusyError):
        fetch(f"{http.url}/ds", access(http.url), "late", "bad")


@pytest.mark.parametrize("end", ["?token=abc", "#part", "{annotation_id}?x"])
def test_a_template_with_a_query_or_fragment_is_refused(http: HttpFiles, tmp_path: Path, end: str) -> None:
    for folder in (f"{http.url}/ds", "s3://bucket/ds", f"file://{tmp_path}"):
        granted = replace(access(http.url, "s3://bucket"), roots=AllowedRoots((tmp_path,)))
        with pytest.raises(ForbiddenUriError, match="query or fragment"):
            fetch(f"{folder}/{{image}}{end}", granted, "a", image="a.png")
    assert http.asked == []


def test_a_store_that_is_not_there_is_passing() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(TransientError, match="does not answer now"):
        fetch(f"{url}/ds", access(url), "a")


def test_a_host_that_cannot_be_resolved_is_passing() -> None:
    with pytest.raises(TransientError, match="cannot be resolved now"):
        fetch("http://no-such-host.invalid/ds", access("http://no-such-host.invalid"), "a")


def test_a_store_that_drips_is_given_up_in_time(http: HttpFiles) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.1)

    http.files["/ds/a.png"] = Answer(send=drip)
    granted = access(http.url)
    brief = replace(granted.stores, retry_policy=RetryPolicy(attempts=2, timeout_seconds=1.0))
    started = time.monotonic()
    with pytest.raises(TransientError, match="does not answer now"):
        fetch(f"{http.url}/ds", replace(granted, stores=brief), "a")
    assert time.monotonic() - started < 8


def test_no_more_is_read_than_the_limit(http: HttpFiles) -> None:
    """Whatever the server says of the length, and without end."""
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
    assert "is above the limit; expected at most 10,000" in reason(found["a"])
    assert sent.wait(5)
    assert written[0] < 2**26


def test_packed_answers_are_refused(http: HttpFiles) -> None:
    http.files["/ds/a.png"] = Answer(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert "comes compressed" in reason(fetch(f"{http.url}/ds", access(http.url), "a")["a"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(http: HttpFiles, status: int) -> None:
    http.files["/ds/r.png"] = Answer(status, headers={"Location": f"{http.url}/secret.png"})
    found = fetch(f"{http.url}/ds", access(http.url), "r", "a")
    assert "is redirected elsewhere" in reason(found["r"])
    assert "/secret.png" not in http.asked


def test_a_store_that_refuses_all_is_one_clear_error(http: HttpFiles) -> None:
    http.files = {f"/ds/{number}.png": Answer(403) for number in range(100)}
    with pytest.raises(AccessDeniedError, match=r"refuses '.*' \(HTTP 403\)"):
        fetch(f"{http.url}/ds", access(http.url), *map(str, range(100)))
    assert len(http.asked) < 80


def test_a_store_that_refuses_some_gives_rows(http: HttpFiles) -> None:
    http.files["/ds/b.png"] = Answer(401)
    found = fetch(f"{http.url}/ds", access(http.url), "a", "b")
    assert "HTTP 401" in reason(found["b"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::1]"])
def test_a_private_host_is_forbidden_however_it_is_written(http: HttpFiles, host: str) -> None:
    """Even when its name is among the allowed stores: only the operator's networks open it."""
    url = http.url.replace("127.0.0.1", host)
    with pytest.raises(OffSampleError, match="expected") as refusal:
        fetch(f"{url}/ds", access(url, networks=()), "a")
    assert isinstance(refusal.value, ForbiddenUriError)
    assert http.asked == []


def test_addresses_are_judged_where_they_are_used_and_not_only_when_a_store_is_opened(http: HttpFiles) -> None:
    """A name that is allowed when the event is opened and leads elsewhere when an image is fetched gains nothing.

    No name here changes between two questions, so what is allowed does.
    """
    networks = list(ANY_NETWORK)
    url = http.url.replace("127.0.0.1", "localhost")
    granted = access(url, networks=networks)  # type: ignore[arg-type]
    source = open_source(PngIonImages(kind="png", uri=f"{url}/ds"), granted)
    networks.clear()
    (found,) = source.fetch([Annotation(annotation_id="a")])
    assert "not public address" in str(found.reason)
    assert http.asked == []


def test_nothing_of_this_machine_is_sent_along(
    http: HttpFiles, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    fetch(f"{http.url}/ds", access(http.url), "a")
    assert not {"Authorization", "Cookie", "Proxy-Authorization"} & set(http.headers[0])


def test_annotations_come_from_a_store_through_the_same_gate(http: HttpFiles) -> None:
    http.files["/lists/ions.csv"] = b"annotation_id\na\nno\n"
    granted = access(f"{http.url}/ds", f"{http.url}/lists")
    data = DatasetAnnotated(
        dataset_id="d",
        ion_images=PngIonImages(kind="png", uri=f"{http.url}/ds"),
        annotations_uri=f"{http.url}/lists/ions.csv",
    )
    source = open_source(data.ion_images, granted)
    assert [one.annotation_id for one in list_annotations(data, source, granted)] == ["a", "no"]
    for uri, error in {
        f"{http.url}/other/ions.csv": ForbiddenUriError,
        f"{http.url}/lists/no.csv": NotFoundError,
        "http://169.254.169.254/latest/meta-data/": ForbiddenUriError,
    }.items():
        with pytest.raises(error):
            list_annotations(data.model_copy(update={"annotations_uri": uri}), source, granted)
    with pytest.raises(TooLargeError):
        list_annotations(data, source, replace(granted, limits=replace(Limits(), event_bytes=5)))
