"""Which ions an event wants classified."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.errors import InvalidAnnotationsError
from shared.foreign_file import OpenedFile
from shared.limits import require_at_most
from shared.messages.event import Annotation, DatasetAnnotated, ImzmlIonImages
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
    if not annotations and isinstance(data.ion_images, ImzmlIonImages):
        raise InvalidAnnotationsError(
            "list of annotations for an imzML file is empty; right would be at least one, or no list at all (then its"
            " peaks are picked)"
        )
    require_at_most(len(annotations), access.limits.event_ions, "number of annotations")
    _require_unique_ids(annotations)
    return annotations


def _read_list(uri: str, access: SourceAccess) -> list[Annotation]:
    """Read the list that an event names, on disk or in a store, through the same gates as ion images."""
    if is_remote(uri):
        place = access.stores.allowed.resolve(uri)
        with open_store(place, access.stores, connections=1) as store:
            return _parse_annotations(place.name, store.read(place, access.limits.event_bytes))
    with access.roots.open_file(uri) as file:
        return read_annotations(file, access.limits.event_bytes)


def read_annotations(file: Path | OpenedFile, max_bytes: int) -> list[Annotation]:
    """Read a `.json` list of annotations, or a `.csv` with their fields as columns."""
    return _parse_annotations(file.name, read_file(file, max_bytes))


def _parse_annotations(name: str, content: bytes) -> list[Annotation]:
    try:
        if name.lower().endswith(".csv"):
            reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
            _require_columns(name, reader.fieldnames or [])
            return _ANNOTATIONS.validate_python([_from_cells(name, reader.line_num, cells) for cells in reader])
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
        wrong = f"a column {unknown[0][:100]!r}" if unknown else "no column annotation_id"
        raise InvalidAnnotationsError(
            f"{name} has {wrong}; right would be annotation_id and any of"
            f" {', '.join(field for field in Annotation.model_fields if field != 'annotation_id')}, separated by commas"
        )


def _from_cells(name: str, line: int, cells: dict[str, Any]) -> dict[str, Any]:
    """One CSV row without its empty cells; `mz` and `charge` as numbers."""
    found = {column: cell for column, cell in cells.items() if cell not in (None, "")}
    for column, convert in (("mz", float), ("charge", int)):
        try:
            if column in found:
                found[column] = convert(found[column])
        except ValueError as error:
            raise InvalidAnnotationsError(
                f"line {line} of {name} has the {column} {found[column][:40]!r}; right would be a number"
            ) from error
    return found


def _require_unique_ids(annotations: Sequence[Annotation]) -> None:
    repeated = [found for found, times in Counter(row.annotation_id for row in annotations).items() if times > 1]
    if repeated:
        raise InvalidAnnotationsError(
            f"annotation_id {repeated[0][:100]!r} occurs more than once (ids that do: {len(repeated)}); results are"
            " matched by it, so right would be a different one each"
        )
