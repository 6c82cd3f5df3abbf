"""Open the source that an event names."""

from dataclasses import dataclass

from shared.errors import UnsupportedSourceError
from shared.imzml.work_watch import WorkWatch, watch_nothing
from shared.limits import Limits
from shared.messages.event import ArrayIonImages, ImzmlIonImages, IonImagesLocation, PngIonImages
from worker.files import AllowedRoots
from worker.sources.array_file import ArrayFile
from worker.sources.imzml_file import ImzmlFile
from worker.sources.png_folder import PngFolder
from worker.sources.source import IonImageSource


@dataclass(frozen=True)
class SourceAccess:
    """What sources may touch, and how hard."""

    roots: AllowedRoots
    limits: Limits
    fetch_threads: int = 4
    watch: WorkWatch = watch_nothing
    """Told of long work before the first ion image; what it raises ends the work."""


def open_source(location: IonImagesLocation, access: SourceAccess) -> IonImageSource:
    """Open a source of ion images.

    Raises
    ------
    UnsupportedSourceError
        When its kind is not served here.
    ForbiddenUriError, NotFoundError, TooLargeError, InvalidIonImageError
        When it may not or cannot be opened.
    TransientError
        When its store is away.
    """
    if not isinstance(location, PngIonImages | ArrayIonImages | ImzmlIonImages):
        raise UnsupportedSourceError(
            f"ion images of kind {location.kind!r} are not served by this worker; right would be 'png', 'array' or"
            " 'imzml'"
        )
    path = access.roots.resolve(location.uri)
    access.roots.require_existing(path, location.uri)
    if isinstance(location, PngIonImages):
        return PngFolder(path, access.roots, access.limits, access.fetch_threads)
    if isinstance(location, ImzmlIonImages):
        return ImzmlFile(path, location, access.roots, access.limits, access.watch)
    return ArrayFile(path, access.limits)
