"""`offsample explain INPUT --ion ID`: why an ion image has its label, as a picture."""

from collections.abc import Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from shared.errors import InvalidInputError, NotFoundError
from shared.ion_image import make_ion_image
from shared.progress import from_first
from shared.progress_bar import show_progress
from worker.classification.classification import Classification, classify
from worker.cli.inputs import options as input_options
from worker.cli.inputs.access import make_access
from worker.cli.inputs.local import LocalDataset, find_dataset
from worker.cli.inputs.spec import KindOptions
from worker.cli.outputs.explanation import ExplainedImage, draw_explanation
from worker.cli.outputs.output_path import require_output
from worker.events.annotations import list_annotations
from worker.messages.event import Annotation
from worker.messages.results import ResultRow
from worker.report.area_figures import find_area_figures
from worker.report.explanations import open_explainer
from worker.report.recorded_source import RecordedSource
from worker.report.tile import NOT_ACQUIRED, decode_tile
from worker.report.tile_buffer import TileBuffer
from worker.settings import Settings
from worker.sources.opening import open_source

app = typer.Typer(add_completion=False)


@app.command()
def explain(  # noqa: PLR0913 - a command's options
    dataset: Annotated[str, typer.Argument(help=input_options.HELP, metavar="INPUT")],
    *,
    ion: Annotated[str, typer.Option(help="The annotation id of the ion image, as `classify` prints it.")],
    output: Annotated[Path, typer.Option(help="The picture, a .png file.")],
    annotations: input_options.Annotations = None,
    ppm: input_options.Ppm = None,
    z: input_options.Z = None,
    most_peaks: input_options.MostPeaks = None,
    database: input_options.Database = None,
    fdr: input_options.Fdr = None,
    release: Annotated[str | None, typer.Option(help="Default: the worker's release.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="Default: OFFSAMPLE_ENGINE, else auto.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Draw which parts of an ion image point to off-sample and which to on-sample.

    The whole dataset is classified first: its sample mask, and with some releases its labels, depend on all ions.
    """
    require_output(output, "--output", [".png"])
    settings = Settings.read()
    found = find_dataset(dataset, annotations, KindOptions(ppm, z, most_peaks, database, fdr))
    opened = settings.open_release(release)
    predictor = open_predictor(opened, engine or settings.engine, settings.threads or None)
    console = Console(stderr=True, highlight=False, quiet=quiet)
    explained = _explain(found, ion, predictor, settings, console)
    draw_explanation(explained, output)
    console.print(explained.title, markup=False, emoji=False, soft_wrap=True)
    console.print(f"picture: {output}", markup=False, emoji=False, soft_wrap=True)


def _explain(
    dataset: LocalDataset, ion: str, predictor: Predictor, settings: Settings, console: Console
) -> ExplainedImage:
    with show_progress(dataset.data.dataset_id, console) as on_work, ExitStack() as stack:
        access = make_access(dataset, settings, on_work)
        source = stack.enter_context(open_source(dataset.data.ion_images, access))
        listed = list_annotations(dataset.data, source, access)
        annotations = listed.annotations
        _require_ion(ion, annotations)
        tiles = stack.enter_context(TileBuffer(len(annotations)))
        found = classify(
            RecordedSource(source, tiles),
            annotations,
            predictor,
            one_shape=False,
            loose=dataset.loose,
            on_progress=from_first(on_work),
        )
        row = next(row for row in found.rows if row.annotation_id == ion)
        if row.off_sample_probability is None:
            raise InvalidInputError(f"ion image {ion!r} has no label to explain: {row.reason}")
        for sentence in (*listed.notes, *source.notes):
            console.print(f"{dataset.data.dataset_id}: {sentence}", markup=False, emoji=False, soft_wrap=True)
        return _explain_row(dataset, row, found, predictor, tiles)


def _explain_row(
    dataset: LocalDataset, row: ResultRow, found: Classification, predictor: Predictor, tiles: TileBuffer
) -> ExplainedImage:
    recorded = [one.annotation_id for one in found.rows if one.annotation_id in tiles]
    loose = dataset.loose or len(found.shapes) > 1
    figures = None if loose else find_area_figures(tiles, recorded, found)
    tile = tiles.read(row.annotation_id)
    explainer = open_explainer(predictor, tiles, recorded, loose=loose)
    has_area = figures is not None and figures.off_sample_area == "present"
    label = f"{row.label}-sample{', uncertain' if row.uncertain else ''}, P(off) {row.off_sample_probability:.3f}"
    return ExplainedImage(
        f"{row.annotation_id}: {label} (release {predictor.release.version})",
        make_ion_image(decode_tile(tile), tile.codes != NOT_ACQUIRED),
        explainer.explain(row.annotation_id),
        figures.mask if figures is not None and has_area else None,
    )


def _require_ion(ion: str, annotations: Sequence[Annotation]) -> None:
    known = [annotation.annotation_id for annotation in annotations]
    if ion not in known:
        near = get_close_matches(ion, known, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise NotFoundError(f"expected --ion to be one of {len(known):,} annotation ids, got {ion!r}{hint}")
