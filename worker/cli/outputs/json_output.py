"""JSON instead of tables."""

from typing import Annotated

import typer
from pydantic import BaseModel

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def print_json(found: BaseModel) -> None:
    """Print a model as one JSON document."""
    typer.echo(found.model_dump_json(indent=2))
