"""URIs of files and folders in stores: parsed strictly, so that each has one meaning only."""

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, unquote, urlsplit

from shared.errors import ForbiddenUriError

HTTP_PORTS = {"http": 80, "https": 443}
OBJECT_STORES = ("s3", "gs")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_DECODED_TIMES = 5
"""How often a path is decoded to find hidden `..`; a path that needs more is rejected."""
_SHOWN = 200
_USER = re.compile(r"//[^/\\]*@")
"""User and password, up to the last @ before the path."""


@dataclass(frozen=True)
class StoreUri:
    """A file or folder in a store."""

    scheme: str
    """`s3`, `gs`, `http` or `https`."""
    authority: str
    """The bucket; or the host in lower case, with its port unless that is the scheme's default."""
    path: str
    """From the first slash on: percent-encoded as given for http(s), the plain key for buckets."""

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
        """A URI below this one; `encoded` is appended to the path unchanged.

        Raises
        ------
        ForbiddenUriError
            When the path could mean something else, such as one with `..`.
        """
        path = f"{self.path.rstrip('/')}/{encoded}"
        _require_plain_path(path, encoded, is_encoded=self.scheme in HTTP_PORTS)
        return replace(self, path=path)


def is_remote(uri: str) -> bool:
    """Whether a URI names a store rather than a local path."""
    scheme = _SCHEME.match(uri)
    return scheme is not None and scheme[1].lower() != "file"


def show_uri(uri: str) -> str:
    """Quote an untrusted URI for messages and logs: shortened, without user, password, query and fragment."""
    shown = re.split(r"[?#]", uri, maxsplit=1)[0]
    hidden = "…" if len(shown) < len(uri) else ""
    return repr(_USER.sub("//…@", shown)[:_SHOWN] + hidden)


def parse_store_uri(uri: str) -> StoreUri:
    """Parse an untrusted URI.

    Raises
    ------
    ForbiddenUriError
        When its scheme is not supported, it has a credential, query or fragment, its host or bucket is not valid, or
        its path could mean something else (plain or encoded `..`, backslashes, control characters).
    """
    if _UNSAFE.search(uri):
        raise ForbiddenUriError(
            f"expected a URI without blanks, control characters and backslashes, got {show_uri(uri)}"
        )
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise ForbiddenUriError(f"expected scheme://host-or-bucket/path, got {show_uri(uri)}") from error
    _require_no_credentials(parts, uri)
    if parts.scheme in HTTP_PORTS:
        authority = _http_authority(parts, port, uri)
    elif parts.scheme in OBJECT_STORES and _BUCKET.fullmatch(parts.netloc):
        authority = parts.netloc
    else:
        raise ForbiddenUriError(
            f"expected s3://bucket/…, gs://bucket/…, https://host/… or http://host/…, got {show_uri(uri)}"
        )
    path = parts.path or "/"
    _require_plain_path(path, uri, is_encoded=parts.scheme in HTTP_PORTS)
    return StoreUri(parts.scheme, authority, path)


def _http_authority(parts: SplitResult, port: int | None, uri: str) -> str:
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.removesuffix(":")
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise ForbiddenUriError(f"expected a host name of ASCII letters, digits, dots and hyphens in {show_uri(uri)}")
    return host if port in (None, HTTP_PORTS[parts.scheme]) else f"{host}:{port}"


def _require_no_credentials(parts: SplitResult, uri: str) -> None:
    if "@" in parts.netloc:
        raise ForbiddenUriError(
            f"expected a URI without user or password, got {show_uri(uri)}; the worker uses its own credentials"
        )
    if "?" in uri or "#" in uri:
        raise ForbiddenUriError(
            f"expected a URI without query or fragment, which may be a credential, got {show_uri(uri)}"
        )


def _require_plain_path(path: str, shown: str, *, is_encoded: bool) -> None:
    """Reject a path with `..`, a backslash or control characters, also when percent-encoded several times."""
    if is_encoded and not path.isascii():
        raise ForbiddenUriError(f"expected percent-encoded characters instead of non-ASCII ones in {show_uri(shown)}")
    for _ in range(_DECODED_TIMES):
        if any(part in (".", "..") for part in path.split("/")) or re.search(r"[\x00-\x1f\x7f\\\ud800-\udfff]", path):
            raise ForbiddenUriError(
                f"expected a path without `.`, `..`, backslash and control characters, plain or encoded, got"
                f" {show_uri(shown)}"
            )
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return
        path = decoded
    raise ForbiddenUriError(f"expected a path that is percent-encoded once, got {show_uri(shown)}")
