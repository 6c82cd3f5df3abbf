"""`offsample clean INPUT.imzML --output OUTPUT.imzML`: the measurement without the peaks of off-sample ions."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from shared.errors import InvalidInputError
from shared.progress import from_first
from shared.progress_bar import show_progress
from worker.access.store_uri import is_remote
from worker.classification.classification import classify
from worker.classification.conclusion import conclude
from worker.cleaning.audit import write_audit
from worker.cleaning.cleaning import CleaningCounts, clean_measurement
from worker.cleaning.header import read_header
from worker.cleaning.removal import Drop, RemovedIon, choose_removed
from worker.cli.inputs import options as input_options
from worker.cli.inputs.access import make_access
from worker.cli.inputs.local import LocalDataset, find_dataset
from worker.cli.inputs.spec import KindOptions
from worker.cli.outputs.output_path import require_output
from worker.events.annotations import list_annotations
from worker.messages.event import ImzmlIonImages
from worker.settings import Settings
from worker.sources.imzml_file import ImzmlFile

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class _Wanted:
    """What the options ask for; `path` is that of the new .imzML file."""

    drop: Drop
    threshold: float | None
    path: Path


@app.command()
def clean(  # noqa: PLR0913 - a command's options
    dataset: Annotated[str, typer.Argument(help="An .imzML file with its .ibd file.", metavar="INPUT")],
    *,
    output: Annotated[Path, typer.Option(help="The new .imzML file; .ibd and .csv, what was removed, beside it.")],
    drop: Annotated[
        Drop, typer.Option(help="Remove off-sample ions whose label is certain, or the uncertain ones too.")
    ] = Drop.OFF,
    annotations: input_options.Annotations = None,
    ppm: input_options.Ppm = None,
    z: input_options.Z = None,
    most_peaks: input_options.MostPeaks = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Default: the release's.")] = None,
    release: Annotated[str | None, typer.Option(help="Default: the worker's release.")] = None,
    engine: Annotated[Engine | None, typer.Option(help="Default: OFFSAMPLE_ENGINE, else auto.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Write a measurement again without the peaks of off-sample ions.

    All other peaks keep their m/z and intensity to the last bit. Of a 3-D file only one plane is written.
    """
    settings = Settings.read()
    found = find_dataset(dataset, annotations, KindOptions(ppm, z, most_peaks))
    location = _require_local_imzml(found, dataset)
    _require_free(output, Path(location.uri), force=force)
    opened = settings.open_release(release)
    predictor = open_predictor(opened, engine or settings.engine, settings.threads or None)
    wanted = _Wanted(drop, threshold, output.with_suffix(".imzML"))
    console = Console(stderr=True, highlight=False, quiet=quiet)
    for sentence in _clean(found, location, predictor, settings, wanted, console):
        console.print(f"{found.data.dataset_id}: {sentence}", markup=False, emoji=False, soft_wrap=True)


def _require_local_imzml(found: LocalDataset, shown: str) -> ImzmlIonImages:
    location = found.data.ion_images
    if not isinstance(location, ImzmlIonImages) or is_remote(location.uri):
        raise InvalidInputError(f"expected an .imzML file on this machine, got {shown}")
    return location


def _require_free(output: Path, source: Path, *, force: bool) -> None:
    require_output(output, "--output", [".imzML"])
    files = [output.with_suffix(suffix) for suffix in (".imzML", ".ibd", ".csv")]
    if any(file.exists() and file.samefile(source) for file in files):
        raise InvalidInputError(f"expected --output to name another file than the measurement itself, got {output}")
    existing = [file for file in files if file.exists()]
    if existing and not force:
        raise InvalidInputError(f"{existing[0]} exists; expected a new name, or --force to replace it")


def _clean(
    dataset: LocalDataset,
    location: ImzmlIonImages,
    predictor: Predictor,
    settings: Settings,
    wanted: _Wanted,
    console: Console,
) -> list[str]:
    """Sentences about what was found and removed."""
    with show_progress(dataset.data.dataset_id, console) as on_work, ExitStack() as stack:
        access = make_access(dataset, settings, on_work)
        source = stack.enter_context(ImzmlFile(location, access.roots, access.limits, on_work))
        listed = list_annotations(dataset.data, source, access)
        annotations = listed.annotations
        found = classify(
            source,
            annotations,
            predictor,
            threshold=wanted.threshold,
            one_shape=False,
            on_progress=from_first(on_work),
        )
        ions = choose_removed(found.rows, annotations, wanted.drop, location.ppm)
        with access.roots.open_file(location.uri) as imzml:
            header = read_header(imzml)
        mz = np.asarray([ion.mz for ion in ions], dtype=np.float64)

        def write_list(path: Path, counts: CleaningCounts) -> None:
            write_audit(path, ions, counts, location.ppm, predictor.release.version)

        counts = clean_measurement(source.dataset, header, mz, location.ppm, wanted.path, write_list, on_work)
    verdict = f"{conclude(found.counts, found.off_sample_area)} (release {predictor.release.version})"
    return [*listed.notes, *source.notes, verdict, *_describe(ions, counts, len(annotations), wanted.path)]


def _describe(ions: list[RemovedIon], counts: CleaningCounts, annotations: int, path: Path) -> list[str]:
    share = counts.removed_intensity / counts.all_intensity if counts.all_intensity else 0.0
    removed = f"{counts.removed_peaks:,} of {counts.all_peaks:,} peaks, {share:.1%} of the intensity"
    sentences = [f"removed {len(ions):,} of {annotations:,} ions: {removed}"]
    overlapping = sum(bool(ion.overlaps) for ion in ions)
    if overlapping:
        sentences.append(
            f"the m/z windows of {overlapping:,} of them overlap those of ions that stay (also_in_windows_of in the"
            " table); a smaller --ppm separates them"
        )
    if counts.empty_spectra:
        sentences.append(f"{counts.empty_spectra:,} spectra have no peak left; each has one of intensity 0")
    return [*sentences, f"measurement: {path}", f"what was removed: {path.with_suffix('.csv')}"]
