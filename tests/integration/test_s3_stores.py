"""PNG files in moto's S3 server on loopback, made to misbehave.

Google Cloud Storage has no server to test against here; what it shares with S3 is tested with that.
"""

import pytest
from live_stores import BUCKET, Answer, HttpFiles, free_port
from store_fetching import access, fetch, reason

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    TransientError,
)
from shared.ion_image import IonImage


def test_a_bucket_is_listed_and_read(bucket: str) -> None:
    found = fetch(f"{bucket}/ds", access(bucket))
    assert list(found) == ["B", "C6H12O6+H", "a", "cut", "empty"]
    assert all(isinstance(found[name], IonImage) for name in ("B", "C6H12O6+H", "a"))
    assert "ends too early" in reason(found["cut"])
    assert "'empty.png' is empty" in reason(found["empty"])


def test_a_bucket_is_read_by_template_and_never_beyond_its_prefix(bucket: str) -> None:
    granted = access(f"{bucket}/ds")
    found = fetch(f"{bucket}/ds/{{annotation_id}}.png", granted, "a", "C6H12O6+H", "deep/c", "no", "../list")
    assert [isinstance(one, IonImage) for one in found.values()] == [True, True, True, False, False]
    assert "'no.png' is not in s3://ions" in reason(found["no"])
    with pytest.raises(ForbiddenUriError, match="lies outside"):
        fetch(f"{bucket}/other/{{annotation_id}}.png", granted, "a")


def test_an_object_above_the_limit_is_a_row(bucket: str) -> None:
    found = fetch(f"{bucket}/ds", access(bucket, image_file_bytes=50), "a")
    assert "is above the limit; expected at most 50" in reason(found["a"])


def test_a_bucket_that_is_missing_is_passing(bucket: str) -> None:
    for ids in ((), ("a",)):
        with pytest.raises(TransientError, match="s3://elsewhere does not exist now"):
            fetch("s3://elsewhere/ds", access(bucket, "s3://elsewhere"), *ids)


def test_a_bucket_whose_service_is_away_is_passing(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(TransientError, match="does not answer now"):
        fetch(f"{bucket}/ds", access(bucket), "a")


def test_missing_credentials_are_one_clear_error(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for ids in ((), ("a", "b")):
        with pytest.raises(AccessDeniedError, match="does not take this worker's credentials"):
            fetch(f"{bucket}/ds", access(bucket), *ids)


@pytest.mark.parametrize(
    ("status", "code", "error", "sentence"),
    [
        (403, "InvalidAccessKeyId", AccessDeniedError, "does not take this worker's credentials"),
        (403, "SignatureDoesNotMatch", AccessDeniedError, "does not take this worker's credentials"),
        (403, "AccessDenied", AccessDeniedError, "refuses 'a.png'"),
        (503, "SlowDown", TransientError, "is busy"),
        (500, "InternalError", TransientError, "does not answer now"),
    ],
)
def test_what_a_bucket_answers_is_understood(
    bucket: str, http: HttpFiles, monkeypatch: pytest.MonkeyPatch, status: int, code: str, error: type, sentence: str
) -> None:
    """S3 of moto checks no credentials, so these answers, in S3's form, come from a server of the test's own."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret</Message></Error>".encode()
    http.files[f"/{BUCKET}/ds/a.png"] = Answer(status, body, {"Content-Type": "application/xml"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", http.url)
    with pytest.raises(error, match=sentence) as found:
        fetch(f"{bucket}/ds", access(bucket), "a")
    assert "secret" not in str(found.value)
