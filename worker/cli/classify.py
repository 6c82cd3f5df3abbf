"""`offsample classify PATH…`: no queue, the same fetch, preprocessing and predictor."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import open_release
from shared.errors import InvalidInputError, NotFoundError, OffSampleError, TransientError
from worker.classification.assessment import SENTENCES, find_acquired_share
from worker.classification.classification import Classification, classify
from worker.cli.inputs import options as place_options
from worker.cli.inputs.local import LocalDataset, find_datasets
from worker.cli.inputs.spec import KindOptions
from worker.cli.outputs.gallery_images import make_gallery
from worker.cli.outputs.row_format import DatasetRows, RowFormat, describe_counts, print_rows
from worker.events.annotations import list_annotations
from worker.memory_limit import refusing_too_large
from worker.settings import Settings
from worker.sources.opening import SourceAccess, open_source

_EXIT_INPUT = 1
"""As of one input that cannot be classified."""
_NEARLY_ALL = 0.995
"""An acquired share that need not be told."""

app = typer.Typer(add_completion=False)


@app.command()
def classify_paths(  # noqa: PLR0913 - a command's options
    paths: Annotated[
        list[str], typer.Argument(help=f"{place_options.HELP} Any number of them, or a folder that holds several.")
    ],
    *,
    row_format: Annotated[RowFormat, typer.Option("--format", help="What is printed on stdout.")] = RowFormat.TABLE,
    annotations: place_options.Annotations = None,
    ppm: place_options.Ppm = None,
    z: place_options.Z = None,
    most_peaks: place_options.MostPeaks = None,
    database: place_options.Database = None,
    fdr: place_options.Fdr = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Also draw a contact sheet into this PNG file; of several datasets, one each beside it."),
    ] = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the release's.")] = None,
    release: Annotated[str | None, typer.Option(help="Default: the worker's release.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="Default: OFFSAMPLE_ENGINE, else auto.")] = None,
) -> None:
    """Classify ion images right here, without a queue.

    Of several places, one that cannot be classified is told on stderr, the rows of the others are printed, and the exit
    code is 1.
    """
    settings = Settings.read()
    datasets, refused = find_datasets(paths, annotations, KindOptions(ppm, z, most_peaks, database, fdr))
    sheets = _choose_sheets(sheet, datasets)
    failures = _Failures(is_only_one=len(datasets) + len(refused) == 1)
    for one in refused:
        failures.add(one.place, one.error)
    classified: list[DatasetRows] = []
    if datasets:
        opened = open_release(release or settings.release, settings.releases_root)
        predictor = open_predictor(opened, engine or settings.engine, settings.threads or None)
    for dataset, sheet_path in zip(datasets, sheets, strict=True):
        try:
            with refusing_too_large():
                classified.append(_classify_dataset(dataset, predictor, settings, threshold, sheet_path))
        except (InvalidInputError, TransientError) as error:
            failures.add(dataset.data.dataset_id, error)
        except OSError as error:  # of looking for what lies beside or in it
            sentence = f"{error.filename or 'a file of it'} cannot be read ({error.strerror}); expected one that can"
            failures.add(dataset.data.dataset_id, NotFoundError(sentence))
    if classified:
        print_rows(classified, row_format)
    for rows in classified:
        if rows.rows and all(row.status == "unreadable" for row in rows.rows):
            failures.add(rows.dataset_id, InvalidInputError("no ion image could be read; each row says why"))
    if failures.count:
        raise typer.Exit(_EXIT_INPUT)


class _Failures:
    """What could not be classified: one line each; alone, it is the command's own error."""

    def __init__(self, *, is_only_one: bool) -> None:
        self.count = 0
        self._is_only_one = is_only_one
        self._console = Console(stderr=True, highlight=False)

    def add(self, name: str, error: OffSampleError) -> None:
        if self._is_only_one:
            raise error
        self.count += 1
        self._console.print(f"offsample: {name}: {error}", markup=False, emoji=False, soft_wrap=True)


def _classify_dataset(
    dataset: LocalDataset, predictor: Predictor, settings: Settings, threshold: float | None, sheet: Path | None
) -> DatasetRows:
    console = Console(stderr=True, highlight=False)
    dataset_id = dataset.data.dataset_id
    with _progress_bar(console) as bar, ExitStack() as stack:
        task = bar.add_task(dataset_id, total=None)

        def on_work(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{dataset_id}: {what}", completed=done, total=total)

        def on_progress(done: int) -> None:
            if done:  # before, a source may have more to say
                bar.update(task, description=dataset_id, completed=done, total=total)

        stores = replace(settings.store_access, allowed=dataset.stores(settings.metaspace_url))
        access = SourceAccess(
            dataset.roots, settings.limits, settings.fetch_threads, stores, settings.metaspace, on_work
        )
        source = stack.enter_context(open_source(dataset.data.ion_images, access))
        annotations = list_annotations(dataset.data, source, access)
        total = len(annotations)
        found = classify(
            source,
            annotations,
            predictor,
            threshold=threshold,
            one_shape=False,
            loose=dataset.loose,
            on_progress=on_progress,
        )
        bar.stop()
        for sentence in (*source.notes, *_describe(dataset, found, predictor)):
            console.print(f"{dataset_id}: {sentence}", markup=False, emoji=False, soft_wrap=True)
        if sheet is not None:
            title = f"{dataset_id}: {describe_counts(found.counts)}"
            make_gallery(source, annotations, found.rows, sheet, title)
            console.print(f"contact sheet: {sheet}", markup=False, soft_wrap=True)
    return DatasetRows(dataset_id, predictor.release.version, found.rows)


def _choose_sheets(sheet: Path | None, datasets: Sequence[LocalDataset]) -> list[Path | None]:
    """Where the sheet of each dataset goes: of several, the dataset's name stands behind the file's.

    Raises
    ------
    InvalidInputError
        When it is no name of a .png file; before any work.
    """
    if sheet is None:
        return [None] * len(datasets)
    if sheet.suffix.lower() != ".png" or sheet.is_dir():
        raise InvalidInputError(f"--sheet is {sheet}; expected the name of a .png file")
    if len(datasets) < 2:
        return [sheet] * len(datasets)
    names = [re.sub(r"[^\w.()+-]+", "_", dataset.data.dataset_id) for dataset in datasets]
    different = [name if names.count(name) == 1 else f"{name}_{number}" for number, name in enumerate(names, start=1)]
    return [sheet.with_name(f"{sheet.stem}_{name}{sheet.suffix}") for name in different]


def _describe(dataset: LocalDataset, found: Classification, predictor: Predictor) -> Iterator[str]:
    """What a person is told of a dataset: its counts, and what is to be kept in mind."""
    if len(found.shapes) > 1 and not dataset.loose:
        sizes = f"images differ in size ({len(found.shapes)} sizes)"
        yield f"{sizes}, so they are taken as loose images, each its own dataset"
    share = find_acquired_share(found.extents)
    acquired = "" if share is None or share > _NEARLY_ALL else f", {share:.0%} of the image acquired"
    area = "" if found.off_sample_area is None else f", off-sample area {found.off_sample_area}"
    yield f"{describe_counts(found.counts)}{acquired}{area} (release {predictor.release.version})"
    yield from (SENTENCES[code] for code in found.assessment)


def _progress_bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
