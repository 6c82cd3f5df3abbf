"""`offsample results`: what the results stream holds."""

from typing import Annotated

import typer
from rich.console import Console

from shared.errors import InvalidInputError, NotFoundError
from worker.consumer import EventAnswer, read_answers
from worker.ledger.ledger import connect
from worker.row_format import DatasetRows, RowFormat, describe_counts, print_rows
from worker.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
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
        raise NotFoundError(
            "no such results: the event may still wait or run, or its answer was trimmed away; right would be the id of"
            " an event that was answered"
        )
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for answer in answers:
        console.print(f"event {answer.event_id}, dataset {answer.dataset_id}: {_describe(answer)}", markup=False)
    found = [
        DatasetRows(answer.summary.dataset_id, answer.summary.release, answer.rows)
        for answer in answers
        if answer.summary is not None and answer.rows
    ]
    print_rows(found, row_format)
    if event is not None and any(answer.rejection is not None for answer in answers):
        raise InvalidInputError(f"event {event!r} was rejected; right would be a new event, mended, under a new id")


def _describe(answer: EventAnswer) -> str:
    if answer.rejection is not None:
        return f"rejected ({answer.rejection.data.error}): {answer.rejection.data.message}"
    if answer.summary is not None:
        return f"{describe_counts(answer.summary.counts)} (release {answer.summary.release})"
    return "closing message not here"
