"""`offsample classify PATH…`: no queue, the same fetch, preprocessing and predictor."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from model_store.opening import open_predictor
from model_store.predictor import Engine, Predictor
from model_store.release import open_release
from shared.errors import InvalidInputError
from worker.annotations import list_annotations
from worker.classification import Classification, classify
from worker.cli import place_options
from worker.local_input import LocalDataset, find_datasets
from worker.named_place import KindOptions
from worker.row_format import DatasetRows, RowFormat, describe_counts, print_rows
from worker.settings import Settings
from worker.sheet_making import make_contact_sheet
from worker.sources.opening import SourceAccess, open_source

app = typer.Typer(add_completion=False)


@app.command()
def classify_paths(  # noqa: PLR0913 - a command's options
    paths: Annotated[list[str], typer.Argument(help=place_options.HELP)],
    *,
    row_format: Annotated[RowFormat, typer.Option("--format", help="What is printed on stdout.")] = RowFormat.TABLE,
    annotations: place_options.Annotations = None,
    ppm: place_options.Ppm = None,
    z: place_options.Z = None,
    most_peaks: place_options.MostPeaks = None,
    database: place_options.Database = None,
    fdr: place_options.Fdr = None,
    sheet: Annotated[Path | None, typer.Option(help="Also draw a contact sheet into this PNG file.")] = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the release's.")] = None,
    release: Annotated[str | None, typer.Option(help="Default: the worker's release.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="Default: OFFSAMPLE_ENGINE, else auto.")] = None,
) -> None:
    """Classify ion images right here, without a queue."""
    settings = Settings.read()
    datasets = find_datasets(paths, annotations, KindOptions(ppm, z, most_peaks, database, fdr))
    if sheet is not None:
        _require_drawable(sheet, datasets)
    opened = open_release(release or settings.release, settings.releases_root)
    predictor = open_predictor(opened, engine or settings.engine, settings.threads or None)
    classified = [_classify_dataset(dataset, predictor, settings, threshold, sheet) for dataset in datasets]
    print_rows(classified, row_format)
    if all(row.status == "unreadable" for dataset in classified for row in dataset.rows):
        raise InvalidInputError("no ion image could be read; each row says why")


def _classify_dataset(
    dataset: LocalDataset, predictor: Predictor, settings: Settings, threshold: float | None, sheet: Path | None
) -> DatasetRows:
    console = Console(stderr=True, highlight=False)
    with _progress_bar(console) as bar:
        task = bar.add_task(dataset.data.dataset_id, total=None)

        def on_work(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{dataset.data.dataset_id}: {what}", completed=done, total=total)

        def on_progress(done: int) -> None:
            if done:  # before, a source may have more to say
                bar.update(task, description=dataset.data.dataset_id, completed=done, total=total)

        stores = replace(settings.store_access, allowed=dataset.stores(settings.metaspace_url))
        access = SourceAccess(
            dataset.roots, settings.limits, settings.fetch_threads, stores, settings.metaspace, on_work
        )
        source = open_source(dataset.data.ion_images, access)
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
    for note in source.notes:
        console.print(f"{dataset.data.dataset_id}: {note}", markup=False, soft_wrap=True)
    _tell(dataset, found, predictor, console)
    if sheet is not None:
        title = f"{dataset.data.dataset_id}: {describe_counts(found.counts)}"
        make_contact_sheet(source, annotations, found.rows, sheet, title)
        console.print(f"contact sheet: {sheet}", markup=False, soft_wrap=True)
    return DatasetRows(dataset.data.dataset_id, predictor.release.version, found.rows)


def _require_drawable(sheet: Path, datasets: list[LocalDataset]) -> None:
    """Refuse a sheet before the work that it would crown."""
    if len(datasets) != 1:
        raise InvalidInputError("--sheet draws one dataset; right would be one path")
    if sheet.suffix.lower() != ".png" or sheet.is_dir():
        raise InvalidInputError(f"--sheet is {sheet}; right would be the name of a .png file")


def _tell(dataset: LocalDataset, found: Classification, predictor: Predictor, console: Console) -> None:
    if len(found.shapes) > 1 and not dataset.loose:
        console.print(
            f"{dataset.data.dataset_id}: images differ in size ({len(found.shapes)} sizes), so they are taken as loose"
            " images, each its own dataset",
            markup=False,
            soft_wrap=True,
        )
    area = "" if found.off_sample_area is None else f", off-sample area {found.off_sample_area}"
    counts = describe_counts(found.counts)
    summary = f"{dataset.data.dataset_id}: {counts}{area} (release {predictor.release.version})"
    console.print(summary, markup=False, soft_wrap=True)


def _progress_bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
