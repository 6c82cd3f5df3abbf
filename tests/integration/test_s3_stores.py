"""PNG files in moto's S3 server on loopback, and in one that misbehaves.

Google Cloud Storage has no test server here; the code that it shares with S3 is tested with S3.
"""

import pytest
from live_stores import BUCKET, Answer, HttpFiles, find_free_port
from store_fetching import access, fetch, reason

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    StoreBusyError,
    TransientError,
)
from shared.ion_image import IonImage


def test_a_bucket_is_listed_and_read(bucket: str) -> None:
    found = fetch(f"{bucket}/ds", access(bucket))
    assert list(found) == ["B", "C6H12O6+H", "a", "cut", "empty"]
    assert all(isinstance(found[name], IonImage) for name in ("B", "C6H12O6+H", "a"))
    assert "PNG" in reason(found["cut"])
    assert "empty" in reason(found["empty"])


def test_a_bucket_is_read_by_template_and_only_below_its_prefix(bucket: str) -> None:
    granted = access(f"{bucket}/ds")
    found = fetch(f"{bucket}/ds/{{annotation_id}}.png", granted, "a", "C6H12O6+H", "deep/c", "no", "../list")
    assert [isinstance(one, IonImage) for one in found.values()] == [True, True, True, False, False]
    assert "no.png" in reason(found["no"])
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_STORES"):
        fetch(f"{bucket}/other/{{annotation_id}}.png", granted, "a")


def test_an_object_above_the_limit_is_a_row(bucket: str) -> None:
    found = fetch(f"{bucket}/ds", access(bucket, image_file_bytes=50), "a")
    assert "at most 50" in reason(found["a"])


def test_a_missing_bucket_is_a_temporary_error(bucket: str) -> None:
    for ids in ((), ("a",)):
        with pytest.raises(TransientError, match="s3://elsewhere"):
            fetch("s3://elsewhere/ds", access(bucket, "s3://elsewhere"), *ids)


def test_a_service_that_does_not_respond_is_a_temporary_error(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{find_free_port()}")
    with pytest.raises(TransientError, match="s3://ions"):
        fetch(f"{bucket}/ds", access(bucket), "a")


def test_missing_credentials_are_access_denied(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for ids in ((), ("a", "b")):
        with pytest.raises(AccessDeniedError, match="credentials"):
            fetch(f"{bucket}/ds", access(bucket), *ids)


@pytest.mark.parametrize(
    ("status", "code", "error", "noun"),
    [
        (403, "InvalidAccessKeyId", AccessDeniedError, "credentials"),
        (403, "SignatureDoesNotMatch", AccessDeniedError, "credentials"),
        (403, "AccessDenied", AccessDeniedError, "a.png"),
        (503, "SlowDown", StoreBusyError, "busy"),
        (500, "InternalError", TransientError, "InternalError"),
    ],
)
def test_an_error_of_s3_becomes_an_error_of_this_project(
    bucket: str, http: HttpFiles, monkeypatch: pytest.MonkeyPatch, status: int, code: str, error: type, noun: str
) -> None:
    """S3 of moto checks no credentials, so an HTTP server sends these responses in the format of S3."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret</Message></Error>".encode()
    http.files[f"/{BUCKET}/ds/a.png"] = Answer(status, body, {"Content-Type": "application/xml"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", http.url)
    with pytest.raises(error, match=noun) as found:
        fetch(f"{bucket}/ds", access(bucket), "a")
    assert "secret" not in str(found.value)
