"""Open the source of ion images that an event names."""

from dataclasses import dataclass, field
from urllib.parse import unquote

from shared.errors import UnsupportedSourceError
from shared.limits import Limits
from shared.progress import ProgressCallback, ignore_progress
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
from worker.sources.guarded_source import GuardedSource, unexpected_errors_translated
from worker.sources.image_template import parse_template
from worker.sources.imzml_file import ImzmlFile
from worker.sources.metaspace_dataset import MetaspaceAccess, MetaspaceDataset
from worker.sources.png_folder import PngFolder
from worker.sources.png_store import PngStore
from worker.sources.source import IonImageSource
from worker.stores.opening import StoreAccess


@dataclass(frozen=True)
class SourceAccess:
    """What sources may read, with which limits and how many threads."""

    roots: AllowedRoots
    limits: Limits
    fetch_threads: int = 4
    stores: StoreAccess = field(default_factory=StoreAccess)
    metaspace: MetaspaceAccess = field(default_factory=MetaspaceAccess)
    watch: ProgressCallback = ignore_progress
    """Called during long work before the first ion image; an exception ends the work."""


def open_source(location: IonImagesLocation, access: SourceAccess) -> GuardedSource:
    """Open a source of ion images; the caller closes it: `with open_source(…) as source`.

    Raises
    ------
    UnsupportedSourceError
        When its format is not supported in its kind of store, or needs a package that is not installed.
    ForbiddenUriError, AccessDeniedError, NotFoundError, TooLargeError, InvalidIonImageError
        When it may not be opened, or cannot.
    UnreadableInputError
        When a library raises an exception that its reader does not handle.
    TransientError
        When its store does not respond.
    """
    with unexpected_errors_translated():
        return GuardedSource(_open(location, access))


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
    template = parse_template(uri)
    if is_remote(uri):
        return PngStore(template, access.stores, access.limits, access.fetch_threads)
    pattern = unquote(template.pattern) if template.pattern and uri.startswith("file:") else template.pattern
    return PngFolder(
        access.roots.open_folder(template.folder), access.roots, access.limits, access.fetch_threads, pattern
    )


def _open_array(uri: str, access: SourceAccess) -> IonImageSource:
    if is_remote(uri):
        return open_array_store(uri, access.stores, access.limits, access.fetch_threads)
    return open_array_file(access.roots.open(uri), access.limits)


def _open_imzml(location: ImzmlIonImages, access: SourceAccess) -> IonImageSource:
    if is_remote(location.uri):
        uri = access.stores.allowed.resolve(location.uri)
        raise UnsupportedSourceError(
            f"expected imzML on the worker's disk, got {uri.name[:100]!r} in a store; only PNG files and zarr"
            " are read from stores"
        )
    return ImzmlFile(location, access.roots, access.limits, access.watch)
