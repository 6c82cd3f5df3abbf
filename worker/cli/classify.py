"""`offsample classify PATH…`: the same reading, preprocessing and predictor as a worker, without a queue."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from shared.errors import InvalidInputError, NotFoundError, OffSampleError, TransientError
from shared.progress import ProgressCallback, follow, from_first, ignore_progress
from shared.progress_bar import make_progress_bar, show_steps
from worker.classification.assessment import SENTENCES, find_acquired_share
from worker.classification.classification import Classification, classify
from worker.classification.conclusion import conclude
from worker.cli.inputs import options as input_options
from worker.cli.inputs.access import make_access
from worker.cli.inputs.local import LocalDataset, find_datasets
from worker.cli.inputs.spec import KindOptions
from worker.cli.outputs.dataset_files import ANNDATA_SUFFIX, DatasetFiles, choose_files
from worker.cli.outputs.gallery import make_gallery
from worker.cli.outputs.ion_facts import find_ion_facts
from worker.cli.outputs.reports import describe_for_report, write_report_summary
from worker.cli.outputs.row_files import save_rows
from worker.cli.outputs.row_format import DatasetRows, RowFormat, describe_counts, print_rows, print_summary
from worker.events.annotations import list_annotations
from worker.memory_limit import reject_memory_errors
from worker.messages.event import Annotation
from worker.report.recorded_source import RecordedSource
from worker.report.tile_buffer import TileBuffer
from worker.settings import Settings
from worker.sources.opening import open_source
from worker.sources.source import IonImageSource

_EXIT_INPUT = 1
"""At least one input could not be classified."""
_NEARLY_ALL = 0.995
"""Acquired shares above this are not mentioned."""

app = typer.Typer(add_completion=False)


@app.command()
def classify_paths(  # noqa: PLR0913 - a command's options
    paths: Annotated[
        list[str], typer.Argument(help=f"{input_options.HELP} Any number of them, or a folder that holds several.")
    ],
    *,
    row_format: Annotated[
        RowFormat | None,
        typer.Option("--format", help="What is printed on stdout; default: table, and nothing with --output."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Also write the rows of all datasets into this .csv, .json or .parquet file, or each dataset into an"
            " .h5ad file (AnnData)."
        ),
    ] = None,
    annotations: input_options.Annotations = None,
    ppm: input_options.Ppm = None,
    z: input_options.Z = None,
    most_peaks: input_options.MostPeaks = None,
    database: input_options.Database = None,
    fdr: input_options.Fdr = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            "--gallery", "--sheet", help="Also draw the ion images into this PNG file; one file for each dataset."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Also write a page to look through into this .html file; one file for each dataset."),
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help="Print all rows of a table on a terminal, not only the first 40.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print rows and errors only.")] = False,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the release's.")] = None,
    release: Annotated[str | None, typer.Option(help="Default: the worker's release.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="Default: OFFSAMPLE_ENGINE, else auto.")] = None,
) -> None:
    """Classify ion images in this process, without a queue.

    If one of several inputs cannot be classified, the reason is printed on stderr, the rows of the others on stdout,
    and the exit code is 1.
    """
    settings = Settings.read()
    datasets, rejected = find_datasets(paths, annotations, KindOptions(ppm, z, most_peaks, database, fdr))
    files = choose_files([dataset.data.dataset_id for dataset in datasets], gallery, report, output)
    failures = _Failures(is_only_one=len(datasets) + len(rejected) == 1)
    for one in rejected:
        failures.add(one.text, one.error)
    classified: list[DatasetRows] = []
    if datasets:
        opened = settings.open_release(release)
        predictor = open_predictor(opened, engine or settings.engine, settings.threads or None)
        with make_progress_bar(Console(stderr=True, highlight=False, quiet=quiet)) as bar:
            run = _Run(predictor, settings, threshold, bar)
            classified = _classify_all(list(zip(datasets, files, strict=True)), run, failures)
    if classified and (row_format is not None or output is None):
        print_rows(classified, row_format or RowFormat.TABLE, all_rows=all_rows)
    if output is not None and output.suffix.lower() != ANNDATA_SUFFIX:
        save_rows(output, classified)
    _summarise(classified, failures, quiet=quiet)
    pages = {one.data.dataset_id: paths.report for one, paths in zip(datasets, files, strict=True) if paths.report}
    if report is not None and len(datasets) > 1:
        write_report_summary(report, classified, pages, failures.reasons)
    if failures.reasons:
        raise typer.Exit(_EXIT_INPUT)


def _classify_all(
    datasets: Sequence[tuple[LocalDataset, DatasetFiles]], run: "_Run", failures: "_Failures"
) -> list[DatasetRows]:
    """The rows of the datasets that can be classified; of several datasets, a line of the bar counts them."""
    classified: list[DatasetRows] = []
    with ExitStack() as stack:
        on_dataset = stack.enter_context(show_steps(run.bar)) if len(datasets) > 1 else ignore_progress
        for dataset, files in follow(datasets, "datasets", len(datasets), on_dataset):
            try:
                with reject_memory_errors():
                    classified.append(_classify_dataset(dataset, run, files))
            except (InvalidInputError, TransientError) as error:
                failures.add(dataset.data.dataset_id, error)
            except OSError as error:  # listing the folder or finding the .ibd file failed
                sentence = f"cannot read {error.filename or 'one of its files'}: {error.strerror}"
                failures.add(dataset.data.dataset_id, NotFoundError(sentence))
    return classified


def _summarise(classified: Sequence[DatasetRows], failures: "_Failures", *, quiet: bool) -> None:
    """Print a summary of several datasets, and note those without a readable image."""
    if len(classified) > 1 and not quiet:
        print_summary(classified)
    for rows in classified:
        if rows.rows and all(row.status == "unreadable" for row in rows.rows):
            failures.add(rows.dataset_id, InvalidInputError("no ion image could be read; each row has its reason"))


class _Failures:
    """Prints one line for each input that could not be classified; the error of a single input is raised instead."""

    def __init__(self, *, is_only_one: bool) -> None:
        self.reasons: dict[str, str] = {}
        """By the name of the input."""
        self._is_only_one = is_only_one
        self._console = Console(stderr=True, highlight=False)

    def add(self, name: str, error: OffSampleError) -> None:
        if self._is_only_one:
            raise error
        self.reasons[name] = str(error)
        self._console.print(f"offsample: {name}: {error}", markup=False, emoji=False, soft_wrap=True)


@dataclass(frozen=True)
class _Run:
    """What is the same for all datasets."""

    predictor: Predictor
    settings: Settings
    threshold: float | None
    bar: Progress
    told: set[str] = field(default_factory=set)
    """Notes on the list of ions, which is the same for all datasets."""

    @property
    def console(self) -> Console:
        """Where everything but rows and errors goes."""
        return self.bar.console

    def tell(self, notes: Sequence[str]) -> None:
        """Print notes on the list of ions, each once."""
        for sentence in notes:
            if sentence not in self.told:
                self.told.add(sentence)
                self.console.print(f"offsample: {sentence}", markup=False, emoji=False, soft_wrap=True)


def _classify_dataset(dataset: LocalDataset, run: _Run, files: DatasetFiles) -> DatasetRows:
    console, predictor, threshold = run.console, run.predictor, run.threshold
    dataset_id = dataset.data.dataset_id
    with show_steps(run.bar, dataset_id) as on_work, ExitStack() as stack:
        access = make_access(dataset, run.settings, on_work)
        source = stack.enter_context(open_source(dataset.data.ion_images, access))
        listed = list_annotations(dataset.data, source, access)
        annotations = listed.annotations
        tiles = stack.enter_context(TileBuffer(len(annotations))) if files.report is not None else None
        found = classify(
            source if tiles is None else RecordedSource(source, tiles),
            annotations,
            predictor,
            threshold=threshold,
            one_shape=False,
            loose=dataset.loose,
            on_progress=from_first(on_work),
        )
        if files.report is not None and tiles is not None:
            from worker.report.page import write_report  # noqa: PLC0415 - jinja2 is imported only where it is used

            write_report(
                files.report,
                describe_for_report(dataset, annotations, found, predictor, threshold, (*listed.notes, *source.notes)),
                tiles,
                predictor,
                on_work,
            )
        run.tell(listed.notes)
        for sentence in (*source.notes, *_describe(dataset, found, predictor)):
            console.print(f"{dataset_id}: {sentence}", markup=False, emoji=False, soft_wrap=True)
        if files.gallery is not None:
            title = f"{dataset_id}: {describe_counts(found.counts)}"
            make_gallery(source, annotations, found.rows, files.gallery, title, on_progress=on_work)
            console.print(f"gallery: {files.gallery}", markup=False, soft_wrap=True)
        if files.report is not None:
            console.print(f"report: {files.report}", markup=False, soft_wrap=True)
        facts = find_ion_facts(annotations, found.extents)
        conclusion = conclude(found.counts, found.off_sample_area)
        rows = DatasetRows(dataset_id, predictor.release.version, found.rows, facts, found.assessment, conclusion)
        if files.anndata is not None:
            _write_anndata(files.anndata, dataset, source, annotations, rows, on_work)
            console.print(f"AnnData: {files.anndata}", markup=False, soft_wrap=True)
    return rows


def _write_anndata(
    path: Path,
    dataset: LocalDataset,
    source: IonImageSource,
    annotations: Sequence[Annotation],
    rows: DatasetRows,
    on_progress: ProgressCallback,
) -> None:
    """A copy of the dataset's own .h5ad file with columns added, or a new file."""
    from worker.cli.outputs.anndata_file import extend_anndata, make_anndata  # noqa: PLC0415 - only where it is used

    if dataset.anndata is not None:
        extend_anndata(dataset.anndata, path, annotations, rows)
    else:
        make_anndata(path, source, annotations, rows, on_progress)


def _describe(dataset: LocalDataset, found: Classification, predictor: Predictor) -> Iterator[str]:
    """Sentences about a dataset: its counts, and cautions about its results."""
    if len(found.shapes) > 1 and not dataset.loose:
        sizes = f"images differ in size ({len(found.shapes)} sizes)"
        yield f"{sizes}, so each is treated as a dataset of its own"
    share = find_acquired_share(found.classified_extents)
    acquired = "" if share is None or share > _NEARLY_ALL else f", {share:.0%} of the image acquired"
    yield f"{conclude(found.counts, found.off_sample_area)} (release {predictor.release.version}{acquired})"
    yield from (SENTENCES[code] for code in found.assessment)
