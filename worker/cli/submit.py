"""`offsample submit`: put an event into the queue and, with --wait, wait for its answer."""

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Annotated, cast
from uuid import uuid4

import typer
from pydantic import ValidationError
from redis import Redis
from rich.console import Console

from shared.errors import InvalidInputError, NotFoundError
from shared.progress_bar import make_progress_bar
from shared.validation import describe_validation_error
from worker.access.allowed_roots import read_file
from worker.classification.assessment import SENTENCES
from worker.cli.inputs import options as input_options
from worker.cli.inputs.local import LocalDataset, find_dataset
from worker.cli.inputs.spec import KindOptions
from worker.cli.outputs.row_format import DatasetRows, RowFormat, describe_counts, print_rows
from worker.client.consumer import read_progress, wait_for_answer
from worker.client.event_answer import EventAnswer
from worker.client.producer import PRIORITIES, Priority, SentEvent, send_event
from worker.client.results_stream import ResultsStream
from worker.messages.event import DATASET_ANNOTATED, DatasetAnnotated, DatasetAnnotatedEvent, parse_event
from worker.settings import Settings

EVENT_SOURCE = "offsample-cli"


app = typer.Typer(add_completion=False)


def _parse_priority(text: str) -> str:
    if text not in PRIORITIES:
        raise typer.BadParameter(f"expected {', '.join(PRIORITIES[:-1])} or {PRIORITIES[-1]}, got {text!r}")
    return text


@app.command()
def submit(  # noqa: PLR0913 - a command's options
    event_file: Annotated[Path | None, typer.Argument(help="An event as JSON, as docs/messages.md describes.")] = None,
    *,
    ion_images: Annotated[
        str | None, typer.Option(help=f"Instead of an event: {input_options.HELP}", metavar="INPUT")
    ] = None,
    annotations: input_options.Annotations = None,
    ppm: input_options.Ppm = None,
    z: input_options.Z = None,
    most_peaks: input_options.MostPeaks = None,
    database: input_options.Database = None,
    fdr: input_options.Fdr = None,
    dataset_id: Annotated[str | None, typer.Option(help="Default: the path's name.")] = None,
    release: Annotated[str | None, typer.Option(help="Pin a release.")] = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the release's.")] = None,
    priority: Annotated[
        str, typer.Option(parser=_parse_priority, help="high, normal or low.", metavar="PRIORITY")
    ] = "normal",
    wait: Annotated[bool, typer.Option("--wait", help="Show progress and print the results.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="How long to wait, seconds.")] = 3600.0,
    row_format: Annotated[RowFormat, typer.Option("--format", help="With --wait.")] = RowFormat.TABLE,
) -> None:
    """Send one `dataset annotated` event to the queue."""
    if (event_file is None) == (ion_images is None):
        given = "neither" if event_file is None else "both"
        raise typer.BadParameter(f"expected either an event file or --ion-images, got {given}")
    settings = Settings.read()
    options = KindOptions(ppm, z, most_peaks, database, fdr)
    if event_file is not None:
        _require_none_of(annotations, dataset_id, release, threshold, *astuple(options))
        event = _read_event(event_file, settings)
    else:
        try:
            dataset = find_dataset(cast("str", ion_images), annotations, options)
        except NotFoundError as error:
            raise NotFoundError(f"{error} on this machine; for what only workers see, send an event file") from error
        event = _make_event(dataset, dataset_id, release, threshold)
    server = settings.connect()
    since = ResultsStream(server, settings.names).newest_id() if wait else None  # a user that only sends may not read
    sent = send_event(server, settings.names, event, cast("Priority", priority))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"sent event {event.id} as {sent.entry}", markup=False)
    if since is not None:
        answer = show_wait(server, settings, sent, since=since, timeout_seconds=timeout)
        _print_answer(answer, row_format, console)


def show_wait(
    server: Redis,
    settings: Settings,
    sent: SentEvent,
    *,
    since: str,
    timeout_seconds: float,
    require_worker: Callable[[], None] = lambda: None,
) -> EventAnswer:
    """Wait for an event's answer and show its progress on stderr.

    Parameters
    ----------
    since
        Id of the newest entry of the results stream before the event was sent.
    require_worker
        Called repeatedly during the wait; an exception ends it.
    """
    with make_progress_bar(Console(stderr=True)) as bar:
        task = bar.add_task("waiting for a worker", total=None)

        def on_wait() -> None:
            require_worker()
            done, total = read_progress(server, settings.names, sent.entry)
            if total is not None:
                description = f"classifying {sent.event.data.dataset_id}"
                bar.update(task, description=description, completed=done, total=total)

        return wait_for_answer(
            server, settings.names, sent, since=since, timeout_seconds=timeout_seconds, on_wait=on_wait
        )


def _require_none_of(*options: object) -> None:
    if any(option is not None for option in options):
        raise typer.BadParameter(
            "expected an event file without options that describe a dataset; these options need --ion-images"
        )


def _read_event(path: Path, settings: Settings) -> DatasetAnnotatedEvent:
    if not path.exists():
        raise NotFoundError(f"expected a JSON file with one event, but {path} does not exist")
    return parse_event(read_file(path.resolve(), settings.max_event_bytes))


def _make_event(
    dataset: LocalDataset, dataset_id: str | None, release: str | None, threshold: float | None
) -> DatasetAnnotatedEvent:
    changes = {"dataset_id": dataset_id, "release": release, "threshold": threshold}
    changed = dataset.data.model_dump() | {name: value for name, value in changes.items() if value is not None}
    try:
        data = DatasetAnnotated.model_validate(changed)
    except ValidationError as error:
        raise InvalidInputError(f"invalid option: {describe_validation_error(error)}") from error
    return DatasetAnnotatedEvent(
        specversion="1.0", id=str(uuid4()), source=EVENT_SOURCE, type=DATASET_ANNOTATED, data=data
    )


def _print_answer(answer: EventAnswer, row_format: RowFormat, console: Console) -> None:
    if answer.rejection is not None:
        raise InvalidInputError(f"event was rejected ({answer.rejection.error}): {answer.rejection.message}")
    if answer.summary is not None:
        dataset_id = answer.summary.dataset_id
        summary = answer.summary
        print_rows([DatasetRows(dataset_id, summary.release, answer.rows, assessment=summary.assessment)], row_format)
        console.print(f"{describe_counts(answer.summary.counts)} (release {answer.summary.release})", markup=False)
        for code in answer.summary.assessment:
            console.print(f"{dataset_id}: {SENTENCES[code]}", markup=False)
