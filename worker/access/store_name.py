"""The names of the stores that an event needs, by which outages are tracked."""

from pathlib import PurePath

from shared.errors import ForbiddenUriError
from worker.access.store_uri import is_remote, parse_store_uri
from worker.messages.event import DatasetAnnotated, MetaspaceIonImages


def name_stores(data: DatasetAnnotated, roots: tuple[PurePath, ...], metaspace_url: str) -> str:
    """The stores of an event's ion images and annotations, in one string.

    A store is a bucket, a host, METASPACE, or the allowed root that contains a path.
    """
    location = data.ion_images
    uris = [metaspace_url if isinstance(location, MetaspaceIonImages) else location.uri, data.annotations_uri]
    return " ".join(dict.fromkeys(_name_store(uri, roots) for uri in uris if uri is not None))


def _name_store(uri: str, roots: tuple[PurePath, ...]) -> str:
    if is_remote(uri):
        try:
            found = parse_store_uri(uri)
        except ForbiddenUriError:
            return ""
        return f"{found.scheme}://{found.authority}"
    path = PurePath(uri.removeprefix("file://"))
    return max((str(root) for root in roots if path.is_relative_to(root)), key=len, default="")
