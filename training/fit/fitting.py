"""Fitting: members of an ensemble, one after the other, resumable at every epoch."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs
from shared.progress import ProgressCallback, ignore_progress
from training.fit.epoch import LabelledInputs, build_member, compile_network, draw_epoch, one_hot, take_channels
from training.fit.recipe import Recipe
from training.fit.run_folder import EpochRow, RunFolder, save_whole
from training.fit.settings import FitSettings
from training.synthetic.context_set import draw_context_set
from training.synthetic.mixture import load_training_mixture
from training.synthetic.sources import load_sources, split_sources
from training.synthetic.synthetic_set import draw_set

_TRAINING_STREAM, _VALIDATION_STREAM, _MEMBER_STREAM = 1, 2, 3
_VALIDATION_SEED = 20261101
"""Fixed, so that runs of different seeds are validated on the same images."""

_VALIDATION_BATCH = 256

OnEpoch = Callable[[EpochRow], None]
RunBatch = Callable[..., dict[str, float]]
"""`train_on_batch` or `test_on_batch` of a compiled network."""

Targets = npt.NDArray[np.float32]
"""(N, 2), one-hot in the order of `LABEL_ORDER`."""


def fit_ensemble(
    settings: FitSettings, run: RunFolder, on_epoch: OnEpoch, on_progress: ProgressCallback = ignore_progress
) -> None:
    """Fit an ensemble on semi-synthetic images; see `fit_members`."""
    run.begin(settings)
    if run.is_finished():
        return
    training_sources, validation_sources = split_sources(load_sources())
    mixture = load_training_mixture(settings.mixture)
    draw = draw_context_set if settings.recipe.uses_context else draw_set
    training = draw(training_sources, mixture, settings.images, (settings.seed, _TRAINING_STREAM), on_progress)
    validation = draw(validation_sources, mixture, settings.validation_images, (_VALIDATION_SEED, _VALIDATION_STREAM))
    fit_members(settings, run, training, validation, on_epoch)


def fit_members(
    settings: FitSettings,
    run: RunFolder,
    training: LabelledInputs,
    validation: LabelledInputs,
    on_epoch: OnEpoch,
    starts: Sequence[Path] = (),
) -> None:
    """Fit every member that `run` lacks; calling it again after an interruption resumes.

    Parameters
    ----------
    validation
        May be empty; then the losses and accuracies of validation are NaN.
    starts
        Keras files of networks that the members start from, in turn; new networks without.

    Raises
    ------
    InvalidInputError
        When the folder holds a run with different settings.
    """
    run.begin(settings)
    for member in range(1, settings.members + 1):
        if not run.member_path(member).exists():
            _fit_member(member, settings, run, training, validation, on_epoch, starts)


def _fit_member(  # noqa: PLR0913 - a member, its data, and where it starts
    member: int,
    settings: FitSettings,
    run: RunFolder,
    training: LabelledInputs,
    validation: LabelledInputs,
    on_epoch: OnEpoch,
    starts: Sequence[Path],
) -> None:
    """Fit one member, starting from its last saved epoch, and save it without its optimiser."""
    model = _open_state(member, settings, run, starts)
    done = int(model.optimizer.iterations) // settings.steps_per_epoch
    for epoch in range(done + 1, settings.recipe.epochs + 1):
        row = _run_epoch(model, member, epoch, settings, training, validation)
        run.log(row)
        save_whole(model, run.state_path(member))
        on_epoch(row)
    save_whole(without_optimiser(model, settings.recipe, f"member_{member}"), run.member_path(member))
    run.state_path(member).unlink()


def _open_state(member: int, settings: FitSettings, run: RunFolder, starts: Sequence[Path]) -> keras.Model:
    """The member as saved after its last epoch, or a new one with its own seed, or with the weights of its start."""
    if run.state_path(member).exists():
        return keras.saving.load_model(run.state_path(member))
    keras.utils.set_random_seed(_member_seed(settings.seed, member))
    model = compile_network(settings, f"member_{member}")
    if starts:
        model.set_weights(keras.saving.load_model(starts[(member - 1) % len(starts)], compile=False).get_weights())
    return model


def _run_epoch(
    model: keras.Model,
    member: int,
    epoch: int,
    settings: FitSettings,
    training: LabelledInputs,
    validation: LabelledInputs,
) -> EpochRow:
    """One epoch; order and augmentation depend only on (seed, member, epoch), so a resumed run repeats them."""
    rng = np.random.default_rng((settings.seed, _MEMBER_STREAM, member, epoch))
    inputs, targets = draw_epoch(settings, training, rng)
    fitted = _run_batches(model.train_on_batch, inputs, targets, settings.recipe.batch)
    validated = {"loss": np.nan, "accuracy": np.nan}
    if len(validation.off) > 0:
        seen = take_channels(settings.recipe, validation.inputs)
        validated = _run_batches(model.test_on_batch, seen, one_hot(validation.off), _VALIDATION_BATCH)
    return EpochRow(
        member=member,
        epoch=epoch,
        loss=fitted["loss"],
        accuracy=fitted["accuracy"],
        validation_loss=validated["loss"],
        validation_accuracy=validated["accuracy"],
    )


def _run_batches(run: RunBatch, inputs: NetworkInputs, targets: Targets, batch: int) -> dict[str, float]:
    """Run every batch in order and return means over all images.

    Not `Model.fit`: on TensorFlow about every second call of it idles for some seconds
    (`benchmarks/model_fit.py`).
    """
    starts = range(0, len(inputs), batch)
    found = [run(inputs[at : at + batch], targets[at : at + batch], return_dict=True) for at in starts]
    sizes = [min(batch, len(inputs) - at) for at in starts]
    return {name: float(np.average([one[name] for one in found], weights=sizes)) for name in found[0]}


def without_optimiser(model: keras.Model, recipe: Recipe, name: str) -> keras.Model:
    """The same network and weights, not compiled: its file holds no optimiser, loss or metrics."""
    bare = build_member(recipe, name)
    bare.set_weights(model.get_weights())
    return bare


def _member_seed(seed: int, member: int) -> int:
    """A different seed for every member of every run."""
    return int(np.random.SeedSequence((seed, _MEMBER_STREAM, member)).generate_state(1)[0])
