"""Publication of area networks, joined with the image members of a plain release, as a release of kind `area`."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path

from model_store.installation import install_release
from model_store.manifest import AreaParts, HeldOutAcquisition, Manifest, Provenance
from model_store.release import (
    MANIFEST_NAME,
    RELEASES_ROOT,
    Release,
    require_new_version,
    verify_release,
    write_default,
)
from shared.errors import InvalidInputError
from shared.preprocessing import ALL_CHANNELS
from shared.progress import ProgressCallback, ignore_progress
from training.acquisitions.series import load_acquisitions
from training.area.area_content import AreaContent
from training.area.card import write_area_card
from training.area.gate import require_better_held_out
from training.area.graph_files import build_area_files, name_area_members, name_graph
from training.area.reliability import draw_reliability
from training.area.run import AreaRun, NetworkTask
from training.benchmark.release_on_benchmark import run_on_benchmark
from training.metrics.real_set_scores import RealSetScores
from training.release.default_gate import require_not_worse
from training.release.front_matter import add_front_matter
from training.release.mistakes import draw_mistakes
from training.release.model_card import rewrite_scores
from training.release.release_manifest import CARD_NAME, PICTURES_NAME, as_published, describe_file
from training.release.release_scores import evaluate_release
from training.synthetic.sources import load_sources
from training.windows.cutting import can_cut

RELIABILITY_NAME = "area_reliability.png"


def publish_area_release(  # noqa: PLR0913 - options of the caller
    run: AreaRun,
    version: str,
    plain: Release,
    content: AreaContent,
    *,
    default: bool = False,
    although_worse_on: Sequence[str] = (),
    root: Path = RELEASES_ROOT,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Release, list[RealSetScores]]:
    """Build, check, evaluate and verify a release, and add it to `root` atomically.

    Raises
    ------
    InvalidInputError
        When the run is not finished, or the plain release is of another kind or lacks the acquisition mask.
    ReleaseError
        When the version exists, an engine differs from the other, verification fails, or a new default would be
        worse than the current one (`training/release/default_gate.py`).
    """
    require_new_version(version, root)
    run.require_finished()
    require_plain(plain)
    with install_release(version, root) as folder:
        manifest = _build(folder, run, plain, content)
        draft = Release(folder, manifest)
        rows = evaluate_release(draft, content.real_sets, on_progress)
        worse_on: tuple[str, ...] = ()
        if default:
            acquisitions = {one.acquisition for one in content.held_out}
            sets = [name for name in although_worse_on if name not in acquisitions]
            worse_on = require_better_held_out(version, content.held_out, although_worse_on)
            worse_on += require_not_worse(version, rows, content.real_sets, sets, root, on_progress)
        _describe(draft, run, plain, content, rows, worse_on)
    if default:
        write_default(version, root)
    return verify_release(root / version), rows


def require_plain(plain: Release) -> None:
    """Check that a release can lend its members; raises `InvalidInputError`."""
    manifest = plain.manifest
    if manifest.kind != "ensemble" or manifest.input.channels != ALL_CHANNELS:
        raise InvalidInputError(
            f"expected a plain release with the channels {', '.join(ALL_CHANNELS)}, got {manifest.version} of kind"
            f" {manifest.kind} with {', '.join(manifest.input.channels)}"
        )


def _build(folder: Path, run: AreaRun, plain: Release, content: AreaContent) -> Manifest:
    """All files but the card, and the manifest without scores."""
    own = plain.manifest
    for file in (*own.members, own.ensemble_onnx):
        shutil.copyfile(plain.folder / file.name, folder / file.name)
    settings = run.settings()
    tasks = [NetworkTask(None, member) for member in range(1, settings.members + 1)]
    build_area_files([run.network_path(task) for task in tasks], folder, content.datasets)
    (folder / CARD_NAME).touch()
    area = AreaParts(
        members=tuple(describe_file(folder / name) for name in name_area_members(settings.members)),
        encode=describe_file(folder / name_graph("encode")),
        context=describe_file(folder / name_graph("context")),
        judge=describe_file(folder / name_graph("judge")),
        verdict=describe_file(folder / name_graph("verdict")),
        decision=content.decision,
        held_out=tuple(HeldOutAcquisition(**asdict(row)) for row in content.held_out),
    )
    changes = {
        "version": folder.name,
        "kind": "area",
        "area": area,
        "model_card": describe_file(folder / CARD_NAME),
        "pictures": (),
        "figures": (),
        "benchmark": None,
        "provenance": _make_provenance(folder.name, run, plain),
    }
    return Manifest.model_validate(own.model_copy(update=changes).model_dump())


def _make_provenance(version: str, run: AreaRun, plain: Release) -> Provenance:
    settings, own = run.settings(), plain.manifest.provenance
    seen = {source.name for source in load_sources().texture_sources} | set(own.fitted_on or ())
    seen |= set(_list_window_acquisitions())
    return Provenance(
        created=datetime.now(UTC).date().isoformat(),
        command=f"{write_fit_command(run)} && python -m training publish-area RUN_DIR --version {version} --plain"
        f" {plain.version}",
        code_version=distribution_version("offsample"),
        seed=settings.seed,
        training_data=f"{settings.examples:,} windows of real acquisitions and {settings.examples:,} semi-synthetic"
        f" datasets (training/data/README.md); image members of release {plain.version}: {own.training_data}",
        training_images=own.training_images,
        licence_notes=f"{own.licence_notes}; real acquisitions: CC-BY-4.0 and MIT, listed one by one in"
        " training/data/acquisitions/sources.csv",
        fitted_on=tuple(sorted(seen)),
    )


def write_fit_command(run: AreaRun) -> str:
    """The command that repeats the run."""
    settings = run.settings()
    folds = "" if settings.folds is None else f" --folds {settings.folds} --fold-members {settings.fold_members}"
    return (
        f"python -m training fit-area --examples {settings.examples} --steps {settings.steps} --members"
        f" {settings.members}{folds} --seed {settings.seed} --output RUN_DIR"
    )


def _list_window_acquisitions() -> list[str]:
    return [one.name for one in load_acquisitions() if can_cut(one, inside=True) or can_cut(one, inside=False)]


def _describe(
    draft: Release,
    run: AreaRun,
    plain: Release,
    content: AreaContent,
    rows: Sequence[RealSetScores],
    worse_on: tuple[str, ...],
) -> None:
    """Write manifest, card and pictures, with the scores of the published files."""
    folder, manifest = draft.folder, draft.manifest
    benchmark = None if content.frozen is None else run_on_benchmark(draft, content.frozen)
    drawn = draw_mistakes(draft, content.real_sets, benchmark, folder / PICTURES_NAME)
    draw_reliability(content.held_out, content.decision, folder / RELIABILITY_NAME)
    plain_card = (plain.folder / CARD_NAME).read_text(encoding="utf-8")
    card = write_area_card(plain_card, plain.version, manifest, run.settings(), content, RELIABILITY_NAME)
    card = rewrite_scores(card, manifest, rows, benchmark, PICTURES_NAME if drawn else None)
    scores = {
        "figures": tuple(map(as_published, rows)),
        "benchmark": None if benchmark is None else benchmark.scores(),
    }
    (folder / CARD_NAME).write_text(add_front_matter(card, manifest.model_copy(update=scores)), encoding="utf-8")
    pictures = [RELIABILITY_NAME, *([PICTURES_NAME] if drawn else [])]
    changes = {
        "model_card": describe_file(folder / CARD_NAME),
        "pictures": tuple(describe_file(folder / name) for name in pictures),
        **scores,
        "provenance": manifest.provenance.model_copy(update={"default_although_worse_on": worse_on}),
    }
    text = manifest.model_copy(update=changes).model_dump_json(indent=2)
    (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")
