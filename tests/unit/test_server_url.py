"""The URL of the server, as it is shown and in Celery's form."""

import pytest

from worker.server.url import broker_url, require_server_url, without_password


@pytest.mark.parametrize(
    ("url", "celery_url"),
    [
        ("redis://host:6379/2", "redis://host:6379/2"),
        ("rediss://:secret@host/0", "rediss://:secret@host/0"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock"),
        ("rediss://host/0?ssl_ca_certs=/ca.pem", "rediss://host/0?ssl_ca_certs=/ca.pem"),
        ("redis://host/0?password=a%23b", "redis://:a%23b@host/0"),
        ("redis://user@host?db=3&password=b", "redis://user:b@host/3"),
        ("unix://user:a%2Fb@/run/valkey.sock", "redis+socket://user:a%2Fb@/run/valkey.sock"),
        ("unix:///run/valkey.sock?username=user&password=b", "redis+socket://user:b@/run/valkey.sock"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
    ],
)
def test_celery_gets_the_same_server(url: str, celery_url: str) -> None:
    assert broker_url(url) == celery_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@host:6379/0", "redis://user:***@host:6379/0"),
        ("redis://:secret@host", "redis://:***@host"),
        ("redis://:se:cr@et@host", "redis://:***@host"),
        ("redis://secret@host", "redis://***@host"),
        ("rediss://host/0?password=secret&ssl_ca_certs=/ca.pem", "rediss://host/0?password=***&ssl_ca_certs=/ca.pem"),
        ("rediss://host/0?ssl_password=secret", "rediss://host/0?ssl_password=***"),
        ("unix://user:secret@/run/v.sock", "unix://user:***@/run/v.sock"),
        ("unix:///run/v.sock?db=3&password=secret", "unix:///run/v.sock?db=3&password=***"),
        ("redis://host:6379/0", "redis://host:6379/0"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert without_password(require_server_url(url)) == shown


@pytest.mark.parametrize(
    "url",
    [
        "redis://:se#cret@host:6379/0",
        "redis://:se/cret@host:6379/0",
        "redis://:12/cret@host:6379/0",
        "redis://:se?cret@host:6379/0",
        "redis://se/cret@host:6379/0",
        "redis://:se[cret@host:6379/0",
        "redis://:se cret@host:6379/0",
        "redis://:secret@host:6379/0\n",
        "redis://:secret@host:secret/0",
        "redis://:secret@host/secret",
        "redis://:secret@host/0?secret=1",
        "redis://:secret@host/0?db=secret",
        "redis://:secret@",
        "unix://:secret@",
        "unix://:se#cret@/run/v.sock",
        "http://:secret@host",
        "secret",
        "",
    ],
)
def test_an_invalid_url_is_an_error_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        require_server_url(url)
    assert "cret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
