"""Open the store that a URI names."""

from dataclasses import dataclass, field

from shared.errors import UnsupportedSourceError
from worker.access.allowed_stores import AllowedStores
from worker.access.store_uri import HTTP_PORTS, StoreUri
from worker.stores.store import RetryPolicy, Store


@dataclass(frozen=True)
class StoreAccess:
    """Which stores may be read, and how reads are retried."""

    allowed: AllowedStores = field(default_factory=AllowedStores)
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)


def open_store(uri: StoreUri, access: StoreAccess, connections: int) -> Store:
    """Open the store of a URI that is allowed.

    Raises
    ------
    UnsupportedSourceError
        When the packages for its scheme are not installed.
    """
    try:
        if uri.scheme in HTTP_PORTS:
            from worker.stores.http_store import HttpStore  # noqa: PLC0415 - an extra

            return HttpStore(uri, access.allowed, access.retry_policy, connections)
        from worker.stores.object_store import ObjectStore  # noqa: PLC0415 - an extra
    except ImportError as error:
        extra = "http" if uri.scheme in HTTP_PORTS else uri.scheme
        raise UnsupportedSourceError(
            f"{uri.scheme}:// needs {error.name}, which is not installed;"
            f" install it with pip install 'offsample[{extra}]'"
        ) from error
    return ObjectStore(uri, access.retry_policy, connections)
