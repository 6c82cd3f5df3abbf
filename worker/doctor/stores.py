"""The stores that events may name: each is asked once."""

from collections.abc import Iterator

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    NotFoundError,
    TooLargeError,
    TransientError,
    UnsupportedSourceError,
)
from worker.access.store_uri import HTTP_PORTS, StoreUri, parse_store_uri
from worker.doctor.finding import Finding, failure, ok, warning
from worker.settings import Settings
from worker.stores.opening import StoreAccess, open_store
from worker.stores.store import RetryPolicy


def check_stores(settings: Settings) -> Iterator[Finding]:
    """One finding for each allowed prefix."""
    access = StoreAccess(settings.store_access.allowed, RetryPolicy(1, settings.fetch_timeout_seconds))
    for prefix in settings.allowed_stores:
        yield _check_store(parse_store_uri(prefix), access)


def _check_store(prefix: StoreUri, access: StoreAccess) -> Finding:
    check = f"store {prefix}"
    try:
        _ask(prefix, access)
    except UnsupportedSourceError as error:
        return failure(check, str(error), "install the package in the sentence")
    except AccessDeniedError as error:
        if prefix.scheme in HTTP_PORTS:
            return warning(check, "answers, but denies access to this address", "check that the files below are public")
        return failure(check, str(error), "give the worker credentials that may list and read it")
    except ForbiddenUriError as error:
        return failure(check, str(error), "correct OFFSAMPLE_ALLOWED_STORES or OFFSAMPLE_ALLOWED_NETWORKS")
    except TransientError as error:
        return failure(check, f"does not answer ({error})", "start it, or open the network to it")
    return ok(check, "answers")


def _ask(prefix: StoreUri, access: StoreAccess) -> None:
    """List a bucket, or read the address of a host; whether there is a file at that address does not matter."""
    with open_store(prefix, access, connections=1) as store:
        if prefix.scheme not in HTTP_PORTS:
            store.list_names(prefix)
            return
        try:
            store.read(prefix, 1)
        except (NotFoundError, TooLargeError):
            return
