"""Buckets of S3 and Google Cloud Storage, through fsspec; the operator configures service and credentials."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec.asyn import sync

from shared.errors import (
    AccessDeniedError,
    NotFoundError,
    OffSampleError,
    StoreBusyError,
    TooLargeError,
    TransientError,
    UnsupportedSourceError,
)
from shared.files.closable import Closable
from worker.access.store_uri import StoreUri
from worker.stores.store import RetryPolicy, with_retries

_BUSY_CODES = {"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_BUSY_STATUSES = {429, 503}
_EMPTY_STATUS = 416
"""Range not satisfiable: the range starts at the first byte, so the object is empty."""
_WRONG_REGION_STATUSES = {301, 307}
_CLIENTS = {"aiohttp", "botocore", "aiobotocore", "gcsfs", "google"}
_CREDENTIAL_ERRORS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"}
_CREDENTIAL_CODES = {
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed"
}  # fmt: skip


class ObjectStore(Closable):
    """One bucket."""

    def __init__(self, root: StoreUri, retry_policy: RetryPolicy, connections: int) -> None:
        self._root = root
        self._retry_policy = retry_policy
        self._files = _open_s3(retry_policy, connections) if root.scheme == "s3" else _open_gs(retry_policy)

    def read(self, uri: StoreUri, max_bytes: int) -> bytes:
        """Read one object, as a range one byte longer than the limit; see `Store`."""
        content: bytes = with_retries(
            lambda: self._ask(
                uri,
                lambda: self._files.cat_file(
                    _key(uri), start=0, end=max_bytes + 1, timeout=self._retry_policy.timeout_seconds
                ),
            ),
            self._retry_policy,
        )
        if len(content) > max_bytes:
            raise TooLargeError(f"{uri.name[:100]!r} is too large; expected at most {max_bytes:,} bytes")
        return content

    def list_names(self, folder: StoreUri) -> list[str]:
        """Names of the objects directly below a prefix."""
        found: list[dict[str, Any]] = with_retries(
            lambda: self._ask(folder, lambda: self._files.ls(_key(folder), detail=True, refresh=True)),
            self._retry_policy,
        )
        return [one["name"].rpartition("/")[2] for one in found if one["type"] == "file"]

    def close(self) -> None:
        """Close the client's connections; a read that still runs in another thread fails.

        fsspec itself closes them only when they are garbage-collected.
        """
        client = getattr(self._files, "_s3creator", None)
        session = getattr(self._files, "_session", None)
        if client is not None:
            sync(self._files.loop, client.__aexit__, None, None, None)
        elif session is not None:  # gcsfs
            sync(self._files.loop, session.close)

    def _ask(self, uri: StoreUri, call: Any) -> Any:
        with _store_errors_translated(uri):
            return call()


def _key(uri: StoreUri) -> str:
    return f"{uri.authority}{uri.path}"


def _open_s3(retry_policy: RetryPolicy, connections: int) -> Any:
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnsupportedSourceError(
            "s3:// needs s3fs, which is not installed; install it with pip install 'offsample[s3]'"
        ) from error
    config = {
        "connect_timeout": retry_policy.timeout_seconds,
        "read_timeout": retry_policy.timeout_seconds,
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "max_pool_connections": connections,
    }
    files = S3FileSystem(config_kwargs=config, skip_instance_cache=True)
    files.retries = 1  # `with_retries` retries
    return files


def _open_gs(retry_policy: RetryPolicy) -> Any:
    try:
        from gcsfs import GCSFileSystem  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnsupportedSourceError(
            "gs:// needs gcsfs, which is not installed; install it with pip install 'offsample[gs]'"
        ) from error
    return GCSFileSystem(timeout=retry_policy.timeout_seconds, skip_instance_cache=True)


@contextmanager
def _store_errors_translated(uri: StoreUri) -> Iterator[None]:
    """Turn exceptions of a store's client into this project's errors, without the store's own message."""
    try:
        yield
    except Exception as error:
        found = _translate(error, uri)
        if found is None:
            raise
        raise found from error


def _translate(error: Exception, uri: StoreUri) -> OffSampleError | None:
    """The project's error for a client's exception; these have no common base class. None for a defect."""
    bucket, name, code, status = f"{uri.scheme}://{uri.authority}", uri.name[:100], _code(error), _status(error)
    what = code or status or type(error).__name__
    found: OffSampleError | None = None
    if code in _CREDENTIAL_CODES or type(error).__name__ in _CREDENTIAL_ERRORS:
        found = AccessDeniedError(
            f"{bucket} rejects this worker's credentials ({what}); expected valid ones in its environment"
        )
    elif code == "NoSuchBucket":
        found = TransientError(f"{bucket} does not exist now")
    elif isinstance(error, FileNotFoundError):
        found = NotFoundError(f"{name!r} was not found in {bucket}")
    elif isinstance(error, PermissionError) or status in (401, 403):
        found = AccessDeniedError(
            f"{bucket} denies access to {name!r} ({what}); expected an object that this worker may read"
        )
    elif code in _BUSY_CODES or status in _BUSY_STATUSES:
        found = StoreBusyError(f"{bucket} is busy ({what})")
    elif status in _WRONG_REGION_STATUSES:
        found = AccessDeniedError(f"{bucket} is in another region ({what}); expected its region in AWS_REGION")
    elif status == _EMPTY_STATUS:
        found = NotFoundError(f"{name!r} is empty; expected a file with content")
    elif status is not None and 400 <= status < 500:
        found = NotFoundError(f"cannot read {name!r} from {bucket} ({what})")
    elif isinstance(error, OSError | TimeoutError) or type(error).__module__.partition(".")[0] in _CLIENTS:
        found = TransientError(f"{bucket} does not respond now ({what})")
    return found


def _code(error: BaseException) -> str:
    """The service's error code, if the exception has one."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


def _status(error: BaseException) -> int | None:
    """The HTTP status, if the exception has one."""
    for one in (error, error.__cause__):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
        if str(getattr(one, "code", "")).isdecimal():  # gcsfs
            return int(one.code)  # type: ignore[union-attr]
    return None
