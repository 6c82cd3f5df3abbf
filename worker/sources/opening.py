"""Open the source that an event names."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from shared.errors import UnsupportedSourceError
from shared.limits import Limits
from shared.messages.event import ArrayIonImages, IonImagesLocation, MetaspaceIonImages, PngIonImages
from worker.files import AllowedRoots
from worker.sources.array_file import ArrayFile, open_array_file
from worker.sources.array_store import open_array_store
from worker.sources.image_place import parse_place
from worker.sources.metaspace_dataset import MetaspaceAccess, MetaspaceDataset
from worker.sources.png_folder import PngFolder
from worker.sources.png_store import PngStore
from worker.sources.source import IonImageSource
from worker.stores.opening import StoreAccess
from worker.stores.store_uri import is_remote


@dataclass(frozen=True)
class SourceAccess:
    """What sources may touch, and how hard."""

    roots: AllowedRoots
    limits: Limits
    fetch_threads: int = 4
    stores: StoreAccess = field(default_factory=StoreAccess)
    metaspace: MetaspaceAccess = field(default_factory=MetaspaceAccess)


def open_source(location: IonImagesLocation, access: SourceAccess) -> IonImageSource:
    """Open a source of ion images.

    Raises
    ------
    UnsupportedSourceError
        When its kind is not served here.
    ForbiddenUriError, AccessDeniedError, NotFoundError, TooLargeError, InvalidIonImageError
        When it may not or cannot be opened.
    TransientError
        When its store is away.
    """
    if isinstance(location, MetaspaceIonImages):
        return MetaspaceDataset(location, access.metaspace, access.stores, access.limits, access.fetch_threads)
    if not isinstance(location, PngIonImages | ArrayIonImages):
        raise UnsupportedSourceError(
            f"ion images of kind {location.kind!r} are not served by this worker; right would be 'png', 'array' or"
            " 'metaspace'"
        )
    if isinstance(location, PngIonImages):
        return _open_pngs(location.uri, access)
    if is_remote(location.uri):
        return ArrayFile(open_array_store(location.uri, access.stores, access.limits, access.fetch_threads))
    path = access.roots.resolve(location.uri)
    access.roots.require_existing(path, location.uri)
    return ArrayFile(open_array_file(path, access.limits))


def _open_pngs(uri: str, access: SourceAccess) -> IonImageSource:
    place = parse_place(uri)
    if is_remote(uri):
        return PngStore(place, access.stores, access.limits, access.fetch_threads)
    path = access.roots.resolve(place.folder)
    access.roots.require_existing(path, place.folder)
    pattern = unquote(place.pattern) if place.pattern and uri.startswith("file:") else place.pattern
    return PngFolder(path, access.roots, access.limits, access.fetch_threads, pattern)
