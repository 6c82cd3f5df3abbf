"""Redescription: new scores, pictures and card of a published release, from the same networks.

What determines predictions never changes under a version: networks, label order, threshold, temperature, uncertain
band, blend. The description may change: a new real set, a corrected interval.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from model_store.manifest import Manifest
from model_store.release import MANIFEST_NAME, Release, verify_release
from shared.progress import ProgressCallback, ignore_progress
from training.benchmark.frozen_set import FrozenSet
from training.benchmark.release_on_benchmark import run_on_benchmark
from training.metrics.real_set_scores import RealSetScores
from training.real_sets import RealSet
from training.release.front_matter import add_front_matter
from training.release.mistakes import draw_mistakes
from training.release.model_card import rewrite_scores
from training.release.release_manifest import (
    CARD_NAME,
    PICTURES_NAME,
    as_published,
    describe_file,
    list_textures_fitted_on,
)
from training.release.release_scores import evaluate_release


def redescribe_release(
    release: Release,
    real_sets: Sequence[RealSet],
    frozen: FrozenSet | None,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Release, list[RealSetScores]]:
    """Evaluate a verified release again, and replace its manifest, card and pictures.

    The new folder is verified before it replaces the old one; an interruption before that changes nothing.

    Raises
    ------
    InvalidInputError
        When the card was not written by `publish`.
    ReleaseError
        When the new folder fails verification.
    """
    with _replace(release) as folder:
        copied = Release(folder, _update_provenance(release.manifest), release.blend)
        rows = evaluate_release(copied, real_sets, on_progress)
        benchmark = None if frozen is None else run_on_benchmark(copied, frozen)
        (folder / PICTURES_NAME).unlink(missing_ok=True)
        drawn = draw_mistakes(copied, real_sets, benchmark, folder / PICTURES_NAME)
        others = [picture for picture in release.manifest.pictures if picture.name != PICTURES_NAME]
        manifest = copied.manifest.model_copy(
            update={
                "pictures": (*others, *([describe_file(folder / PICTURES_NAME)] if drawn else [])),
                "figures": tuple(map(as_published, rows)),
                "benchmark": None if benchmark is None else benchmark.scores(),
            }
        )
        card = (folder / CARD_NAME).read_text(encoding="utf-8")
        _write(folder, rewrite_scores(card, manifest, rows, benchmark, PICTURES_NAME if drawn else None), manifest)
    return verify_release(release.folder), rows


def rewrite_front_matter(release: Release) -> Release:
    """Write the head of a release's card anew, from what its manifest states; nothing is evaluated.

    Raises
    ------
    ReleaseError
        When the new folder fails verification.
    """
    with _replace(release) as folder:
        _write(folder, (folder / CARD_NAME).read_text(encoding="utf-8"), release.manifest)
    return verify_release(release.folder)


@contextmanager
def _replace(release: Release) -> Iterator[Path]:
    """A copy of a release's folder to change, which takes its place once it is verified."""
    with TemporaryDirectory(dir=release.folder.parent, prefix=".describing-") as scratch:
        folder = Path(scratch) / release.version
        shutil.copytree(release.folder, folder)
        yield folder
        verify_release(folder)
        release.folder.rename(Path(scratch) / "before")
        folder.rename(release.folder)


def _write(folder: Path, card: str, manifest: Manifest) -> None:
    """Write a card, with its head, and the manifest."""
    (folder / CARD_NAME).write_text(add_front_matter(card, manifest), encoding="utf-8")
    manifest = manifest.model_copy(update={"model_card": describe_file(folder / CARD_NAME)})
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _update_provenance(manifest: Manifest) -> Manifest:
    """Add today's date and, where older code did not record them, the textures fitted on."""
    provenance = manifest.provenance
    fitted_on = provenance.fitted_on
    if fitted_on is None and provenance.training_data.startswith("semi-synthetic"):
        fitted_on = list_textures_fitted_on()
    changes = {"described": datetime.now(UTC).date().isoformat(), "fitted_on": fitted_on}
    return manifest.model_copy(update={"provenance": provenance.model_copy(update=changes)})
