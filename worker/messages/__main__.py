"""Write the schemas of the messages for other languages: `python -m worker.messages docs/schemas`."""

import sys
from pathlib import Path

from worker.messages.asyncapi import generate_asyncapi
from worker.messages.schema import generate_schemas


def write_descriptions(folder: Path) -> None:
    """Write the JSON Schemas and the AsyncAPI document into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**generate_schemas(), "asyncapi.json": generate_asyncapi()}.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_descriptions(Path(sys.argv[1]))
