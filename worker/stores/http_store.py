"""Files behind http and https. Only allowed addresses are connected to, and redirects are not followed."""

import io
import socket
import ssl
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from fsspec.asyn import sync
from fsspec.exceptions import FSTimeoutError
from fsspec.implementations.http import HTTPFileSystem

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
from shared.files.closable import Closable
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import StoreUri
from worker.stores.store import RetryPolicy, with_retries

_CHUNK_BYTES = 2**18
_USER_AGENT = "offsample"


class HttpStore(Closable):
    """Reads with fsspec, over a session that connects to allowed addresses only.

    The resolver checks each address that it returns to the connection, so a host name that resolves to another address
    a moment later (DNS rebinding) cannot bypass the check.
    """

    def __init__(self, root: StoreUri, allowed: AllowedStores, retry_policy: RetryPolicy, connections: int) -> None:
        _check_host(root, allowed)
        self._allowed = allowed
        self._retry_policy = retry_policy
        self._connections = connections
        self._is_closed = False
        self._files = HTTPFileSystem(
            get_client=self._open_session, encoded=True, skip_instance_cache=True, allow_redirects=False
        )

    def read(self, uri: StoreUri, max_bytes: int) -> bytes:
        """Read one file; see `Store`."""
        self._allowed.require_literal_address(uri.host)
        return with_retries(lambda: self._read_once(uri, max_bytes), self._retry_policy)

    def list_names(self, folder: StoreUri) -> list[str]:
        """Always raises: an HTTP server does not list its files."""
        raise InvalidAnnotationsError(
            f"{str(folder)[:200]!r} is behind {folder.scheme}, where files cannot be listed; expected an event"
            " with annotations or annotations_uri"
        )

    def close(self) -> None:
        """Close the connections; a read that still runs in another thread fails."""
        self._is_closed = True
        session = self._files._session  # noqa: SLF001 - fsspec closes it only when it is collected as garbage
        if session is not None:
            sync(self._files.loop, session.close)

    def _read_once(self, uri: StoreUri, max_bytes: int) -> bytes:
        content = _CappedBuffer(max_bytes, uri.name)
        try:
            self._files.get_file(str(uri), content, chunk_size=_CHUNK_BYTES)
        except OffSampleError:
            raise
        except aiohttp.InvalidURL as error:
            raise ForbiddenUriError(f"expected https://host/path, got {str(uri)[:200]!r}") from error
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise AccessDeniedError(
                f"this worker does not trust the certificate of {uri.authority}; expected a valid one, or its"
                " certificate authority in SSL_CERT_FILE"
            ) from error
        except (aiohttp.ClientError, FSTimeoutError, TimeoutError, OSError, ValueError) as error:
            raise TransientError(f"store {uri.authority} does not respond now ({type(error).__name__})") from error
        return content.getvalue()

    async def _open_session(self, **_: Any) -> aiohttp.ClientSession:
        """Open fsspec's session, on its own event loop."""
        if self._is_closed:
            raise ValueError("store was closed")
        timeout = self._retry_policy.timeout_seconds
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_CheckingResolver(self._allowed), limit=self._connections),
            timeout=aiohttp.ClientTimeout(total=timeout, connect=timeout),
            raise_for_status=_check_response,
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )


def _check_host(root: StoreUri, allowed: AllowedStores) -> None:
    """Reject a store whose host has a forbidden address now; each connection checks again."""
    try:
        found = socket.getaddrinfo(root.host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TransientError(f"cannot resolve host {root.host[:200]!r} now: {error.strerror}") from error
    except UnicodeError as error:
        raise ForbiddenUriError(f"expected a host name, got {root.host[:200]!r}") from error
    allowed.require_addresses(root.host, {str(one[4][0]) for one in found})


class _CheckingResolver(AbstractResolver):
    """Resolves host names and rejects forbidden addresses; aiohttp does not call it for literal addresses."""

    def __init__(self, allowed: AllowedStores) -> None:
        self._allowed = allowed
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        self._allowed.require_addresses(host, [one["host"] for one in found])
        return found

    async def close(self) -> None:
        await self._resolver.close()


class _CappedBuffer(io.BytesIO):
    """A buffer of at most `max_bytes`."""

    def __init__(self, max_bytes: int, name: str) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self._name = name

    def write(self, content: Any) -> int:
        if self.tell() + len(content) > self._max_bytes:
            raise TooLargeError(f"{self._name[:100]!r} is too large; expected at most {self._max_bytes:,} bytes")
        return super().write(content)


async def _check_response(response: aiohttp.ClientResponse) -> None:
    """Raise for every response but an uncompressed 200."""
    status, name = response.status, response.url.name[:100]
    if status == 200 and response.headers.get("Content-Encoding", "identity") == "identity":
        return
    response.close()
    if status in (401, 403):
        raise AccessDeniedError(
            f"store denies access to {name!r} (HTTP {status}); expected a file that this worker may read"
        )
    if status in (429, 503):
        raise StoreBusyError(f"store {response.url.host} is busy (HTTP {status})")
    if status >= 500 or status == 408:
        raise TransientError(f"store {response.url.host} fails (HTTP {status})")
    if 300 <= status < 400:
        raise ForbiddenUriError(f"{name!r} is redirected (HTTP {status}); expected its final address")
    if status == 200:
        raise ForbiddenUriError(f"{name!r} was sent compressed; expected an uncompressed response")
    raise NotFoundError(f"{name!r} was not found (HTTP {status})")
