"""The manifest of a new release, from its files, its run and its evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Literal

from model_store.context.blend import Blend
from model_store.manifest import (
    AcquisitionScores,
    InputDescription,
    Manifest,
    Provenance,
    PublishedScores,
    ReleaseFile,
)
from model_store.release import Release, sha256_of
from training.benchmark.frozen_set import FrozenSet
from training.benchmark.release_on_benchmark import ReleaseOnBenchmark
from training.fit.recipe import LABEL_ORDER
from training.fit.recipe_text import describe_licences, describe_training_data, write_fit_command
from training.fit.settings import FitSettings
from training.metrics.real_set_scores import RealSetScores
from training.real_sets import RealSet
from training.release.decision import UNDECIDED, Decision
from training.release.members import name_members
from training.release.reference import ReferenceData
from training.synthetic.sources import load_sources, split_sources

ONNX_NAME, CARD_NAME, BLEND_NAME, PICTURES_NAME = "ensemble.onnx", "model_card.md", "blend.json", "worst_mistakes.png"


@dataclass(frozen=True)
class ReleaseParts:
    """What a release is made of and evaluated on, besides its run."""

    real_sets: Sequence[RealSet] = ()
    decision: Decision = UNDECIDED
    """Decision of a release without a plain release; otherwise that of the plain release is used."""

    frozen: FrozenSet | None = None
    """The benchmark; None = not run."""

    blend: Blend | None = None
    """Combines the networks of a context release; None = their mean is used."""

    reference_data: ReferenceData | None = None
    """Datasets of the reference; None = the manifest states none."""

    plain: Release | None = None
    """Release whose image members join the run's context members; None = no image members."""


def make_manifest(
    folder: Path,
    settings: FitSettings,
    parts: ReleaseParts,
    rows: Sequence[RealSetScores],
    benchmark: ReleaseOnBenchmark | None,
    worse_on: Sequence[str] = (),
) -> Manifest:
    """The manifest of the release in `folder`.

    Parameters
    ----------
    worse_on
        Real sets on which it became the default although the previous default was better.
    """
    plain = parts.plain
    names = name_members(settings.members + (0 if plain is None else len(plain.manifest.members)))
    pictures = [name for name in (PICTURES_NAME,) if (folder / name).exists()]
    return Manifest(
        version=folder.name,
        kind="context" if settings.recipe.uses_context else "ensemble",
        input=InputDescription(channels=settings.recipe.channels),
        label_order=LABEL_ORDER,
        threshold=parts.decision.threshold,
        uncertain_band=parts.decision.uncertain_band,
        temperature=parts.decision.temperature,
        calibration=parts.decision.calibration,
        members=tuple(describe_file(folder / name) for name in names),
        context_members=settings.members if settings.recipe.uses_context else 0,
        ensemble_onnx=describe_file(folder / ONNX_NAME),
        blend=None if parts.blend is None else describe_file(folder / BLEND_NAME),
        model_card=describe_file(folder / CARD_NAME),
        pictures=tuple(describe_file(folder / name) for name in pictures),
        figures=tuple(as_published(row) for row in rows),
        benchmark=None if benchmark is None else benchmark.scores(),
        provenance=_make_provenance(folder.name, settings, parts, worse_on),
    )


def _make_provenance(version: str, settings: FitSettings, parts: ReleaseParts, worse_on: Sequence[str]) -> Provenance:
    alone = parts.plain is None and parts.decision is not UNDECIDED
    options = " --cross-validation CROSS_VALIDATION_DIR" if alone else ""
    options += "" if parts.plain is None else f" --plain {parts.plain.version}"
    options += "" if parts.blend is None else " --blend BASELINE_DIR/blend.json"
    return Provenance(
        created=datetime.now(UTC).date().isoformat(),
        command=f"{write_fit_command(settings)} && python -m training publish RUN_DIR --version {version}{options}",
        code_version=distribution_version("offsample"),
        seed=settings.seed,
        training_data=_join_notes(describe_training_data(settings), parts.plain, "training_data"),
        training_images=settings.distinct_images,
        licence_notes=_join_notes(describe_licences(settings), parts.plain, "licence_notes"),
        fitted_on=_join_fitted_on(settings, parts.plain),
        default_although_worse_on=tuple(worse_on),
    )


def list_textures_fitted_on() -> tuple[str, ...]:
    """Acquisitions whose ion images, in patches, are textures of the training images."""
    training, _ = split_sources(load_sources())
    return tuple(source.name for source in training.texture_sources)


def _join_fitted_on(settings: FitSettings, plain: Release | None) -> tuple[str, ...] | None:
    """Acquisitions that the run, its start or the plain release was fitted on; None when one did not record them."""
    own = () if settings.data is None else settings.data.fitted
    drawn = list_textures_fitted_on() if settings.data is None or settings.synthetic_images else ()
    theirs = () if plain is None else plain.manifest.provenance.fitted_on
    before = () if settings.start is None else settings.start.fitted_on
    if own is None or theirs is None or before is None:
        return None
    return tuple(sorted({*own, *drawn, *theirs, *before}))


def _join_notes(own: str, plain: Release | None, name: Literal["training_data", "licence_notes"]) -> str:
    """The note of the run, plus that of the plain release where it differs."""
    theirs = own if plain is None else getattr(plain.manifest.provenance, name)
    return own if theirs == own or plain is None else f"{own}; members of release {plain.version}: {theirs}"


def as_published(row: RealSetScores) -> PublishedScores:
    """Scores in the form of the manifest's field `figures`."""
    return PublishedScores(
        data_set=row.data_set,
        predictor=row.predictor,
        correct=row.correct,
        images=row.images,
        wilson_95=row.wilson_95,
        acquisitions_95=row.acquisitions_95,
        auc=row.auc,
        acquisitions=tuple(
            AcquisitionScores(name=one.name, correct=one.correct, images=one.images) for one in row.acquisitions
        ),
    )


def describe_file(path: Path) -> ReleaseFile:
    """Name and hash of a file."""
    return ReleaseFile(name=path.name, sha256=sha256_of(path))
