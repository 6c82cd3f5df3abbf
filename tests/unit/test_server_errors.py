"""What people read about a server that refuses: each cause has a remedy of its own."""

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import ConnectionError as ServerConnectionError
from redis.exceptions import TimeoutError as ServerTimeoutError

from worker.server.outage import describe_server_error


@pytest.mark.parametrize(
    ("error", "url", "remedy"),
    [
        (AuthenticationError("WRONGPASS invalid username-password pair"), "redis://h", "refuses this user or password"),
        (ResponseError("HELLO must be called with the client already authenticated"), "redis://h", "asks for a user"),
        (AuthenticationError("Authentication required."), "redis://h", "asks for a user"),
        (NoPermissionError("this user has no permissions"), "redis://h", "permissions in docs/operations.md"),
        (ServerTimeoutError("Timeout connecting to server"), "rediss://h", "with TLS as rediss:// says"),
        (ServerConnectionError("Connection closed by server."), "redis://h", "a Redis or Valkey that accepts"),
    ],
)
def test_each_refusal_has_its_remedy(error: RedisError, url: str, remedy: str) -> None:
    sentence = describe_server_error(error, url)
    assert remedy in sentence
    assert "OFFSAMPLE_REDIS_URL_FILE" in sentence or "rediss://" in sentence


def test_a_server_without_tls_is_only_suspected_where_the_url_asks_for_it() -> None:
    assert "TLS" not in describe_server_error(ServerTimeoutError("Timeout"), "redis://h")
