"""Which ions an event wants classified."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.errors import InvalidAnnotationsError
from shared.limits import require_at_most
from shared.messages.event import Annotation, DatasetAnnotated
from shared.validation import describe_validation_error
from worker.files import read_file
from worker.sources.opening import SourceAccess
from worker.sources.source import IonImageSource
from worker.stores.opening import open_store
from worker.stores.store_uri import is_remote

_ANNOTATIONS = TypeAdapter(list[Annotation])
_RIGHT = "a JSON list, or CSV with a column annotation_id"


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
    require_at_most(len(annotations), access.limits.event_ions, "number of annotations")
    _require_unique_ids(annotations)
    return annotations


def _read_list(uri: str, access: SourceAccess) -> list[Annotation]:
    """Read the list that an event names, on disk or in a store, through the same gates as ion images."""
    if is_remote(uri):
        place = access.stores.allowed.resolve(uri)
        content = open_store(place, access.stores, connections=1).read(place, access.limits.event_bytes)
        return _parse_annotations(place.name, content)
    path = access.roots.resolve(uri)
    access.roots.require_existing(path, uri)
    return read_annotations(path, access.limits.event_bytes)


def read_annotations(path: Path, max_bytes: int) -> list[Annotation]:
    """Read a `.json` list of annotations, or a `.csv` with their fields as columns."""
    return _parse_annotations(path.name, read_file(path, max_bytes))


def _parse_annotations(name: str, content: bytes) -> list[Annotation]:
    try:
        if name.lower().endswith(".csv"):
            reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
            _require_columns(name, reader.fieldnames or [])
            return _ANNOTATIONS.validate_python([_from_cells(cells) for cells in reader])
        return _ANNOTATIONS.validate_json(content)
    except ValidationError as error:
        raise InvalidAnnotationsError(
            f"{name} is no list of annotations: {describe_validation_error(error)}; right would be {_RIGHT}"
        ) from error
    except (ValueError, csv.Error) as error:
        raise InvalidAnnotationsError(f"{name} cannot be read ({error}); right would be {_RIGHT}") from error


def _require_columns(name: str, columns: Sequence[str]) -> None:
    unknown = [column for column in columns if column not in Annotation.model_fields]
    if unknown or "annotation_id" not in columns:
        raise InvalidAnnotationsError(
            f"{name} has the columns {', '.join(columns)[:200] or '(none)'}; right would be annotation_id, and of"
            f" {', '.join(field for field in Annotation.model_fields if field != 'annotation_id')} those there are,"
            " separated by commas"
        )


def _from_cells(cells: dict[str, Any]) -> dict[str, Any]:
    """One CSV row without its empty cells; `mz` as a number."""
    found = {name: cell for name, cell in cells.items() if cell not in (None, "")}
    if "mz" in found:
        found["mz"] = float(found["mz"])
    return found


def _require_unique_ids(annotations: Sequence[Annotation]) -> None:
    repeated = [found for found, times in Counter(row.annotation_id for row in annotations).items() if times > 1]
    if repeated:
        raise InvalidAnnotationsError(
            f"annotation_id {repeated[0][:100]!r} occurs more than once ({len(repeated)} such ids); results are matched"
            " by it, so right would be a different one each"
        )
