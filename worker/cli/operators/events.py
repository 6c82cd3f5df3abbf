"""`offsample events show`: where an event is, and what became of it."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from shared.counting import count_of
from shared.errors import NotFoundError
from shared.progress_bar import show_progress
from worker.cli.operators.options import Source, open_queue
from worker.cli.outputs.durations import describe_seconds
from worker.cli.outputs.json_output import AsJson, print_json
from worker.cli.outputs.row_format import describe_counts
from worker.operators.event_trace import EventTrace, TracedAnswer, TracedEntry, TracedRecord, trace_event
from worker.operators.lookup import Place

app = typer.Typer(help="Look up events.", no_args_is_help=True, add_completion=False)


@app.callback()
def _events() -> None:
    """Look up events."""


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="The event's id.")], *, source: Source = None, as_json: AsJson = False
) -> None:
    """Show all that is known of the events of one id: place, run, answers, dead letters, and ids for the logs."""
    with show_progress() as on_progress:
        found = trace_event(open_queue(), event, source, on_progress)
    if as_json:
        print_json(found)
    else:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 200, soft_wrap=True)
        for line in _describe(found):
            console.print(line, markup=False)
    if not found.is_known:
        raise NotFoundError(
            f"nothing is known of an event {event!r}: it was never sent, or it was answered so long ago that it is"
            " forgotten"
        )


def _describe(found: EventTrace) -> list[str]:
    return [
        *(line for entry in found.entries for line in _describe_entry(entry)),
        *map(_describe_answer, found.answers),
        *map(_describe_record, found.records),
        *(
            f"dead letter {letter.id} ({letter.error}) of entry {letter.entry}: {letter.reason}"
            for letter in found.dead_letters
        ),
    ]


def _describe_entry(entry: TracedEntry) -> list[str]:
    retry = "" if entry.retry_seconds is None else f", tried again in {describe_seconds(entry.retry_seconds)}"
    about = f"dataset {entry.dataset_id} of {entry.event_source}"
    sent = f"sent {describe_seconds(entry.queued_seconds)} ago, {count_of(entry.attempts, 'attempt')}"
    lines = [f"{entry.place.value}: entry {entry.entry}, {about}, {sent}{retry}{_trace(entry.trace_id)}"]
    if entry.place is Place.POSTPONED:
        reads = f"; it reads {' and '.join(entry.reads)}" if entry.reads else ""
        lines.append(f"  `events_postponed` in the logs of the workers says what is away, and why{reads}")
    run = entry.run
    if run is not None:
        total = "?" if run.total is None else f"{run.total:,}"
        done = "" if run.done is None else f", {run.done:,} of {total} ion images done"
        lines.append(
            f"  run: worker {run.worker or '?'}, pid {run.pid or '?'}, task_id {run.task_id or '?'}, for"
            f" {describe_seconds(run.running_seconds)}, last heartbeat {describe_seconds(run.silent_seconds)} ago{done}"
        )
    return lines


def _describe_answer(answer: TracedAnswer) -> str:
    start = f"answer {answer.id} of {answer.time:%Y-%m-%d %H:%M:%S} UTC, dataset {answer.dataset_id} of"
    if answer.counts is not None:
        what = f"{describe_counts(answer.counts)}, {count_of(answer.parts or 0, 'chunk')} (release {answer.release})"
    else:
        what = f"rejected ({answer.error}), entry {answer.entry}: {answer.message}"
    return f"{start} {answer.event_source}: {what}{_trace(answer.trace_id)}"


def _describe_record(record: TracedRecord) -> str:
    unpublished = f", {count_of(record.unpublished, 'message')} not published yet" if record.unpublished else ""
    run = "" if record.run is None else f", by {record.run.consumer}, task_id {record.run.task_id}"
    return (
        f"finished: entry {record.entry} of {record.event_source}{run}{unpublished}; if it is sent again within"
        f" {describe_seconds(record.forgotten_seconds)}, the same closing message is published again"
    )


def _trace(trace_id: str | None) -> str:
    return f", trace_id {trace_id}" if trace_id else ""
