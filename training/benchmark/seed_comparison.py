"""The seed comparison: both presets fitted on the same images with several seeds, evaluated on the frozen set."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from training.benchmark.frozen_set import FrozenSet
from training.cross_validation.member_outputs import predict_outputs, read_outputs, save_outputs
from training.fit.fitting import fit_members
from training.fit.recipe import PresetName, Recipe
from training.fit.run_folder import EpochRow, RunFolder
from training.fit.settings import settings_of
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import load_sources, split_sources
from training.synthetic.synthetic_set import SyntheticSet, draw_set

_DATA_STREAM, _DATA_SEED = 6, 20261123
_VALIDATION_IMAGES = 500
"""Images of the frozen set for validation after every epoch, which selects nothing."""

_OUTPUTS = "outputs.npz"

OnSeedEpoch = Callable[[PresetName, int, EpochRow], None]
"""Called with preset, seed and epoch."""


class SeedComparisonSettings(BaseModel):
    """Settings of a seed comparison; a folder is resumed only with the same settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int = Field(ge=2)
    """Training images, the same for every fit."""

    seeds: int = Field(ge=2)
    members: int = Field(ge=1)
    recipes: dict[PresetName, Recipe]
    benchmark_digest: str
    benchmark_images: str
    training_mixture: str


def run_seed_comparison(
    frozen: FrozenSet, settings: SeedComparisonSettings, output: Path, on_epoch: OnSeedEpoch
) -> dict[PresetName, npt.NDArray[np.float32]]:
    """Fit what is missing.

    Returns
    -------
    The members' off-sample probabilities of each preset, (seeds, members, N).
    """
    training: SyntheticSet | None = None
    found: dict[PresetName, list[npt.NDArray[np.float32]]] = {preset: [] for preset in settings.recipes}
    rows = np.arange(len(frozen.labelled_set))
    for preset in settings.recipes:
        for seed in range(1, settings.seeds + 1):
            folder = output / preset / f"seed_{seed}"
            if not (folder / _OUTPUTS).exists():
                training = training or _draw_training(settings.images)
                _fit_one(training, frozen, settings, folder, (preset, seed), on_epoch)
            found[preset].append(read_outputs(folder / _OUTPUTS, rows))
    return {preset: np.stack(outputs) for preset, outputs in found.items()}


def _draw_training(images: int) -> SyntheticSet:
    """The same images for every preset and seed, so that only the fit differs."""
    sources, _ = split_sources(load_sources())
    return draw_set(sources, load_training_mixture(), images, (_DATA_SEED, _DATA_STREAM))


def _fit_one(
    training: SyntheticSet,
    frozen: FrozenSet,
    settings: SeedComparisonSettings,
    folder: Path,
    preset_and_seed: tuple[PresetName, int],
    on_epoch: OnSeedEpoch,
) -> None:
    preset, seed = preset_and_seed
    validation = frozen.labelled_set.take(np.arange(min(_VALIDATION_IMAGES, len(frozen.labelled_set))))
    fit_settings = settings_of(
        preset,
        settings.recipes[preset],
        images=settings.images,
        members=settings.members,
        seed=seed,
        validation_images=len(validation),
    )
    run = RunFolder(folder)
    fit_members(fit_settings, run, training, validation, lambda row: on_epoch(preset, seed, row))
    outputs = predict_outputs(run.finished_member_paths(), frozen.labelled_set.inputs)
    save_outputs(folder / _OUTPUTS, np.arange(len(frozen.labelled_set)), outputs)
    keras.backend.clear_session()
