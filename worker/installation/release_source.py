"""Where a release is installed from: a folder, or a folder in a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from shared.errors import InvalidInputError, NotFoundError
from shared.limits import MEBIBYTE, require_at_most
from worker.access.allowed_stores import ANY_NETWORK, AllowedStores
from worker.access.store_uri import StoreUri, is_remote, parse_store_uri
from worker.stores.opening import StoreAccess, open_store
from worker.stores.store import RetryPolicy, Store

MOST_FILE_BYTES = 2_048 * MEBIBYTE
_ATTEMPT_SECONDS = 600.0
_FILE_SCHEME = "file://"


class ReleaseSource(Protocol):
    """The files of one release."""

    def read(self, name: str, max_bytes: int = MOST_FILE_BYTES) -> bytes:
        """One file by its name.

        Raises
        ------
        NotFoundError, TooLargeError, AccessDeniedError, ForbiddenUriError, TransientError
            As stores do.
        """
        ...


class FolderSource:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, max_bytes: int = MOST_FILE_BYTES) -> bytes:
        """One file by its name."""
        path = self._folder / name
        try:
            require_at_most(path.stat().st_size, max_bytes, f"size of {path} in bytes")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError(f"expected {name} of a release in {self._folder}, found none") from error


class StoreSource:
    """A folder behind HTTP, or in a bucket."""

    def __init__(self, store: Store, folder: StoreUri) -> None:
        self._store = store
        self._folder = folder

    def read(self, name: str, max_bytes: int = MOST_FILE_BYTES) -> bytes:
        """One file by its name."""
        return self._store.read(self._folder.join(name), max_bytes)


@contextmanager
def open_release_source(uri: str) -> Iterator[ReleaseSource]:
    """The source that a person names: a path, or a file, http, https, s3 or gs URI of the release's folder.

    Raises
    ------
    ForbiddenUriError, UnsupportedSourceError
        When the URI is ambiguous, or its scheme needs a package that is not installed.
    """
    if not is_remote(uri):
        folder = Path(uri.removeprefix(_FILE_SCHEME))
        if not folder.is_dir():
            raise InvalidInputError(f"expected the folder of a release, got {uri!r}")
        yield FolderSource(folder)
        return
    folder_uri = parse_store_uri(uri)
    access = StoreAccess(AllowedStores((folder_uri,), ANY_NETWORK), RetryPolicy(timeout_seconds=_ATTEMPT_SECONDS))
    with open_store(folder_uri, access, connections=1) as store:
        yield StoreSource(store, folder_uri)
