"""Which ions an event wants classified."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shared.errors import InvalidAnnotationsError
from shared.files.foreign_file import OpenedFile
from shared.limits import Limits, require_at_most
from worker.access.allowed_roots import read_file
from worker.access.store_uri import is_remote
from worker.events.annotation_list import parse_annotations
from worker.messages.event import Annotation, DatasetAnnotated, ImzmlIonImages
from worker.sources.opening import SourceAccess
from worker.sources.source import IonImageSource
from worker.stores.opening import open_store


def list_annotations(data: DatasetAnnotated, source: IonImageSource, access: SourceAccess) -> Sequence[Annotation]:
    """The event's annotations, else those of its list, else every ion of the source.

    Raises
    ------
    InvalidAnnotationsError
        When the list is unreadable or repeats an id.
    TooLargeError
        When they are too many.
    """
    annotations: Sequence[Annotation]
    if data.annotations is not None:
        annotations = data.annotations
    elif data.annotations_uri is not None:
        annotations = _read_list(data.annotations_uri, access)
    else:
        annotations = source.annotations()
    if not annotations and isinstance(data.ion_images, ImzmlIonImages):
        raise InvalidAnnotationsError(
            "list of annotations for an imzML file is empty; expected at least one, or no list at all (then its peaks"
            " are picked)"
        )
    require_at_most(len(annotations), access.limits.event_ions, "number of annotations")
    _require_unique_ids(annotations)
    return annotations


def _read_list(uri: str, access: SourceAccess) -> list[Annotation]:
    """Read the list that an event names, on disk or in a store, through the same gates as ion images."""
    if is_remote(uri):
        place = access.stores.allowed.resolve(uri)
        with open_store(place, access.stores, connections=1) as store:
            content = store.read(place, access.limits.event_bytes)
        return parse_annotations(place.name, content, access.limits.event_ions)
    with access.roots.open_file(uri) as file:
        return read_annotations(file, access.limits)


def read_annotations(file: Path | OpenedFile, limits: Limits) -> list[Annotation]:
    """Read a list of annotations, see `parse_annotations`; raises as `read_file`, too."""
    return parse_annotations(file.name, read_file(file, limits.event_bytes), limits.event_ions)


def _require_unique_ids(annotations: Sequence[Annotation]) -> None:
    repeated = [found for found, times in Counter(row.annotation_id for row in annotations).items() if times > 1]
    if repeated:
        raise InvalidAnnotationsError(
            f"annotation_id {repeated[0][:100]!r} occurs more than once (ids that do: {len(repeated)}); results are"
            " matched by it, so expected a different one each"
        )
