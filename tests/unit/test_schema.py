"""The committed JSON Schemas match the models: both accept and reject the same documents."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from worker.ledger.names import Names
from worker.messages.__main__ import write_descriptions
from worker.messages.asyncapi import generate_asyncapi
from worker.messages.cloud_event import CloudEvent
from worker.messages.event import DATASET_ANNOTATED
from worker.messages.results import (
    Counts,
    DatasetClassified,
    DatasetRejected,
    DatasetSummary,
    IonImagesClassified,
    Rejection,
    ResultChunk,
    ResultRow,
    Timings,
    Tried,
)
from worker.messages.schema import MESSAGES, generate_schemas

COMMITTED = Path(__file__).parents[2] / "docs" / "schemas"
VALIDATORS = {
    message: Draft202012Validator(json.loads(text))
    for message, text in zip(MESSAGES, generate_schemas().values(), strict=True)
}
EVENT, CHUNK, CLOSING, REJECTED = MESSAGES
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ABOUT = {
    "event_id": "event-1",
    "event_source": "/producer",
    "dataset_id": "dataset-1",
    "release": "2026.11.1",
    "threshold": 0.5,
}
ROWS = [
    ResultRow(
        annotation_id="a",
        status="classified",
        label="off",
        off_sample_probability=0.9,
        member_spread=0.01,
        uncertain=None,
    ),
    ResultRow(annotation_id="b", status="unreadable", reason="PNG is truncated"),
]
COUNTS = Counts(annotations=2, classified=1, on=0, off=1, uncertain=0, no_signal=0, unreadable=1)
TIMINGS = Timings(queued_seconds=0.1, predict_seconds=0.2, total_seconds=0.3)
PROFILE = {
    "images": 3,
    "probability_quantiles": [0, 0.1, 0.2, 0.9, 1],
    "spread": 0.01,
    "zero_share": 0.4,
    "off_share": 0.25,
}
TRIED = Tried(deliveries=1, stream="offsample:events", entry_id="1-0", worker="host-1")
EXAMPLES: list[CloudEvent] = [
    IonImagesClassified(id="event-1/1", source="/w", time=NOW, data=ResultChunk(**ABOUT, part=1, parts=1, rows=ROWS)),
    DatasetClassified(
        id="event-1/done",
        source="/w",
        time=NOW,
        data=DatasetSummary(**ABOUT, engine="onnx", parts=1, counts=COUNTS, timings=TIMINGS),
    ),
    DatasetRejected(
        id="event-1/rejected",
        source="/w",
        time=NOW,
        data=Rejection(
            event_id=None, event_source=None, dataset_id=None, error="invalid_message", message="no JSON", tried=TRIED
        ),
    ),
]


def make_event(**data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "event-1",
        "source": "/producer",
        "type": DATASET_ANNOTATED,
        "data": {"dataset_id": "dataset-1", "ion_images": {"kind": "png", "uri": "/data"}} | data,
    }


def change(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return document | changes


def change_data(example: CloudEvent, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(example.model_dump_json())
    document["data"] |= changes
    return document


def test_the_committed_schemas_are_current() -> None:
    """`make schemas` writes them."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()}
    assert committed == {**generate_schemas(), "asyncapi.json": generate_asyncapi()}


def test_schemas_are_written_to_the_given_folder(tmp_path: Path) -> None:
    write_descriptions(tmp_path / "new" / "folder")
    names = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert names == {*generate_schemas(), "asyncapi.json"}


def test_the_asyncapi_document_names_the_streams_of_the_ledger() -> None:
    channels = json.loads(generate_asyncapi())["channels"].values()
    names = Names("n")
    addresses = {channel["address"].format(namespace="n") for channel in channels}
    assert addresses == {*names.streams, names.results, names.dead_letters}


@pytest.mark.parametrize("validator", VALIDATORS.values(), ids=[message.__name__ for message in MESSAGES])
def test_every_schema_is_valid(validator: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(validator.schema)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_what_the_worker_writes_matches_its_schema(example: CloudEvent) -> None:
    VALIDATORS[type(example)].validate(json.loads(example.model_dump_json()))


GOOD: list[tuple[type[CloudEvent], dict[str, Any]]] = [
    (EVENT, make_event()),
    (EVENT, change(make_event(), id="x" * 480)),
    (EVENT, make_event(annotations=[], threshold=0, release="r")),
    (EVENT, make_event(annotations=None, annotations_uri="/a.csv")),
    (EVENT, make_event(annotations=[{"annotation_id": "a", "image": 5}, {"annotation_id": "b", "image": "b.png"}])),
    (EVENT, make_event(annotations=[{"annotation_id": "a", "mz": 5}])),
    (EVENT, make_event(report="2026/bladder.html")),
    (EVENT, make_event(ion_images={"kind": "array", "uri": "/a.npz"})),
    (EVENT, make_event(ion_images={"kind": "imzml", "uri": "/a.imzML"})),
    (EVENT, make_event(ion_images={"kind": "metaspace", "dataset_id": "x", "fdr": 0.5})),
    (EVENT, change(make_event(), tenant="lab", retries=3, time="2026-11-23T12:00:00+01:00")),
    (CHUNK, change_data(EXAMPLES[0], rows=[])),
    (CHUNK, change_data(EXAMPLES[0], added_in_a_later_version=1)),
    (CLOSING, change_data(EXAMPLES[1], profile=PROFILE, added_in_a_later_version={"a": 1})),
    (CLOSING, change_data(EXAMPLES[1], off_sample_area="present", report="a.html", assessment=["no_background"])),
    (REJECTED, change_data(EXAMPLES[2], event_id="event-1")),
]
BAD: list[tuple[type[CloudEvent], dict[str, Any]]] = [
    (EVENT, {}),
    (EVENT, change(make_event(), specversion="0.3")),
    (EVENT, change(make_event(), id="")),
    (EVENT, change(make_event(), id="x" * 481)),
    (EVENT, {name: value for name, value in make_event().items() if name != "specversion"}),
    (EVENT, change(make_event(), id=5)),
    (EVENT, change(make_event(), type="offsample.dataset.annotated.v2")),
    (EVENT, change(make_event(), traceparent="00-abc")),
    (EVENT, change(make_event(), Tenant="lab")),
    (EVENT, change(make_event(), data=[])),
    (EVENT, make_event(colour="red")),
    (EVENT, make_event(annotations=[], annotations_uri="/a.csv")),
    (EVENT, make_event(annotations=[{"annotation_id": ""}])),
    (EVENT, make_event(annotations=[{"annotation_id": "a", "mz": "5"}])),
    (EVENT, make_event(annotations=[{"annotation_id": "a", "mz": 0}])),
    (EVENT, make_event(annotations=[{"annotation_id": "a", "mz": True}])),
    (EVENT, make_event(annotations=[{"annotation_id": "a", "image": 1.5}])),
    (EVENT, make_event(threshold=1.5)),
    (EVENT, make_event(report="/absolute.html")),
    (EVENT, make_event(report="bladder.pdf")),
    (EVENT, make_event(report="two\nlines.html")),
    (EVENT, make_event(ion_images={"kind": "tiff", "uri": "/a"})),
    (EVENT, make_event(ion_images={"kind": "png", "uri": "/a", "ppm": 3})),
    (EVENT, make_event(ion_images={"kind": "imzml", "uri": "/a", "ppm": 0})),
    (EVENT, make_event(ion_images={"kind": "metaspace", "dataset_id": "x", "fdr": 2})),
    (CHUNK, change_data(EXAMPLES[0], part=0)),
    (CHUNK, change_data(EXAMPLES[0], rows=[{"annotation_id": "a", "status": "lost"}])),
    (CHUNK, change_data(EXAMPLES[0], rows=[{"annotation_id": "a", "status": "classified", "label": "maybe"}])),
    (CHUNK, change_data(EXAMPLES[0], rows=[{"annotation_id": str(row), "status": "no_signal"} for row in range(1001)])),
    (CLOSING, change_data(EXAMPLES[1], engine="abacus")),
    (CLOSING, change_data(EXAMPLES[1], profile=PROFILE | {"probability_quantiles": [0.1, 0.2, 0.3, 0.4]})),
    (CLOSING, change_data(EXAMPLES[1], profile=PROFILE | {"off_share": 1.5})),
    (CLOSING, change_data(EXAMPLES[1], off_sample_area="maybe")),
    (REJECTED, change_data(EXAMPLES[2], tried=None)),
]


@pytest.mark.parametrize(("message", "document"), GOOD)
def test_schema_and_model_accept_a_valid_document(message: type[CloudEvent], document: dict[str, Any]) -> None:
    VALIDATORS[message].validate(document)
    message.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(("message", "document"), BAD)
def test_schema_and_model_reject_an_invalid_document(message: type[CloudEvent], document: dict[str, Any]) -> None:
    assert not VALIDATORS[message].is_valid(document)
    with pytest.raises(ValidationError):
        message.model_validate_json(json.dumps(document))
