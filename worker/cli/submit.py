"""`offsample submit`: put an event into the queue, and wait for its answer if asked."""

from pathlib import Path
from typing import Annotated, cast
from uuid import uuid4

import typer
from redis import Redis
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from shared.errors import InvalidInputError, NotFoundError
from shared.messages.event import DATASET_ANNOTATED, DatasetAnnotatedEvent, parse_event
from worker.consumer import EventAnswer, last_result_id, read_progress, wait_for_answer
from worker.files import read_file
from worker.ledger.ledger import connect
from worker.local_input import find_datasets
from worker.producer import Priority, send_event
from worker.row_format import RowFormat, describe_counts, print_rows
from worker.settings import Settings

EVENT_SOURCE = "offsample-cli"


def submit(  # noqa: PLR0913 - a command's options
    event_file: Annotated[Path | None, typer.Argument(help="An event as JSON, as docs/messages.md describes.")] = None,
    *,
    ion_images: Annotated[Path | None, typer.Option(help="Instead: a folder of PNGs, an .npz or .npy.")] = None,
    annotations: Annotated[Path | None, typer.Option(help="A .json or .csv list of annotations.")] = None,
    dataset_id: Annotated[str | None, typer.Option(help="Default: the path's name.")] = None,
    release: Annotated[str | None, typer.Option(help="Pin a release.")] = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the release's.")] = None,
    priority: Annotated[str, typer.Option(help="high, normal or low.", metavar="PRIORITY")] = "normal",
    wait: Annotated[bool, typer.Option("--wait", help="Show progress and print the results.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="How long to wait, seconds.")] = 3600.0,
    row_format: Annotated[RowFormat, typer.Option("--format", help="With --wait.")] = RowFormat.TABLE,
) -> None:
    """Send one `dataset annotated` event to the queue."""
    if (event_file is None) == (ion_images is None):
        raise InvalidInputError(
            "neither or both of an event file and --ion-images are given; right would be one of them"
        )
    if priority not in ("high", "normal", "low"):
        raise InvalidInputError(f"priority is {priority!r}; right would be high, normal or low")
    settings = Settings.read()
    if event_file is not None:
        event = _read_event(event_file, settings)
    else:
        event = _make_event(cast("Path", ion_images), annotations, dataset_id, release, threshold)
    server = connect(settings.redis_url)
    since = last_result_id(server, settings.names)
    entry = send_event(server, settings.names, event, cast("Priority", priority))
    console = Console(stderr=True, highlight=False)
    console.print(f"sent event {event.id} as {entry}", markup=False)
    if wait:
        answer = show_wait(server, settings, event, entry, since=since, timeout_seconds=timeout)
        _print_answer(answer, row_format, console)


def show_wait(
    server: Redis,
    settings: Settings,
    event: DatasetAnnotatedEvent,
    entry: str,
    *,
    since: str,
    timeout_seconds: float,
) -> EventAnswer:
    """Wait for an event's answer, with its progress on stderr."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("waiting for a worker", total=None)

        def on_wait() -> None:
            done, total = read_progress(server, settings.names, entry)
            if total is not None:
                bar.update(task, description=f"classifying {event.data.dataset_id}", completed=done, total=total)

        return wait_for_answer(
            server, settings.names, event, since=since, timeout_seconds=timeout_seconds, on_wait=on_wait
        )


def _read_event(path: Path, settings: Settings) -> DatasetAnnotatedEvent:
    if not path.exists():
        raise NotFoundError(f"{path} does not exist; right would be a file with one event as JSON")
    return parse_event(read_file(path.resolve(), settings.max_event_bytes))


def _make_event(
    ion_images: Path, annotations: Path | None, dataset_id: str | None, release: str | None, threshold: float | None
) -> DatasetAnnotatedEvent:
    (dataset,) = find_datasets([ion_images], annotations)
    changes = {"dataset_id": dataset_id, "release": release, "threshold": threshold}
    data = dataset.data.model_copy(update={name: value for name, value in changes.items() if value is not None})
    return DatasetAnnotatedEvent(id=str(uuid4()), source=EVENT_SOURCE, type=DATASET_ANNOTATED, data=data)


def _print_answer(answer: EventAnswer, row_format: RowFormat, console: Console) -> None:
    if answer.rejection is not None:
        raise InvalidInputError(f"event was rejected ({answer.rejection.data.error}): {answer.rejection.data.message}")
    print_rows(answer.rows, row_format)
    if answer.summary is not None:
        console.print(f"{describe_counts(answer.summary.counts)} (release {answer.summary.release})", markup=False)
