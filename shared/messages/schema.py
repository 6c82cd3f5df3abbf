"""JSON Schema of every message, for users of other languages: `python -m shared.messages.schema docs/schemas`."""

import json
import sys
from pathlib import Path

from shared.messages.cloud_event import CloudEvent
from shared.messages.event import DatasetAnnotatedEvent
from shared.messages.results import DatasetClassified, DatasetRejected, IonImagesClassified

MESSAGES: tuple[type[CloudEvent], ...] = (
    DatasetAnnotatedEvent,
    IonImagesClassified,
    DatasetClassified,
    DatasetRejected,
)


def generate_schemas() -> dict[str, str]:
    """File name -> JSON Schema (draft 2020-12) of one message."""
    schemas = {}
    for message in MESSAGES:
        schema = message.model_json_schema()
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        name = schema["properties"]["type"]["const"]
        schemas[f"{name}.schema.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return schemas


def write_schemas(folder: Path) -> None:
    """Write every schema into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generate_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
