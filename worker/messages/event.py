"""The event that starts all work: a dataset was annotated."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json

from shared.errors import InvalidMessageError, TooLargeError, UnsupportedMessageError
from shared.validation import describe_validation_error
from worker.messages.cloud_event import (
    AnnotationId,
    CloudEvent,
    DatasetId,
    EventId,
    EventSource,
    MessagePart,
    Probability,
    Traceparent,
)
from worker.messages.json_values import limit_json_values

DATASET_ANNOTATED: Final = "offsample.dataset.annotated.v1"

Uri = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Text = Annotated[str, StringConstraints(max_length=512)]
ReportPath = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^/\x00-\x1f][^\x00-\x1f]*\.html$")]
Index = Annotated[int, Field(ge=-(2**31), lt=2**31)]
"""An index that array libraries accept."""


class Annotation(MessagePart):
    """One ion of the dataset, and where its image is."""

    annotation_id: AnnotationId
    """The producer's id; results are matched by it."""

    mz: float | None = Field(default=None, gt=0, lt=1e6)
    """Mass-to-charge ratio, Th."""

    formula: Text | None = None
    """Sum formula."""

    adduct: Text | None = None
    """Adduct, such as +H, -H2O+H, [M+Na]+ or [M]-."""

    charge: int | None = Field(default=None, ge=-20, le=20)
    """Charge of the ion; None or 0 = that of the adduct."""

    image: Annotated[str, StringConstraints(max_length=4096)] | Index | None = None
    """File name below the `uri` (png; default: the annotation id + ".png"), or row from 0 (array; default: the row of
    `annotation_ids` that is the annotation id, else the annotation id as a number), or METASPACE's `ion` (metaspace;
    default: the annotation id)."""


class PngIonImages(MessagePart):
    """PNG files in a folder or store, one per ion image; alpha 0 = not acquired."""

    kind: Literal["png"]
    uri: Uri
    """The folder: an absolute path, a file://, s3://, gs://, http:// or https:// URI. With `{annotation_id}` or
    `{image}` in it, a template that names each file."""


class ArrayIonImages(MessagePart):
    """One array of all ion images."""

    kind: Literal["array"]
    uri: Uri
    """An .npz or zarr folder (`images`, and optionally `acquired`, `mz`, `annotation_ids`), an .npy file, or an AnnData
    .h5ad file as metaspace-converter writes it."""


class ImzmlIonImages(MessagePart):
    """An imzML file, whose ion images are extracted."""

    kind: Literal["imzml"]
    uri: Uri
    """The .imzML file; its .ibd is in the same folder."""
    ppm: float = Field(default=3.0, ge=0.001, le=1000)
    """Half width of the m/z window, parts per million."""
    z: Index | None = None
    """Plane of a 3-D file; None = the only one."""
    most_peaks: int = Field(default=500, ge=1, le=10_000)
    """Maximum number of peaks to pick when the event names no annotations."""


class MetaspaceIonImages(MessagePart):
    """A dataset on METASPACE."""

    kind: Literal["metaspace"]
    dataset_id: DatasetId
    """Dataset id on METASPACE."""
    database: Text | None = None
    """Molecular database, by name and version (HMDB-v4) or id; None = HMDB-v4 if the dataset has it, else its first."""
    fdr: float = Field(default=0.1, gt=0, le=1)
    """Highest false discovery rate of the annotations to classify."""


IonImagesLocation = Annotated[
    PngIonImages | ArrayIonImages | ImzmlIonImages | MetaspaceIonImages, Field(discriminator="kind")
]


class DatasetAnnotated(MessagePart):
    """Data of `offsample.dataset.annotated.v1`."""

    model_config = ConfigDict(
        json_schema_extra={  # the rule of `_check_annotations`, for users of the schema
            "not": {
                "properties": {"annotations": {"type": "array"}, "annotations_uri": {"type": "string"}},
                "required": ["annotations", "annotations_uri"],
            }
        }
    )

    dataset_id: DatasetId
    """The dataset, as the producer names it."""

    ion_images: IonImagesLocation
    """Where the ion images are."""

    annotations: Annotated[list[Annotation], Field(fail_fast=True)] | None = None
    """Ions to classify; with neither this nor `annotations_uri`, every image."""

    annotations_uri: Uri | None = None
    """A .json (list of annotations) or .csv (their fields as columns) file, on disk or in a store, instead of
    `annotations`."""

    release: str | None = Field(default=None, min_length=1, max_length=64)
    """The release to use; None = the worker's default."""

    threshold: Probability | None = None
    """Off-sample probability at and above which the label is "off"; None = the release's."""

    report: ReportPath | None = None
    """Where to write a page about the dataset: an .html file below the worker's OFFSAMPLE_REPORT_ROOT; None = none."""

    @model_validator(mode="after")
    def _check_annotations(self) -> Self:
        if self.annotations is not None and self.annotations_uri is not None:
            raise ValueError("expected annotations or annotations_uri, got both")
        return self


class DatasetAnnotatedEvent(CloudEvent):
    """A dataset was annotated: classify its ion images."""

    specversion: Literal["1.0"]
    """Version of CloudEvents."""

    id: EventId
    """Unique within `source`; the same id is the same event."""

    source: EventSource
    """Who sends: a URI reference."""

    type: Literal["offsample.dataset.annotated.v1"]
    data: DatasetAnnotated


@dataclass(frozen=True)
class EventIdentity:
    """Ids of an event, as far as they can be read from a valid or invalid message."""

    event_id: str | None = None
    source: str | None = None
    dataset_id: str | None = None
    traceparent: str | None = None

    @property
    def trace_id(self) -> str | None:
        """The trace that the event belongs to: the second part of its `traceparent`."""
        return self.traceparent.split("-")[1] if self.traceparent else None


def parse_event(text: str | bytes) -> DatasetAnnotatedEvent:
    """Read one event.

    Raises
    ------
    UnsupportedMessageError
        When it is a message of another type or version.
    InvalidMessageError
        When it is not a valid message; names the first wrong fields.
    TooLargeError
        When it has more JSON values than `MAX_JSON_VALUES`.
    """
    content = _parse_object(text)
    found_type = content.get("type")
    if isinstance(found_type, str) and found_type != DATASET_ANNOTATED:
        raise UnsupportedMessageError(f"expected type {DATASET_ANNOTATED!r}, got {found_type[:200]!r}")
    try:
        return DatasetAnnotatedEvent.model_validate_json(text)
    except ValidationError as error:
        raise InvalidMessageError(
            f"event does not match docs/messages.md: {describe_validation_error(error)}"
        ) from error


def read_identity(text: str | bytes) -> EventIdentity:
    """Read what identifies an event, valid or not; never raises."""
    try:
        content = _parse_object(text)
    except (InvalidMessageError, TooLargeError):
        return EventIdentity()
    data = content.get("data")
    return EventIdentity(
        event_id=_valid_or_none(EventId, content.get("id")),
        source=_valid_or_none(EventSource, content.get("source")),
        dataset_id=_valid_or_none(DatasetId, data.get("dataset_id")) if isinstance(data, dict) else None,
        traceparent=_valid_or_none(Traceparent, content.get("traceparent")),
    )


def _parse_object(text: str | bytes) -> dict[str, Any]:
    limit_json_values(text, "event")
    try:
        content = from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: text with lone surrogates
        raise InvalidMessageError(f"expected one JSON object in UTF-8, got text that is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InvalidMessageError(f"expected one JSON object, got a JSON {type(content).__name__}")
    return content


def _valid_or_none(kind: Any, value: object) -> str | None:
    try:
        found: str = TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return None
    return found
