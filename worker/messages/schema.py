"""JSON Schema of every message, for users of other languages."""

import json

from worker.messages.cloud_event import CloudEvent
from worker.messages.event import DatasetAnnotatedEvent
from worker.messages.results import DatasetClassified, DatasetRejected, IonImagesClassified

MESSAGES: tuple[type[CloudEvent], ...] = (
    DatasetAnnotatedEvent,
    IonImagesClassified,
    DatasetClassified,
    DatasetRejected,
)


def message_type(message: type[CloudEvent]) -> str:
    """The CloudEvents `type` of a message, with its version."""
    name: str = message.model_json_schema()["properties"]["type"]["const"]
    return name


def schema_name(message: type[CloudEvent]) -> str:
    """File name of a message's schema."""
    return f"{message_type(message)}.schema.json"


def generate_schemas() -> dict[str, str]:
    """File name -> JSON Schema (draft 2020-12) of one message."""
    schemas = {}
    for message in MESSAGES:
        schema = message.model_json_schema()
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schemas[schema_name(message)] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return schemas
