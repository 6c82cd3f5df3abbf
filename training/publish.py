"""Publication: from a finished run to a verified release, or to nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from model_store.blend import Blend
from model_store.manifest import InputDescription, Manifest, Provenance, RealSetFigures, ReleaseFile
from model_store.release import MANIFEST_NAME, RELEASES_ROOT, Release, sha256_of, verify_release
from shared.errors import InvalidInputError, ReleaseError
from training.benchmark.frozen_set import FrozenSet
from training.benchmark.release_figures import ReleaseOnBenchmark, run_on_benchmark
from training.decision import UNDECIDED, Decision, decide_beside
from training.evaluate import evaluate_release
from training.figures import Figures
from training.fit_settings import FitSettings
from training.mistakes import draw_mistakes
from training.model_card import CardContent, write_model_card
from training.network import LABEL_ORDER
from training.real_sets import RealSet
from training.recipe_text import describe_licences, describe_training_data, write_fit_command
from training.release_members import build_files, name_members
from training.run_folder import RunFolder

_ONNX_NAME, _CARD_NAME, _DEFAULT_NAME = "ensemble.onnx", "model_card.md", "DEFAULT"
_BLEND_NAME = "blend.json"
_PICTURES_NAME = "worst_mistakes.png"


@dataclass(frozen=True)
class Evidence:
    """What a release is judged on and decides by."""

    real_sets: Sequence[RealSet] = ()
    decision: Decision = UNDECIDED
    """Of a run that stands alone; beside a plain release that one decides."""

    frozen: FrozenSet | None = None
    """The benchmark; None = not run."""

    blend: Blend | None = None
    """What a context release weighs its networks with; None = their mean counts."""

    plain: Release | None = None
    """Whose members see the image alone beside those of a run that see the context; None = there are none."""


def publish_release(
    run: RunFolder,
    version: str,
    evidence: Evidence,
    *,
    default: bool = False,
    root: Path = RELEASES_ROOT,
) -> tuple[Release, list[Figures]]:
    """Build, check, judge and verify a release beside `root`'s others; it appears there whole or not at all.

    Raises
    ------
    InvalidInputError
        When the run is not finished, or blend, plain release and networks do not go together.
    ReleaseError
        When the version is taken, the ONNX graph differs from the members, or verification fails.
    """
    if (root / version).exists():
        raise ReleaseError(f"release {version} exists and releases never change; right would be a new version")
    require_publishable(run, evidence)
    if evidence.plain is not None:
        evidence = replace(evidence, decision=decide_beside(evidence.plain.manifest, evidence.blend))
    plain_paths = [] if evidence.plain is None else evidence.plain.member_paths
    member_paths = [*plain_paths, *run.finished_member_paths()]
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root, prefix=".publishing-") as scratch:
        folder = Path(scratch) / version
        folder.mkdir()
        build_files(member_paths, folder, _ONNX_NAME, evidence.real_sets)
        rows = _describe(folder, run.settings(), evidence)
        verify_release(folder)
        folder.rename(root / version)
    if default:
        (root / _DEFAULT_NAME).write_text(version + "\n", encoding="ascii")
    return verify_release(root / version), rows


def require_publishable(run: RunFolder, evidence: Evidence) -> None:
    """Refuse what does not go together, before anything is judged; raises as `publish_release`."""
    run.finished_member_paths()
    blend, plain = evidence.blend, evidence.plain
    if not run.settings().recipe.uses_context and (blend is not None or plain is not None):
        raise InvalidInputError(
            "a blend and a plain release go with networks that see the context; right would be a run of preset context"
        )
    if blend is not None and plain is None:
        raise InvalidInputError(
            "a blend weighs image members and context members; right would be a plain release beside the run"
        )
    if plain is None:
        return
    if plain.manifest.uses_context:
        raise InvalidInputError(
            f"release {plain.version} sees the context itself; right would be one whose members see the image alone"
        )
    if plain.manifest.label_order != LABEL_ORDER:
        raise InvalidInputError(
            f"release {plain.version} has the label order {plain.manifest.label_order}; right would be {LABEL_ORDER}"
        )
    if evidence.decision is not UNDECIDED:
        raise InvalidInputError(
            f"release {plain.version} brings threshold, temperature and doubt of its own; right would be no"
            " cross-validation beside it"
        )


def _describe(folder: Path, settings: FitSettings, evidence: Evidence) -> list[Figures]:
    """Manifest, card and pictures; the figures are those of the files as they are published."""
    card_path = folder / _CARD_NAME
    card_path.touch()
    if evidence.blend is not None:
        (folder / _BLEND_NAME).write_text(evidence.blend.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft = Release(folder, _make_manifest(folder, settings, evidence, [], None), evidence.blend)
    rows = evaluate_release(draft, evidence.real_sets)
    benchmark = None if evidence.frozen is None else run_on_benchmark(draft, evidence.frozen)
    pictures = _PICTURES_NAME if draw_mistakes(draft, evidence.real_sets, benchmark, folder / _PICTURES_NAME) else None
    plain = None if evidence.plain is None else evidence.plain.version
    content = CardContent(draft.manifest, settings, rows, evidence.decision, benchmark, pictures, evidence.blend, plain)
    card_path.write_text(write_model_card(content), encoding="utf-8")
    manifest = _make_manifest(folder, settings, evidence, rows, benchmark)
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return rows


def _make_manifest(
    folder: Path,
    settings: FitSettings,
    evidence: Evidence,
    rows: Sequence[Figures],
    benchmark: ReleaseOnBenchmark | None,
) -> Manifest:
    plain = evidence.plain
    names = name_members(settings.members + (0 if plain is None else len(plain.manifest.members)))
    pictures = [name for name in (_PICTURES_NAME,) if (folder / name).exists()]
    return Manifest(
        version=folder.name,
        kind="context" if settings.recipe.uses_context else "ensemble",
        input=InputDescription(channels=settings.recipe.channels),
        label_order=LABEL_ORDER,
        threshold=evidence.decision.threshold,
        uncertain_band=evidence.decision.uncertain_band,
        temperature=evidence.decision.temperature,
        calibration=evidence.decision.calibration,
        members=tuple(_release_file(folder / name) for name in names),
        context_members=settings.members if settings.recipe.uses_context else 0,
        ensemble_onnx=_release_file(folder / _ONNX_NAME),
        blend=None if evidence.blend is None else _release_file(folder / _BLEND_NAME),
        model_card=_release_file(folder / _CARD_NAME),
        pictures=tuple(_release_file(folder / name) for name in pictures),
        figures=tuple(_manifest_figures(row) for row in rows),
        benchmark=None if benchmark is None else benchmark.figures(),
        provenance=_make_provenance(folder.name, settings, evidence),
    )


def _make_provenance(version: str, settings: FitSettings, evidence: Evidence) -> Provenance:
    alone = evidence.plain is None and evidence.decision is not UNDECIDED
    judged = " --cross-validation CROSS_VALIDATION_DIR" if alone else ""
    judged += "" if evidence.plain is None else f" --plain {evidence.plain.version}"
    judged += "" if evidence.blend is None else " --blend BASELINE_DIR/blend.json"
    return Provenance(
        created=datetime.now(UTC).date().isoformat(),
        command=f"{write_fit_command(settings)} && python -m training publish RUN_DIR --version {version}{judged}",
        code_version=distribution_version("offsample"),
        seed=settings.seed,
        training_data=_join_notes(describe_training_data(settings), evidence.plain, "training_data"),
        training_images=settings.images,
        licence_notes=_join_notes(describe_licences(settings), evidence.plain, "licence_notes"),
    )


def _join_notes(own: str, plain: Release | None, name: Literal["training_data", "licence_notes"]) -> str:
    """A note on the run, and that on the plain release's members where it says something else."""
    theirs = own if plain is None else getattr(plain.manifest.provenance, name)
    return own if theirs == own or plain is None else f"{own}; members of release {plain.version}: {theirs}"


def _manifest_figures(row: Figures) -> RealSetFigures:
    return RealSetFigures(
        data_set=row.data_set,
        predictor=row.predictor,
        right=row.right,
        images=row.images,
        wilson_95=row.wilson_95,
        auc=row.auc,
    )


def _release_file(path: Path) -> ReleaseFile:
    return ReleaseFile(name=path.name, sha256=sha256_of(path))
