"""The connection to the server, as ledger and commands use it."""

from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.server.login import LoginFile
from worker.server.url import split_login


def connect(url: str, socket_timeout_seconds: float = 10.0, url_file: Path | None = None) -> Redis:
    """A client that fails immediately when the server is unavailable, so that each caller decides what to do.

    Parameters
    ----------
    url_file
        Where user and password are read from at each connection, instead of from the URL.
    """
    login = {} if url_file is None else {"credential_provider": LoginFile(url_file)}
    return Redis.from_url(
        url if url_file is None else split_login(url)[2],
        **login,
        socket_timeout=socket_timeout_seconds,
        socket_connect_timeout=min(socket_timeout_seconds, 5.0),
        retry=Retry(NoBackoff(), 0),
        **({} if url.startswith("unix:") else {"socket_keepalive": True}),
    )
