"""A zarr folder in a store."""

from contextlib import ExitStack
from pathlib import Path

from shared.errors import NotFoundError, UnsupportedSourceError
from shared.limits import Limits
from worker.sources.array_file import ArrayFile
from worker.stores.opening import StoreAccess, open_store

ZARR_SUFFIX = ".zarr"


def open_array_store(uri: str, access: StoreAccess, limits: Limits, connections: int) -> ArrayFile:
    """Make a source of a zarr folder in a store, which it closes; only the needed chunks are fetched.

    Raises
    ------
    UnsupportedSourceError
        When it has another format, or a package is not installed.
    ForbiddenUriError, AccessDeniedError, NotFoundError, TooLargeError, InvalidIonImageError, TransientError
        As `open_array`, and as `Store.read`.
    """
    root = access.allowed.resolve(uri)
    if not root.name.lower().endswith(ZARR_SUFFIX):
        raise UnsupportedSourceError(
            f"expected a {ZARR_SUFFIX} folder in a store, got {root.name[:100]!r}; other arrays"
            " are read from the worker's disk only"
        )
    try:
        from shared.arrays.zarr_group import open_zarr  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UnsupportedSourceError(
            f"{root.name} needs {error.name}, which is not installed; install it with pip install 'offsample[arrays]'"
        ) from error
    with ExitStack() as stack:
        store = stack.enter_context(open_store(root, access, connections))

        def read(key: str, max_bytes: int) -> bytes | None:
            try:
                return store.read(root.join(key), max_bytes)
            except NotFoundError:
                return None

        found = ArrayFile(open_zarr(Path(root.name), read, limits), store)
        stack.pop_all()
        return found
