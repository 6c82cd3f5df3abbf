"""`offsample results`: what the results stream holds."""

from typing import Annotated

import typer
from rich.console import Console

from shared.errors import NotFoundError
from worker.consumer import read_answers
from worker.ledger.ledger import connect
from worker.row_format import RowFormat, describe_counts, print_rows
from worker.settings import Settings


def results(
    event: Annotated[str | None, typer.Argument(help="An event's id; default: all events.")] = None,
    *,
    dataset_id: Annotated[str | None, typer.Option(help="Only this dataset's.")] = None,
    row_format: Annotated[RowFormat, typer.Option("--format", help="What is printed on stdout.")] = RowFormat.TABLE,
) -> None:
    """Print the results that stand in the results stream; nothing is taken out of it."""
    settings = Settings.read()
    answers = [
        answer
        for answer in read_answers(connect(settings.redis_url), settings.names)
        if event in (None, answer.event_id) and dataset_id in (None, answer.dataset_id)
    ]
    if not answers:
        raise NotFoundError("no such results; right would be an event that was answered and not yet trimmed away")
    console = Console(stderr=True, highlight=False)
    for answer in answers:
        if answer.rejection is not None:
            said = f"rejected ({answer.rejection.data.error}): {answer.rejection.data.message}"
        elif answer.summary is not None:
            said = f"{describe_counts(answer.summary.counts)} (release {answer.summary.release})"
        else:
            said = "closing message not here"
        console.print(f"event {answer.event_id}, dataset {answer.dataset_id}: {said}", markup=False)
        if row_format is RowFormat.TABLE and answer.rows:
            print_rows(answer.rows, row_format)
    if row_format is not RowFormat.TABLE:
        print_rows([row for answer in answers for row in answer.rows], row_format)
