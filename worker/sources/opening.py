"""Open the source that an event names."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from shared.errors import UnsupportedSourceError
from shared.imzml.progress import ProgressCallback, ignore_progress
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.access.store_uri import is_remote
from worker.messages.event import (
    ArrayIonImages,
    ImzmlIonImages,
    IonImagesLocation,
    MetaspaceIonImages,
    PngIonImages,
)
from worker.sources.array_file import open_array_file
from worker.sources.array_store import open_array_store
from worker.sources.image_template import parse_template
from worker.sources.imzml_file import ImzmlFile
from worker.sources.metaspace_dataset import MetaspaceAccess, MetaspaceDataset
from worker.sources.png_folder import PngFolder
from worker.sources.png_store import PngStore
from worker.sources.reading_border import BorderedSource, unforeseen_errors_refused
from worker.sources.source import IonImageSource
from worker.stores.opening import StoreAccess


@dataclass(frozen=True)
class SourceAccess:
    """What sources may touch, and how hard."""

    roots: AllowedRoots
    limits: Limits
    fetch_threads: int = 4
    stores: StoreAccess = field(default_factory=StoreAccess)
    metaspace: MetaspaceAccess = field(default_factory=MetaspaceAccess)
    watch: ProgressCallback = ignore_progress
    """Told of long work before the first ion image; what it raises ends the work."""


def open_source(location: IonImagesLocation, access: SourceAccess) -> BorderedSource:
    """Open a source of ion images, to be closed by whoever asked for it: `with open_source(…) as source`.

    Raises
    ------
    UnsupportedSourceError
        When its format is not served where it lies, or needs a package that is not installed.
    ForbiddenUriError, AccessDeniedError, NotFoundError, TooLargeError, InvalidIonImageError
        When it may not or cannot be opened.
    UnreadableInputError
        When a library fails on it in a way that no reader foresaw.
    TransientError
        When its store is away.
    """
    with unforeseen_errors_refused():
        return BorderedSource(_open(location, access))


def _open(location: IonImagesLocation, access: SourceAccess) -> IonImageSource:
    match location:
        case PngIonImages(uri=uri):
            return _open_pngs(uri, access)
        case ArrayIonImages(uri=uri):
            return _open_array(uri, access)
        case ImzmlIonImages():
            return _open_imzml(location, access)
        case MetaspaceIonImages():
            return MetaspaceDataset(location, access.metaspace, access.stores, access.limits, access.fetch_threads)


def _open_pngs(uri: str, access: SourceAccess) -> IonImageSource:
    place = parse_template(uri)
    if is_remote(uri):
        return PngStore(place, access.stores, access.limits, access.fetch_threads)
    pattern = unquote(place.pattern) if place.pattern and uri.startswith("file:") else place.pattern
    return PngFolder(access.roots.open_folder(place.folder), access.roots, access.limits, access.fetch_threads, pattern)


def _open_array(uri: str, access: SourceAccess) -> IonImageSource:
    if is_remote(uri):
        return open_array_store(uri, access.stores, access.limits, access.fetch_threads)
    return open_array_file(access.roots.open(uri), access.limits)


def _open_imzml(location: ImzmlIonImages, access: SourceAccess) -> IonImageSource:
    if is_remote(location.uri):
        place = access.stores.allowed.resolve(location.uri)
        raise UnsupportedSourceError(
            f"imzML file {place.name[:100]!r} is in a store, where only PNG files and zarr are served; expected a"
            " file on the worker's disk"
        )
    return ImzmlFile(location, access.roots, access.limits, access.watch)
