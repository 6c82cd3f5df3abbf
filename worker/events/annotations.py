"""The annotations of one event."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shared.errors import InvalidAnnotationsError
from shared.files.foreign_file import OpenedFile
from shared.limits import Limits, require_at_most
from worker.access.allowed_roots import read_file
from worker.access.store_uri import is_remote
from worker.events.annotation_list import AnnotationList, parse_annotations
from worker.messages.event import Annotation, DatasetAnnotated, ImzmlIonImages
from worker.sources.opening import SourceAccess
from worker.sources.source import IonImageSource
from worker.stores.opening import open_store


def list_annotations(data: DatasetAnnotated, source: IonImageSource, access: SourceAccess) -> AnnotationList:
    """The event's own annotations, else those of its `annotations_uri`, else every ion of the source.

    Raises
    ------
    InvalidAnnotationsError
        When the list is unreadable or repeats an id.
    TooLargeError
        When there are too many.
    """
    if data.annotations is not None:
        listed = AnnotationList(data.annotations)
    elif data.annotations_uri is not None:
        listed = _read_list(data.annotations_uri, access)
    else:
        listed = AnnotationList(source.annotations())
    annotations = listed.annotations
    if not annotations and isinstance(data.ion_images, ImzmlIonImages):
        raise InvalidAnnotationsError(
            "expected at least one annotation for an imzML file, or no list at all (then its peaks are picked), got an"
            " empty list"
        )
    require_at_most(len(annotations), access.limits.event_ions, "number of annotations")
    _require_unique_ids(annotations)
    return listed


def _read_list(uri: str, access: SourceAccess) -> AnnotationList:
    """Read the list that an event names, on disk or in a store, with the same checks as ion images."""
    if is_remote(uri):
        location = access.stores.allowed.resolve(uri)
        with open_store(location, access.stores, connections=1) as store:
            content = store.read(location, access.limits.event_bytes)
        return parse_annotations(location.name, content, access.limits.event_ions)
    with access.roots.open_file(uri) as file:
        return read_annotations(file, access.limits)


def read_annotations(file: Path | OpenedFile, limits: Limits) -> AnnotationList:
    """Read a list of annotations, see `parse_annotations`; also raises what `read_file` does."""
    return parse_annotations(file.name, read_file(file, limits.event_bytes), limits.event_ions)


def _require_unique_ids(annotations: Sequence[Annotation]) -> None:
    repeated = [found for found, times in Counter(row.annotation_id for row in annotations).items() if times > 1]
    if repeated:
        raise InvalidAnnotationsError(
            f"expected unique annotation ids, because results are matched by them; {repeated[0][:100]!r} occurs more"
            f" than once (repeated ids: {len(repeated)})"
        )
