"""`offsample results trim`: delete results that have been read."""

from typing import Annotated

import typer
from pydantic import BaseModel

from shared.counting import count_of
from shared.progress_bar import show_progress
from worker.cli.operators.options import OlderThan, open_queue
from worker.cli.outputs.json_output import AsJson, print_json
from worker.operators.trimming import trim_results


class _Trimmed(BaseModel):
    """What is printed with --json."""

    deleted: int


def trim(
    *,
    older_than: OlderThan = None,
    ignore_groups: Annotated[
        bool, typer.Option("--ignore-groups", help="Delete by age alone, read or not; needs --older-than.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete results that every consumer group has read and acknowledged."""
    if ignore_groups and older_than is None:
        raise typer.BadParameter("expected --older-than with --ignore-groups, got --ignore-groups alone")
    with show_progress() as on_progress:
        deleted = trim_results(
            open_queue(), older_than_seconds=older_than or 0.0, ignore_groups=ignore_groups, on_progress=on_progress
        )
    if as_json:
        print_json(_Trimmed(deleted=deleted))
    else:
        typer.echo(f"deleted {count_of(deleted, 'result')}")
