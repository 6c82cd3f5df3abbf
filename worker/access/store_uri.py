"""The URI of something in a store: taken apart, and refused when it could mean two things."""

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, unquote, urlsplit

from shared.errors import ForbiddenUriError
from worker.access.shown_uri import show_uri

HTTP_PORTS = {"http": 80, "https": 443}
OBJECT_STORES = ("s3", "gs")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_DECODED_TIMES = 5
"""How often a path is decoded in search of what hides in it; a deeper one is refused."""


@dataclass(frozen=True)
class StoreUri:
    """A place in a store."""

    scheme: str
    """`s3`, `gs`, `http` or `https`."""
    authority: str
    """The bucket; or the host, lower case, with its port unless that is the scheme's own."""
    path: str
    """From the first slash on, percent-encoded as it came for http(s), the key as it is for buckets."""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def host(self) -> str:
        """The host without port and brackets."""
        return urlsplit(str(self)).hostname or ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]

    def join(self, encoded: str) -> "StoreUri":
        """A place below this one; `encoded` as it shall stand in the path.

        Raises
        ------
        ForbiddenUriError
            When it would be another place than it seems.
        """
        path = f"{self.path.rstrip('/')}/{encoded}"
        _require_plain_path(path, encoded, is_encoded=self.scheme in HTTP_PORTS)
        return replace(self, path=path)


def is_remote(uri: str) -> bool:
    """Whether a URI names a store, and no local path."""
    scheme = _SCHEME.match(uri)
    return scheme is not None and scheme[1].lower() != "file"


def parse_store_uri(uri: str) -> StoreUri:
    """Take a foreign URI apart.

    Raises
    ------
    ForbiddenUriError
        When it is of no scheme that is served, carries a credential, query or fragment, names no plain host or bucket,
        or its path has parts that could lead elsewhere (`..`, encoded ones too, backslashes, control characters).
    """
    if _UNSAFE.search(uri):
        raise ForbiddenUriError(
            f"{show_uri(uri)} has blanks, control characters or backslashes; expected a URI without"
        )
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise ForbiddenUriError(f"{show_uri(uri)} is no usable URI; expected scheme://host-or-bucket/path") from error
    _require_no_credentials(parts, uri)
    if parts.scheme in HTTP_PORTS:
        authority = _http_authority(parts, port, uri)
    elif parts.scheme in OBJECT_STORES and _BUCKET.fullmatch(parts.netloc):
        authority = parts.netloc
    else:
        raise ForbiddenUriError(
            f"{show_uri(uri)} is no place this worker reads; expected s3://bucket/…, gs://bucket/…,"
            " https://host/… or http://host/…"
        )
    path = parts.path or "/"
    _require_plain_path(path, uri, is_encoded=parts.scheme in HTTP_PORTS)
    return StoreUri(parts.scheme, authority, path)


def _http_authority(parts: SplitResult, port: int | None, uri: str) -> str:
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.removesuffix(":")
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise ForbiddenUriError(
            f"{show_uri(uri)} names no plain host; expected a name of ASCII letters, digits, dots and hyphens"
        )
    return host if port in (None, HTTP_PORTS[parts.scheme]) else f"{host}:{port}"


def _require_no_credentials(parts: SplitResult, uri: str) -> None:
    if "@" in parts.netloc:
        raise ForbiddenUriError(
            f"{show_uri(uri)} carries a user or password; expected a URI without: workers have credentials of their own"
        )
    if "?" in uri or "#" in uri:
        raise ForbiddenUriError(
            f"{show_uri(uri)} has a query or fragment, which may be a credential; expected a URI without"
        )


def _require_plain_path(path: str, shown: str, *, is_encoded: bool) -> None:
    """Refuse a path that decodes, however often, to one with `..`, a backslash or control characters."""
    if is_encoded and not path.isascii():
        raise ForbiddenUriError(f"{show_uri(shown)} has characters beyond ASCII; expected percent-encoded ones")
    for _ in range(_DECODED_TIMES):
        if any(part in (".", "..") for part in path.split("/")) or re.search(r"[\x00-\x1f\x7f\\\ud800-\udfff]", path):
            raise ForbiddenUriError(
                f"{show_uri(shown)} has `.`, `..`, a backslash or a control character in its path, plain or encoded;"
                " expected a path without"
            )
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return
        path = decoded
    raise ForbiddenUriError(f"{show_uri(shown)} is percent-encoded again and again; expected once")
