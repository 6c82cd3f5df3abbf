"""The committed examples of every message are read as when they were written: other systems hold such messages.

A file stays as it is for good. A change of a message adds an example, or a folder for a new version.
"""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from worker.messages.event import parse_event
from worker.messages.results import DatasetClassified, DatasetRejected, IonImagesClassified

DOCS = Path(__file__).parents[2] / "docs"
SCHEMAS = DOCS / "schemas"
EXAMPLES = sorted((DOCS / "examples").glob("*/*.json"))
ANSWERS = {one.model_fields["type"].default: one for one in (IonImagesClassified, DatasetClassified, DatasetRejected)}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_is_still_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    message = json.loads(text)
    assert message["type"] == path.parent.name
    schema = json.loads((SCHEMAS / f"{message['type']}.schema.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(message)] == []
    answer = ANSWERS.get(message["type"])
    if answer is None:
        read = parse_event(text)
        assert (read.id, read.data.dataset_id) == (message["id"], message["data"]["dataset_id"])
    else:
        data = answer.model_validate_json(text).model_dump(mode="json")["data"]
        assert {name: data[name] for name in message["data"]} == message["data"]


def test_every_message_has_an_example() -> None:
    named = {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json")}
    assert {path.parent.name for path in EXAMPLES} == named


def test_the_examples_of_answers_have_every_field() -> None:
    for message_type, answer in ANSWERS.items():
        fields = answer.model_fields["data"].annotation
        assert fields is not None
        paths = [path for path in EXAMPLES if path.parent.name == message_type]
        given = [json.loads(path.read_text(encoding="utf-8"))["data"] for path in paths]
        assert set().union(*given) >= set(fields.model_fields), message_type
