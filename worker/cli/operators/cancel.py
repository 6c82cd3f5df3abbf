"""`offsample cancel`: take an event out of the queue that is not answered yet."""

from typing import Annotated

import typer
from pydantic import BaseModel

from shared.errors import InvalidInputError
from shared.progress_bar import show_progress
from worker.cli.operators.options import Source, name_operator, open_queue
from worker.cli.outputs.json_output import AsJson, print_json
from worker.operators.cancellation import Cancelled, CancelledEntry, cancel_event
from worker.settings import Settings

app = typer.Typer(add_completion=False)

_SENTENCES = {
    Cancelled.CANCELLED: "cancelled",
    Cancelled.ANSWERED: "not cancelled: its answer was decided before",
    Cancelled.GONE: "not cancelled: it was rejected or cancelled in the meantime",
}


class _Cancellation(BaseModel):
    """What is printed with --json."""

    entries: list[CancelledEntry]


@app.command()
def cancel(
    event: Annotated[str, typer.Argument(help="The event's id.")],
    *,
    source: Source = None,
    reason: Annotated[str, typer.Option(help="Why; a part of the answer.")] = "",
    as_json: AsJson = False,
) -> None:
    """Cancel an event that waits or runs; its answer is a rejection with the code `cancelled`."""
    settings = Settings.read()
    queue = open_queue(settings)
    with show_progress() as on_progress:
        entries = cancel_event(
            queue,
            event,
            source,
            by=name_operator(),
            reason=reason,
            index_seconds=settings.done_seconds,
            on_progress=on_progress,
        )
    if as_json:
        print_json(_Cancellation(entries=entries))
    else:
        for entry in entries:
            dataset = f"dataset {entry.dataset_id} of {entry.event_source}"
            typer.echo(f"{entry.entry} ({dataset}, {entry.place.value}): {_SENTENCES[entry.outcome]}")
    if not any(entry.outcome is Cancelled.CANCELLED for entry in entries):
        raise InvalidInputError(f"event {event!r} was answered before it could be cancelled")
