"""The messages that answer an event."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from model_store.profile import DatasetProfile
from worker.messages.cloud_event import (
    AnnotationId,
    CloudEvent,
    DatasetId,
    MessageId,
    MessagePart,
    Probability,
    SourceUri,
)

ROWS_PER_CHUNK = 1_000

Label = Literal["on", "off"]
Assessment = Literal[
    "no_background",
    "unclear_background",
    "mostly_uncertain",
    "mostly_no_signal",
    "mostly_unreadable",
    "little_acquired",
    "few_pixels",
    "few_counts",
]
"""What to check before the labels of a dataset are believed; explained in docs/messages.md."""
Status = Literal["classified", "no_signal", "unreadable"]


class AnswerPart(MessagePart):
    """A part of an answer; a later version may add fields, which readers ignore."""

    model_config = ConfigDict(extra="ignore")


class ResultRow(AnswerPart):
    """The result for one annotation."""

    annotation_id: AnnotationId
    """As in the event; match rows by it, not by position."""

    status: Status
    """`no_signal`: the image shows nothing; `unreadable`: the image is missing or invalid."""

    label: Label | None = None
    """On-sample or off-sample; null when not classified."""

    off_sample_probability: Probability | None = None
    """P(off); null when not classified."""

    member_spread: float | None = Field(default=None, ge=0)
    """Standard deviation of the probability over the ensemble's members."""

    uncertain: bool | None = None
    """Whether the probability is in the release's uncertain band; null when the release has none."""

    reason: str | None = None
    """Why the row is not classified, in one sentence."""


class AboutEvent(AnswerPart):
    """The event that a message answers, and the release and threshold used."""

    event_id: MessageId
    event_source: SourceUri
    dataset_id: DatasetId
    release: str
    """The release that was used."""
    threshold: Probability
    """Off-sample probability at and above which the label is "off"."""


class ResultChunk(AboutEvent):
    """Data of `offsample.ion_images.classified.v1`: up to 1,000 rows of one event."""

    part: int = Field(ge=1)
    """This chunk's number, from 1."""
    parts: int = Field(ge=1)
    """Number of chunks of the event."""
    rows: list[ResultRow] = Field(max_length=ROWS_PER_CHUNK)


class Counts(AnswerPart):
    """Number of annotations by outcome; `on` + `off` = `classified`."""

    annotations: int = Field(ge=0)
    classified: int = Field(ge=0)
    on: int = Field(ge=0)
    off: int = Field(ge=0)
    uncertain: int = Field(ge=0)
    no_signal: int = Field(ge=0)
    unreadable: int = Field(ge=0)


def count_rows(rows: Sequence[ResultRow]) -> Counts:
    """Rows by outcome."""
    statuses = Counter(row.status for row in rows)
    labels = Counter(row.label for row in rows)
    return Counts(
        annotations=len(rows),
        classified=statuses["classified"],
        on=labels["on"],
        off=labels["off"],
        uncertain=sum(row.uncertain is True for row in rows),
        no_signal=statuses["no_signal"],
        unreadable=statuses["unreadable"],
    )


class Timings(AnswerPart):
    """Durations, seconds."""

    queued_seconds: float = Field(ge=0)
    """From the server's receipt of the event to the start of this run."""
    predict_seconds: float = Field(ge=0)
    """Inside the predictor."""
    total_seconds: float = Field(ge=0)
    """From the start of this run to its end."""


class DatasetSummary(AboutEvent):
    """Data of `offsample.dataset.classified.v1`: the closing message of one event."""

    engine: Literal["onnx", "tensorflow"]
    parts: int = Field(ge=0)
    counts: Counts
    timings: Timings
    off_sample_area: Literal["present", "absent", "unclear"] | None = None
    """Whether the dataset has off-sample area; null when the release does not predict it."""
    off_sample_area_probability: Probability | None = None
    """Probability that the dataset has off-sample area; null when the release does not predict it."""
    assessment: list[Assessment] = Field(default_factory=list)
    """What to check before the labels of this dataset are believed; usually nothing."""
    report: str | None = None
    """The report that was written, as the event named it; null when it named none."""
    profile: DatasetProfile | None = None
    """The dataset in a few numbers, to notice when datasets change; null when no ion image was classified."""


class Tried(AnswerPart):
    """Where, and after how many deliveries, an event was rejected."""

    deliveries: int = Field(ge=0)
    """How often the event was handed to a worker; 0 for one that was cancelled while it waited."""
    stream: str
    entry_id: str
    """The event's entry in that stream."""
    worker: str
    """The process that rejected it: `<name>@<host>/<pid>/<unique part>`."""


class Rejection(AnswerPart):
    """Data of `offsample.dataset.rejected.v1`: the event could not be processed."""

    event_id: MessageId | None
    event_source: SourceUri | None
    dataset_id: DatasetId | None
    error: str
    """Stable code, such as `invalid_message`, `forbidden_uri`, `too_many_deliveries`."""
    message: str
    """What was wrong and what was expected, in one sentence."""
    tried: Tried


class IonImagesClassified(CloudEvent):
    """A chunk of rows."""

    type: Literal["offsample.ion_images.classified.v1"] = "offsample.ion_images.classified.v1"
    time: datetime
    data: ResultChunk


class DatasetClassified(CloudEvent):
    """The closing message; it follows all chunks of the event in the stream."""

    type: Literal["offsample.dataset.classified.v1"] = "offsample.dataset.classified.v1"
    time: datetime
    data: DatasetSummary


class DatasetRejected(CloudEvent):
    """The event could not be processed."""

    type: Literal["offsample.dataset.rejected.v1"] = "offsample.dataset.rejected.v1"
    time: datetime
    data: Rejection


ResultMessage = IonImagesClassified | DatasetClassified | DatasetRejected
