"""Events are read strictly, and an error names what is wrong."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidMessageError, TooLargeError, UnsupportedMessageError
from worker.messages.event import DATASET_ANNOTATED, EventIdentity, parse_event, read_identity
from worker.messages.json_values import MAX_JSON_VALUES

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "event-1",
    "source": "/producer",
    "type": DATASET_ANNOTATED,
    "data": {"dataset_id": "dataset-1", "ion_images": {"kind": "png", "uri": "/data/images"}},
}
ANNOTATION = {"annotation_id": "a", "mz": 500.25, "formula": "C6H12O6", "adduct": "+H", "charge": 1, "image": "a.png"}


def make_event(changes: dict[str, Any] | None = None, **data: Any) -> str:
    """The event above, with other attributes, and with other fields in its data."""
    event = copy.deepcopy(EVENT) | (changes or {})
    if isinstance(event["data"], dict):
        event["data"] |= data
    return json.dumps(event)


def test_an_event_is_read_with_all_its_fields() -> None:
    text = make_event(
        {"time": "2026-11-23T12:00:00Z", "subject": "dataset-1", "traceparent": TRACEPARENT},
        annotations=[ANNOTATION],
        release="2026.11.1",
        threshold=0.25,
    )
    event = parse_event(text)
    assert (event.id, event.source, event.traceparent) == ("event-1", "/producer", TRACEPARENT)
    assert (event.data.release, event.data.threshold) == ("2026.11.1", 0.25)
    assert event.data.annotations is not None
    assert event.data.annotations[0].model_dump() == ANNOTATION


def test_text_and_bytes_are_read_the_same_way() -> None:
    text = make_event(dataset_id="Blase, männlich")
    assert parse_event(text) == parse_event(text.encode())


def test_an_event_survives_being_written_and_read_again() -> None:
    event = parse_event(make_event({"tenant": "lab-1", "retries": 3}, annotations=[ANNOTATION]))
    assert parse_event(event.model_dump_json()) == event


def test_cloudevents_extension_attributes_are_accepted() -> None:
    event = parse_event(make_event({"tenant": "lab-1", "retries": 3, "dry": False}))
    assert event.model_extra == {"tenant": "lab-1", "retries": 3, "dry": False}


@pytest.mark.parametrize(
    "ion_images",
    [
        {"kind": "array", "uri": "/data/images.npz"},
        {"kind": "imzml", "uri": "/data/a.imzML", "ppm": 5},
        {"kind": "metaspace", "dataset_id": "2016-09-22_11h16m11s", "database": "HMDB - v4", "fdr": 0.2},
    ],
    ids=lambda location: location["kind"],
)
def test_every_kind_of_version_1_is_read(ion_images: dict[str, Any]) -> None:
    assert parse_event(make_event(ion_images=ion_images)).data.ion_images.kind == ion_images["kind"]


PNG = EVENT["data"]["ion_images"]
WRONG = {
    "no id": make_event({"id": None}),
    "empty id": make_event({"id": ""}),
    "long id": make_event({"id": "x" * 481}),
    "number as id": make_event({"id": 5}),
    "empty source": make_event({"source": ""}),
    "no specversion": json.dumps({name: value for name, value in EVENT.items() if name != "specversion"}),
    "other specversion": make_event({"specversion": "0.3"}),
    "type no text": make_event({"type": 5}),
    "other content type": make_event({"datacontenttype": "text/xml"}),
    "traceparent of a wrong form": make_event({"traceparent": "00-abc"}),
    "time as a number": make_event({"time": 1_700_000_000}),
    "time without zone": make_event({"time": "2026-11-23T12:00:00"}),
    "attribute in capitals": make_event({"Tenant": "lab"}),
    "attribute with a dash": make_event({"my-tenant": "lab"}),
    "data no object": make_event({"data": [1]}),
    "unknown field": make_event(colour="red"),
    "unknown field of ion images": make_event(ion_images=PNG | {"colour": "red"}),
    "unknown field of an annotation": make_event(annotations=[ANNOTATION | {"colour": "red"}]),
    "unknown kind": make_event(ion_images={"kind": "tiff", "uri": "/data"}),
    "no kind": make_event(ion_images={"uri": "/data"}),
    "no uri": make_event(ion_images={"kind": "png"}),
    "empty uri": make_event(ion_images={"kind": "png", "uri": ""}),
    "field of another kind": make_event(ion_images=PNG | {"ppm": 3}),
    "empty dataset id": make_event(dataset_id=""),
    "number as dataset id": make_event(dataset_id=5),
    "m/z as text": make_event(annotations=[ANNOTATION | {"mz": "500.25"}]),
    "m/z as truth value": make_event(annotations=[ANNOTATION | {"mz": True}]),
    "m/z 0": make_event(annotations=[ANNOTATION | {"mz": 0}]),
    "m/z of a million": make_event(annotations=[ANNOTATION | {"mz": 1e6}]),
    "m/z near the end of floats": make_event(annotations=[ANNOTATION | {"mz": 1e308}]),
    "m/z as an endless whole number": make_event(annotations=[ANNOTATION | {"mz": 10**400}]),
    "charge beyond 20": make_event(annotations=[ANNOTATION | {"charge": 21}]),
    "charge beyond 64 bits": make_event(annotations=[ANNOTATION | {"charge": -(2**64)}]),
    "long formula": make_event(annotations=[ANNOTATION | {"formula": "C" * 513}]),
    "long adduct": make_event(annotations=[ANNOTATION | {"adduct": "+H" * 257}]),
    "row beyond 32 bits": make_event(annotations=[ANNOTATION | {"image": 2**31}]),
    "long image name": make_event(annotations=[ANNOTATION | {"image": "x" * 4097}]),
    "image as truth value": make_event(annotations=[ANNOTATION | {"image": True}]),
    "image as half a row": make_event(annotations=[ANNOTATION | {"image": 1.5}]),
    "no annotation id": make_event(annotations=[{"mz": 5.0}]),
    "empty annotation id": make_event(annotations=[{"annotation_id": ""}]),
    "annotations no list": make_event(annotations={"annotation_id": "a"}),
    "annotations twice": make_event(annotations=[ANNOTATION], annotations_uri="/data/annotations.csv"),
    "threshold above 1": make_event(threshold=1.1),
    "threshold as text": make_event(threshold="0.5"),
    "empty release": make_event(release=""),
    "plane beyond 32 bits": make_event(ion_images={"kind": "imzml", "uri": "/a.imzML", "z": 2**63}),
    "plane below 32 bits": make_event(ion_images={"kind": "imzml", "uri": "/a.imzML", "z": -(2**31) - 1}),
    "ppm beyond 1000": make_event(ion_images={"kind": "imzml", "uri": "/a.imzML", "ppm": 1e308}),
    "ppm next to 0": make_event(ion_images={"kind": "imzml", "uri": "/a.imzML", "ppm": 5e-324}),
    "peaks beyond 10,000": make_event(ion_images={"kind": "imzml", "uri": "/a.imzML", "most_peaks": 2**63}),
    "long database": make_event(ion_images={"kind": "metaspace", "dataset_id": "x", "database": "x" * 513}),
    "ppm 0": make_event(ion_images={"kind": "imzml", "uri": "/a.imzML", "ppm": 0}),
    "fdr 0": make_event(ion_images={"kind": "metaspace", "dataset_id": "x", "fdr": 0}),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_an_invalid_event_is_an_error_that_names_the_field(text: str) -> None:
    with pytest.raises(InvalidMessageError, match=r": [\w.-]+: "):
        parse_event(text)


def test_the_error_names_the_field_and_not_its_value() -> None:
    with pytest.raises(InvalidMessageError, match=r"data\.annotations\.1\.mz") as caught:
        parse_event(make_event(annotations=[ANNOTATION, ANNOTATION | {"mz": "secret"}]))
    assert "secret" not in str(caught.value)


def test_many_errors_are_counted_and_not_listed() -> None:
    with pytest.raises(InvalidMessageError, match=r"\(and 97 more\)"):
        parse_event(make_event(annotations=[ANNOTATION | {f"colour{number}": 1 for number in range(100)}]))


def test_a_list_is_read_up_to_its_first_invalid_annotation() -> None:
    with pytest.raises(InvalidMessageError, match=r"annotations\.0") as caught:
        parse_event(make_event(annotations=[{"annotation_id": ""}] * 100))
    assert "more" not in str(caught.value)


@pytest.mark.parametrize(
    "found", ["offsample.dataset.annotated.v2", "offsample.dataset.annotated", "something.else.v1", ""]
)
def test_another_type_or_version_is_unsupported(found: str) -> None:
    with pytest.raises(UnsupportedMessageError, match="type"):
        parse_event(make_event({"type": found}))


MANY = [
    "[" + "1," * MAX_JSON_VALUES + "1]",
    "[" + "{}," * MAX_JSON_VALUES + "{}]",
    "[" * (MAX_JSON_VALUES + 1),
    "[" + '"",' * MAX_JSON_VALUES,
]


@pytest.mark.parametrize("many", MANY, ids=["numbers", "objects", "open lists", "open texts"])
def test_an_event_of_too_many_values_is_rejected_before_it_is_parsed(many: str) -> None:
    """Parsed, 32 MiB of such values took 15 GiB."""
    text = make_event()[:-1] + ', "a": ' + many + "}"
    for form in (text, text.encode()):
        with pytest.raises(TooLargeError, match="JSON values"):
            parse_event(form)
        assert read_identity(form) == EventIdentity()


def test_punctuation_in_strings_does_not_count_as_values() -> None:
    name = "[," * (MAX_JSON_VALUES // 2)
    assert parse_event(make_event({"a": name, "b": name + '"\\' * 9})).id == "event-1"


def test_an_unterminated_string_is_not_an_event() -> None:
    with pytest.raises(InvalidMessageError):
        parse_event('{"a": "' + '\\"[' * MAX_JSON_VALUES)


NOT_JSON: dict[str, str | bytes] = {
    "nothing": "",
    "text": "hello",
    "half": make_event()[:-5],
    "two": make_event() * 2,
    "not UTF-8": make_event(dataset_id="ä").encode("latin-1").replace(b"\\u00e4", b"\xe4"),
    "byte order mark": "\ufeff" + make_event(),
    "NaN as m/z": make_event(annotations=[ANNOTATION | {"mz": float("nan")}]),
    "infinite m/z": make_event(annotations=[ANNOTATION | {"mz": float("inf")}]),
    "NaN as threshold": make_event(threshold=float("nan")),
    "NaN in an extension": make_event({"tenant": float("nan")}),
    "half a surrogate pair": make_event(dataset_id="\ud800"),
    "half a surrogate pair as text": make_event().replace("dataset-1", "\ud800"),
    "deep lists": "[" * 100_000,
    "deep objects": '{"data":' * 100_000,
    "closed deep lists": make_event()[:-1] + ', "a": ' + "[" * 5000 + "]" * 5000 + "}",
    "a number of ten thousand digits": make_event()[:-1] + ', "a": ' + "9" * 10_000 + "}",
}


@pytest.mark.parametrize("text", NOT_JSON.values(), ids=NOT_JSON)
def test_text_that_is_not_json_is_an_error(text: str | bytes) -> None:
    with pytest.raises(InvalidMessageError, match="JSON"):
        parse_event(text)


@pytest.mark.parametrize("text", ["[]", "null", "5", '"text"'])
def test_json_that_is_not_an_object_is_an_error(text: str) -> None:
    with pytest.raises(InvalidMessageError, match="object"):
        parse_event(text)


def test_the_identity_of_an_invalid_event_is_read_as_far_as_possible() -> None:
    text = make_event({"traceparent": TRACEPARENT, "type": "something.else"}, colour="red")
    assert read_identity(text) == EventIdentity("event-1", "/producer", "dataset-1", TRACEPARENT)
    assert read_identity(make_event({"id": 5, "traceparent": "x"})) == EventIdentity(None, "/producer", "dataset-1")
    assert read_identity(make_event({"data": None, "source": ""})) == EventIdentity("event-1")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
near_events = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.just("1.0") | json_values,
        "id": st.just("event-1") | json_values,
        "source": st.just("/producer") | json_values,
        "type": st.just(DATASET_ANNOTATED) | json_values,
        "traceparent": json_values,
        "data": st.dictionaries(st.sampled_from(["dataset_id", "ion_images", "annotations"]), json_values)
        | json_values,
    },
)
foreign = st.one_of(
    st.text(st.characters(codec=None)),
    st.text(st.characters(categories=["Cs"]), min_size=1),
    st.binary(),
    json_values.map(json.dumps),
    near_events.map(json.dumps),
)


@given(foreign)
def test_reading_an_identity_never_raises(text: str | bytes) -> None:
    identity = read_identity(text)
    for found in (identity.event_id, identity.source, identity.dataset_id):
        assert found is None or (isinstance(found, str) and found)


@given(foreign)
def test_any_message_is_an_event_or_an_invalid_message(text: str | bytes) -> None:
    with pytest.raises(InvalidMessageError):
        parse_event(text)
