"""`offsample releases compare A B INPUT`: two releases on the same dataset, as a table and a picture."""
# ruff: noqa: PLC0415 - the other commands on releases classify nothing, and do not wait for these imports

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from model_store.predictors.predictor import Engine
from worker.cli.inputs import options as input_options
from worker.cli.outputs.json_output import AsJson, print_json
from worker.cli.outputs.output_path import require_output

if TYPE_CHECKING:
    from worker.classification.release_comparison import ReleaseComparison
    from worker.cli.inputs.local import LocalDataset
    from worker.settings import Settings

_PIPED_COLUMNS = 120


def compare(  # noqa: PLR0913 - a command's options
    first: Annotated[str, typer.Argument(help="Version of an installed release.")],
    second: Annotated[str, typer.Argument(help="Version of another one.")],
    dataset: Annotated[str, typer.Argument(help=input_options.HELP, metavar="INPUT")],
    *,
    picture: Annotated[Path | None, typer.Option(help="Also draw where they differ into this .png file.")] = None,
    most: Annotated[int, typer.Option(min=0, help="How many ions the table has, the most different ones.")] = 20,
    annotations: input_options.Annotations = None,
    ppm: input_options.Ppm = None,
    z: input_options.Z = None,
    most_peaks: input_options.MostPeaks = None,
    database: input_options.Database = None,
    fdr: input_options.Fdr = None,
    engine: Annotated[Engine | None, typer.Option(help="Default: OFFSAMPLE_ENGINE, else auto.")] = None,
    as_json: AsJson = False,
) -> None:
    """Classify a dataset with two releases, and show where they differ."""
    from worker.cli.inputs.local import find_dataset
    from worker.cli.inputs.spec import KindOptions
    from worker.settings import Settings

    if picture is not None:
        require_output(picture, "--picture", [".png"])
    settings = Settings.read()
    if engine is not None:
        settings = settings.model_copy(update={"engine": engine})
    found = find_dataset(dataset, annotations, KindOptions(ppm, z, most_peaks, database, fdr))
    comparison = _compare(found, (first, second), settings, picture)
    if as_json:
        print_json(comparison)
    else:
        _print(comparison, most)


def _compare(
    dataset: "LocalDataset", versions: tuple[str, str], settings: "Settings", picture: Path | None
) -> "ReleaseComparison":
    """Read the dataset once for each release, and its most different ion images once more for the picture."""
    from model_store.opening import open_predictor
    from model_store.release import Release
    from shared.progress import follow, from_first
    from shared.progress_bar import show_progress
    from worker.classification.classification import Classification, classify
    from worker.classification.release_comparison import compare_classifications
    from worker.cli.inputs.access import make_access
    from worker.cli.outputs.comparison_picture import draw_comparison, list_drawn
    from worker.events.annotations import list_annotations
    from worker.sources.opening import open_source

    releases = [settings.open_release(version) for version in versions]
    with ExitStack() as stack:
        console = Console(stderr=True, highlight=False)
        on_work = stack.enter_context(show_progress(dataset.data.dataset_id, console))
        access = make_access(dataset, settings, on_work)
        source = stack.enter_context(open_source(dataset.data.ion_images, access))
        listed = list_annotations(dataset.data, source, access)
        annotations = listed.annotations

        def classify_with(release: Release) -> Classification:
            return classify(
                source,
                annotations,
                open_predictor(release, settings.engine, settings.threads or None),
                one_shape=False,
                loose=dataset.loose,
                on_progress=from_first(lambda what, *counts: on_work(f"{what} with {release.version}", *counts)),
            )

        found = (classify_with(releases[0]), classify_with(releases[1]))
        comparison = compare_classifications(dataset.data.dataset_id, versions, found)
        if picture is not None:
            drawn = set(list_drawn(comparison))
            wanted = [one for one in annotations if one.annotation_id in drawn]
            fetched = follow(source.fetch(wanted), "reading for the picture", len(wanted), on_work)
            images = {one.annotation_id: one.ion_image for one in fetched if one.ion_image is not None}
            captions = {one.annotation_id: f"m/z {one.mz:.4f}" for one in wanted if one.mz is not None}
            draw_comparison(comparison, images, captions, picture)
        for sentence in (*listed.notes, *source.notes):
            console.print(f"{dataset.data.dataset_id}: {sentence}", markup=False, soft_wrap=True)
    return comparison


def _print(comparison: "ReleaseComparison", most: int) -> None:
    """What each release found, one sentence on the difference, and the most different ions."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_COLUMNS)
    first, second = comparison.first, comparison.second
    summary = Table("release", "classified", "off", "uncertain", "off-sample area")
    for one in (first, second):
        summary.add_row(
            one.release, f"{one.classified:,}", f"{one.off:,}", f"{one.uncertain:,}", one.off_sample_area or "-"
        )
    console.print(summary)
    console.print(_describe(comparison), markup=False, soft_wrap=True)
    if comparison.ions and most:
        table = Table("annotation_id", first.release, second.release, "difference", "labels")
        for ion in comparison.ions[:most]:
            labels = (
                ion.first_label if ion.first_label == ion.second_label else f"{ion.first_label}, {ion.second_label}"
            )
            numbers = (ion.first_probability, ion.second_probability, ion.difference)
            table.add_row(ion.annotation_id, *(f"{number:.4f}" for number in numbers), labels)
        console.print(table)


def _describe(comparison: "ReleaseComparison") -> str:
    if comparison.mean_difference is None:
        return f"{comparison.dataset_id}: no ion image was classified by both releases"
    ranks = "" if comparison.rank_correlation is None else f", rank correlation {comparison.rank_correlation:.3f}"
    return (
        f"{comparison.dataset_id}: {comparison.other_label:,} of {comparison.compared:,} ion images have another label;"
        f" probabilities differ by {comparison.mean_difference:.4f} on average{ranks}"
    )
