"""A dataset report as one HTML file, without network and without dependencies."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from model_store.predictors.predictor import Predictor
from shared.progress import ProgressCallback, ignore_progress
from worker.classification.assessment import SENTENCES
from worker.classification.conclusion import conclude
from worker.report.area_figures import AreaFigures, find_area_figures
from worker.report.explanations import choose_explained, open_explainer, pack_explanations
from worker.report.page_data import ClassifiedDataset, make_page_data, sort_by_confidence
from worker.report.page_file import load_template, name_hash, read_style, write_page
from worker.report.page_script import join_script
from worker.report.tile_buffer import TileBuffer
from worker.report.tile_packing import pack, plan_packing

GROUPS: Final = (
    ("off", "off-sample"),
    ("on", "on-sample"),
    ("uncertain", "uncertain"),
    ("no_signal", "no signal"),
    ("unreadable", "unreadable"),
)
SORTS: Final = (
    ("confidence", "most confident first"),
    ("review", "worth checking first"),
    ("doubt", "closest to the threshold"),
    ("mz", "m/z"),
    ("name", "id"),
    ("formula", "formula"),
    ("probability", "P(off)"),
    ("spread", "member spread"),
    ("total", "total intensity"),
    ("maximum", "maximum"),
    ("signal", "non-zero pixels"),
    ("order", "order of the list"),
)


def write_report(
    path: Path,
    dataset: ClassifiedDataset,
    tiles: TileBuffer,
    predictor: Predictor | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> None:
    """Write the page of a dataset whose ion images were recorded in `tiles`.

    Parameters
    ----------
    predictor
        Explains the labels that are most in doubt; None = none is explained.

    Raises
    ------
    InvalidInputError, NoRoomError
        When `path` cannot be written, or its disk is full.
    """
    ordered = [one for one in sort_by_confidence(dataset.found.rows, dataset.threshold) if one in tiles]
    figures = None if dataset.loose else find_area_figures(tiles, ordered, dataset.found, on_progress)
    packing = plan_packing(tiles, ordered)
    explanations = None
    if predictor is not None:
        chosen = [one for one in choose_explained(dataset.found.rows, dataset.threshold) if one in tiles]
        explainer = open_explainer(predictor, tiles, ordered, loose=dataset.loose)
        explanations = pack_explanations(explainer, chosen, on_progress)
    script, style = join_script(), read_style()
    chunks = load_template("page.html.j2").generate(
        dataset_id=dataset.dataset_id,
        conclusion=conclude(dataset.found.counts, dataset.found.off_sample_area),
        cautions=[{"code": code, "sentence": SENTENCES[code]} for code in dataset.found.assessment],
        notes=dataset.notes,
        provenance=describe_provenance(dataset, figures, tiles, ordered),
        groups=GROUPS,
        sorts=SORTS,
        program_version=version("offsample"),
        data=make_page_data(dataset, tiles, packing, figures) | {"explanations": explanations},
        blocks=pack(packing, tiles, on_progress),
        script=script,
        style=style,
        script_hash=name_hash(script),
        style_hash=name_hash(style),
    )
    write_page(path, chunks)


def describe_provenance(
    dataset: ClassifiedDataset, figures: AreaFigures | None, tiles: TileBuffer, ordered: Sequence[str]
) -> list[tuple[str, str]]:
    """What was read and how it was classified: names and values for people."""
    manifest = dataset.manifest
    given = list((dataset.provenance or {}).items())
    shown = sorted({tiles.shape(one) for one in ordered})
    read = sorted(dataset.found.shapes)
    sizes = _describe_sizes(read) + (f", shown as {_describe_sizes(shown)}" if shown != read and shown else "")
    band = manifest.uncertain_band
    threshold = f"{dataset.threshold:g}"
    if dataset.threshold != manifest.threshold:
        threshold += f" (the release's is {manifest.threshold:g})"
    return [
        ("Dataset", dataset.dataset_id),
        *given,
        ("Image size", sizes),
        ("Release", manifest.version),
        ("Threshold", threshold),
        ("Uncertain band", "none" if band is None else f"{band[0]:g} to {band[1]:g}"),
        ("Sample mask", "none" if figures is None else "predicted from all ion images together"),
        ("Program", f"offsample {version('offsample')}"),
        ("Made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
    ]


def _describe_sizes(shapes: Sequence[tuple[int, int]]) -> str:
    if not shapes:
        return "none"
    height, width = shapes[0]
    return f"{height} x {width} px" if len(shapes) == 1 else f"{len(shapes)} sizes"
