"""`offsample demo`: a real dataset through a queue, with a server and a worker that run for the demo only."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console

from shared.errors import ConfigurationError
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.cli.embedded_server import embedded_server
from worker.cli.outputs.gallery import make_gallery
from worker.cli.outputs.row_format import describe_counts, make_row_table
from worker.cli.submit import show_wait
from worker.client.event_answer import EventAnswer
from worker.client.producer import send_event
from worker.client.results_stream import ResultsStream
from worker.messages.event import DATASET_ANNOTATED, Annotation, DatasetAnnotated, DatasetAnnotatedEvent, PngIonImages
from worker.messages.results import ResultRow
from worker.server.connection import connect
from worker.settings import Settings
from worker.sources.opening import SourceAccess, open_source

DEMO_DATASET = Path(__file__).parent / "demo_data" / "mouse_bladder"
REPORT_NAME = "report.html"
_SHOWN_PER_LABEL = 5
_WAIT_SECONDS = 120.0
_STOP_SECONDS = 20.0

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for gallery and report.")] = Path("offsample-demo"),
) -> None:
    """Classify the real mouse bladder dataset through a real queue, and show the results."""
    started = time.monotonic()
    console = Console(highlight=False)
    gallery = run_demo(output, console)
    console.print(f"gallery: {gallery}", markup=False)
    console.print(f"report, to be opened in a browser: {output / REPORT_NAME}", markup=False)
    console.print(f"done in {time.monotonic() - started:.1f} s; server and worker are stopped, their data is deleted")


@dataclass(frozen=True)
class DemoDataset:
    """The mouse bladder (PXD001283) and the labels that a person gave its ion images by eye."""

    event: DatasetAnnotatedEvent
    by_eye: dict[str, str]
    """Annotation id -> on, off or unclear."""


def read_demo_dataset() -> DemoDataset:
    """The dataset that ships with the package, as an event."""
    with (DEMO_DATASET / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    data = DatasetAnnotated(
        dataset_id="mouse bladder (PXD001283)",
        ion_images=PngIonImages(kind="png", uri=str(DEMO_DATASET / "ion_images")),
        annotations=[Annotation(annotation_id=row["annotation_id"], mz=float(row["mz"])) for row in rows],
    )
    event = DatasetAnnotatedEvent(
        specversion="1.0", id=str(uuid4()), source="offsample-demo", type=DATASET_ANNOTATED, data=data
    )
    return DemoDataset(event, {row["annotation_id"]: row["label"] for row in rows})


def run_demo(output: Path, console: Console) -> Path:
    """Run the demo, print its table, and return the path of its gallery, which is next to its report.

    Server and worker are stopped at the end.
    """
    dataset = read_demo_dataset()
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="offsample-") as folder, embedded_server(Path(folder)) as url:
        console.print("valkey-server is up (unix socket, append-only file on)")
        environment = {
            "OFFSAMPLE_REDIS_URL": url,
            "OFFSAMPLE_ALLOWED_ROOTS": str(DEMO_DATASET),
            "OFFSAMPLE_REPORT_ROOT": str(output.resolve()),
        }
        with _worker_process(environment, Path(folder) / "worker.log") as require_worker:
            console.print("worker is starting; the event is in its queue")
            answer = _send_and_wait(url, _ask_for_report(dataset.event), require_worker)
    _print_findings(answer, dataset, console)
    return _draw_gallery(answer, dataset, output / "gallery.png")


@contextmanager
def _worker_process(environment: dict[str, str], log_path: Path) -> Iterator[Callable[[], None]]:
    """Run a worker process and stop it at the end; yields a function that raises when it has stopped by itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OFFSAMPLE_")}
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli.main", "worker"],
            env=inherited | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

        def require_worker() -> None:
            if process.poll() is not None:
                last_line = log_path.read_text(errors="replace").strip().rpartition("\n")[2]
                raise ConfigurationError(f"the demo's worker stopped: {last_line[-500:]}")

        try:
            yield require_worker
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ask_for_report(event: DatasetAnnotatedEvent) -> DatasetAnnotatedEvent:
    return event.model_copy(update={"data": event.data.model_copy(update={"report": REPORT_NAME})})


def _send_and_wait(url: str, event: DatasetAnnotatedEvent, require_worker: Callable[[], None]) -> EventAnswer:
    settings = Settings.model_construct(redis_url=url)  # as the worker's: this shell's environment is ignored
    server = connect(url)
    since = ResultsStream(server, settings.names).newest_id()
    sent = send_event(server, settings.names, event)
    return show_wait(server, settings, sent, since=since, timeout_seconds=_WAIT_SECONDS, require_worker=require_worker)


def _print_findings(answer: EventAnswer, dataset: DemoDataset, console: Console) -> None:
    if answer.summary is None:
        reason = answer.rejection.message if answer.rejection else "no closing message arrived"
        raise ConfigurationError(f"demo dataset was not classified: {reason}")
    by_probability = sorted(
        (row for row in answer.rows if row.off_sample_probability is not None),
        key=lambda row: row.off_sample_probability or 0.0,
    )
    most_on, most_off = by_probability[:_SHOWN_PER_LABEL], by_probability[: -_SHOWN_PER_LABEL - 1 : -1]
    console.print(make_row_table(most_off, "most certainly off-sample"))
    console.print(make_row_table(most_on, "most certainly on-sample"))
    console.print(f"{describe_counts(answer.summary.counts)} (release {answer.summary.release})")
    agree, labelled = count_agreement(answer.rows, dataset.by_eye)
    console.print(f"{agree} of {labelled} agree with the labels given by eye (unclear ones left out)")


def count_agreement(rows: list[ResultRow], by_eye: dict[str, str]) -> tuple[int, int]:
    """How many labels agree with those by eye, and how many could be compared (on or off by eye)."""
    comparable = [row for row in rows if by_eye.get(row.annotation_id) in ("on", "off")]
    return sum(row.label == by_eye[row.annotation_id] for row in comparable), len(comparable)


def _draw_gallery(answer: EventAnswer, dataset: DemoDataset, path: Path) -> Path:
    data = dataset.event.data
    access = SourceAccess(AllowedRoots((DEMO_DATASET,)), Limits())
    agree, labelled = count_agreement(answer.rows, dataset.by_eye)
    title = f"{data.dataset_id}, release {answer.summary.release if answer.summary else '?'}"
    if agree < labelled:
        title += "; red frame: the label by eye differs"
    with open_source(data.ion_images, access) as source:
        make_gallery(source, data.annotations or [], answer.rows, path, title, expected=dataset.by_eye)
    return path
