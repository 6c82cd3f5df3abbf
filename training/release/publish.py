"""Publication of a finished run as a verified release."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model_store.installation import install_release
from model_store.release import (
    MANIFEST_NAME,
    RELEASES_ROOT,
    Release,
    require_new_version,
    verify_release,
    write_default,
)
from shared.errors import InvalidInputError
from shared.progress import ProgressCallback, ignore_progress
from training.benchmark.release_on_benchmark import run_on_benchmark
from training.fit.recipe import LABEL_ORDER
from training.fit.run_folder import RunFolder
from training.metrics.real_set_scores import RealSetScores
from training.release.decision import UNDECIDED, decide_with_plain
from training.release.default_gate import require_not_worse
from training.release.front_matter import add_front_matter
from training.release.members import build_files
from training.release.mistakes import draw_mistakes
from training.release.model_card import CardContent, write_model_card
from training.release.reference import make_reference
from training.release.release_manifest import (
    BLEND_NAME,
    CARD_NAME,
    ONNX_NAME,
    PICTURES_NAME,
    ReleaseParts,
    make_manifest,
)
from training.release.release_scores import evaluate_release


def publish_release(  # noqa: PLR0913 - options of the caller
    run: RunFolder,
    version: str,
    parts: ReleaseParts,
    *,
    default: bool = False,
    although_worse_on: Sequence[str] = (),
    root: Path = RELEASES_ROOT,
    on_progress: ProgressCallback = ignore_progress,
) -> tuple[Release, list[RealSetScores]]:
    """Build, check, evaluate and verify a release, and add it to `root` atomically.

    Parameters
    ----------
    although_worse_on
        Real sets on which it may be worse than the default release that it replaces.

    Raises
    ------
    InvalidInputError
        When the run is not finished, its networks do not match blend or plain release, or the version is malformed.
    ReleaseError
        When the version exists, the ONNX graph differs from the members, verification fails, or a new default would be
        worse than the current one (`training/release/default_gate.py`).
    """
    require_publishable(run, version, parts, root)
    if parts.plain is not None:
        parts = replace(parts, decision=decide_with_plain(parts.plain.manifest, parts.blend))
    plain_paths = [] if parts.plain is None else parts.plain.member_paths
    member_paths = [*plain_paths, *run.finished_member_paths()]
    with install_release(version, root) as folder:
        build_files(member_paths, folder, ONNX_NAME, parts.real_sets)
        draft = _draft(folder, run, parts)
        rows = evaluate_release(draft, parts.real_sets, on_progress)
        worse_on: tuple[str, ...] = ()
        if default:
            worse_on = require_not_worse(version, rows, parts.real_sets, although_worse_on, root, on_progress)
        _describe(draft, run, parts, rows, worse_on, on_progress)
    if default:
        write_default(version, root)
    return verify_release(root / version), rows


def require_publishable(run: RunFolder, version: str, parts: ReleaseParts, root: Path = RELEASES_ROOT) -> None:
    """Check version, run, blend and plain release before the evaluation; raises as `publish_release`."""
    require_new_version(version, root)
    run.finished_member_paths()
    blend, plain = parts.blend, parts.plain
    if not run.settings().recipe.uses_context and (blend is not None or plain is not None):
        raise InvalidInputError(
            f"expected a run of preset context for a blend or a plain release, got preset {run.settings().preset}"
        )
    if blend is not None and plain is None:
        raise InvalidInputError("expected a plain release for a blend, which needs image members and context members")
    if plain is None:
        return
    if plain.manifest.sees_datasets:
        raise InvalidInputError(f"expected a plain release, got {plain.version} of kind {plain.manifest.kind}")
    if plain.manifest.label_order != LABEL_ORDER:
        raise InvalidInputError(
            f"expected release {plain.version} to have the label order {LABEL_ORDER}, got {plain.manifest.label_order}"
        )
    if parts.decision is not UNDECIDED:
        raise InvalidInputError(
            f"expected no cross-validation with plain release {plain.version}, which has its own threshold,"
            " temperature and uncertain band"
        )


def _draft(folder: Path, run: RunFolder, parts: ReleaseParts) -> Release:
    """The release without scores, complete enough to predict."""
    (folder / CARD_NAME).touch()
    if parts.blend is not None:
        (folder / BLEND_NAME).write_text(parts.blend.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return Release(folder, make_manifest(folder, run.settings(), parts, [], None), parts.blend)


def _describe(
    draft: Release,
    run: RunFolder,
    parts: ReleaseParts,
    rows: Sequence[RealSetScores],
    worse_on: Sequence[str],
    on_progress: ProgressCallback,
) -> None:
    """Write manifest, card and pictures, with the scores of the published files."""
    folder, settings = draft.folder, run.settings()
    benchmark = None if parts.frozen is None else run_on_benchmark(draft, parts.frozen)
    pictures = PICTURES_NAME if draw_mistakes(draft, parts.real_sets, benchmark, folder / PICTURES_NAME) else None
    plain = None if parts.plain is None else parts.plain.version
    content = CardContent(draft.manifest, settings, rows, parts.decision, benchmark, pictures, parts.blend, plain)
    stated = make_manifest(folder, settings, parts, rows, benchmark, worse_on)
    card = add_front_matter(write_model_card(content), stated)
    (folder / CARD_NAME).write_text(card, encoding="utf-8")
    reference = None if parts.reference_data is None else make_reference(draft, parts.reference_data, on_progress)
    manifest = make_manifest(folder, settings, parts, rows, benchmark, worse_on)
    manifest = manifest.model_copy(update={"reference": reference})
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
