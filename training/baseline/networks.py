"""Networks on whole datasets: evaluated on the folds of the baseline, without and with context, and blended."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_store.context.blend import Blend
from model_store.context.dataset_context import add_context, find_context
from model_store.predictors.predictor import average_members
from shared.preprocessing import ALL_CHANNELS, NetworkInputs
from training.baseline.whole_set import WholeSet
from training.blend.stacking import stack
from training.cross_validation.comparison import Method
from training.cross_validation.folded_set import FoldedSet, Grouping
from training.cross_validation.member_outputs import predict_outputs
from training.cross_validation.run import OnRepeatEpoch, repeat_folder, run_folds
from training.cross_validation.settings import CrossValidationSettings, describe_run
from training.fit.recipe import LABEL_ORDER, RECIPES, PresetName
from training.fit.resumable_run import open_resumable_run
from training.fit.run_folder import RunFolder
from training.labelled.labelled_set import LabelledSet

NETWORK, CONTEXT_NETWORK, BLEND = "network", "context network", "blend of networks and mask"
AVERAGE = "both networks, averaged"

OFF_FROM = 0.5
"""Off-sample probability at and above which a network or a blend predicts off-sample."""

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NetworkMethods:
    """The predictions of the networks for every labelled image, and the blend fitted on all of them."""

    methods: tuple[Method, ...]
    blend: Blend


def fold_in_context(whole_set: WholeSet, grouping: Grouping) -> FoldedSet:
    """The labelled images with the context from all ion images of their dataset, in the folds of the whole set."""
    seen = []
    for dataset in whole_set.datasets:
        with_context = add_context(dataset.inputs, find_context(dataset.inputs))
        seen.append(with_context[dataset.labelled])
    names = tuple(whole_set.datasets[number].name for number in whole_set.dataset_of.tolist())
    labelled_set = LabelledSet(
        name=whole_set.name,
        origin=whole_set.origin,
        inputs=np.concatenate(seen),
        off=whole_set.off,
        datasets=names,
        annotation_ids=tuple(str(row) for row in range(len(names))),
    )
    return FoldedSet(labelled_set, whole_set.group_keys, whole_set.fold_of, grouping)


def describe_networks(
    folded: FoldedSet, *, members: int, epochs: int | None, seed: int
) -> dict[PresetName, CrossValidationSettings]:
    """The settings of both cross-validations: one repeat per fold."""
    found = {}
    for preset in (PresetName.DEFAULT, PresetName.CONTEXT):
        recipe = RECIPES[preset] if epochs is None else RECIPES[preset].model_copy(update={"epochs": epochs})
        found[preset] = describe_run(folded, preset, recipe, attempts=1, members=members, seed=seed)
    return found


def run_networks(
    folded: FoldedSet, settings: dict[PresetName, CrossValidationSettings], output: Path, on_epoch: OnRepeatEpoch
) -> NetworkMethods:
    """Fit the networks that are missing, and predict each image with networks and a blend fitted without its fold.

    The context network is evaluated three times: normally, without context, and with the context of another
    dataset.
    """
    probabilities: dict[PresetName, Float64] = {}
    for preset, one in settings.items():
        open_resumable_run(output / preset, one, "cross-validation")
        probabilities[preset] = run_folds(folded, one, output / preset, on_epoch)[0]
    inputs, off = folded.labelled_set.inputs, folded.labelled_set.off
    without_context = add_context(inputs, None)
    swapped = inputs.copy()
    swapped[..., len(ALL_CHANNELS) :] = inputs[_pick_other_datasets(folded)][..., len(ALL_CHANNELS) :]
    run_folder = output / PresetName.CONTEXT
    datasets = len(folded.labelled_set.dataset_names)
    described_as = f"{len(off):,} held-out images of {datasets} datasets, {folded.labelled_set.name}"
    both = np.stack([probabilities[PresetName.DEFAULT], probabilities[PresetName.CONTEXT]], axis=1)
    stacking = stack(off, both, inputs, folded.fold_of, described_as)
    scores = {
        NETWORK: probabilities[PresetName.DEFAULT],
        CONTEXT_NETWORK: probabilities[PresetName.CONTEXT],
        f"{CONTEXT_NETWORK}, context withheld": _predict_again(folded, without_context, run_folder),
        f"{CONTEXT_NETWORK}, context of another dataset": _predict_again(folded, swapped, run_folder),
        AVERAGE: both.mean(axis=1),
        BLEND: stacking.held_out,
    }
    return NetworkMethods(tuple(Method(name, one, one >= OFF_FROM) for name, one in scores.items()), stacking.blend)


def _predict_again(folded: FoldedSet, inputs: NetworkInputs, output: Path) -> Float64:
    """Predict the held-out images of each fold again, with changed inputs."""
    found = np.empty(len(inputs))
    for fold in range(folded.folds):
        held_out = folded.fold_of == fold
        members = RunFolder(repeat_folder(output, fold, 0)).finished_member_paths()
        outputs = predict_outputs(members, inputs[held_out])
        found[held_out] = average_members(outputs, LABEL_ORDER.index("off")).off_sample_probability
    return found


def _pick_other_datasets(folded: FoldedSet) -> npt.NDArray[np.intp]:
    """(N,) rows, each of another dataset than the row that it replaces, in the same fold where possible."""
    names, rows = np.asarray(folded.labelled_set.datasets), np.arange(len(folded.fold_of))
    rng = np.random.default_rng(0)
    picked = rows.copy()
    for row in rows:
        near = rows[(folded.fold_of == folded.fold_of[row]) & (names != names[row])]
        others = near if len(near) else rows[names != names[row]]
        picked[row] = others[rng.integers(len(others))]
    return picked
