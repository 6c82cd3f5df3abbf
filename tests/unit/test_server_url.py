"""A server's address, as it may be shown and as Celery takes it."""

import pytest

from worker.server_url import broker_url, without_password


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("redis://host:6379/2", "redis://host:6379/2"),
        ("rediss://:secret@host/0", "rediss://:secret@host/0"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
    ],
)
def test_celery_gets_the_same_server(ours: str, theirs: str) -> None:
    assert broker_url(ours) == theirs


def test_a_password_is_never_shown() -> None:
    assert without_password("redis://user:secret@host:6379/0") == "redis://user:***@host:6379/0"
    assert without_password("redis://host:6379/0") == "redis://host:6379/0"
