"""The member files of a release: copies of the fitted members, and their export as one graph."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from shared.errors import InvalidInputError
from shared.preprocessing import INPUT_SIDE_PX, NETWORK_CHANNELS, preprocess
from training.fit.context_inputs import add_contexts
from training.real_sets import RealSet
from training.release.ensemble_graph import export_ensemble, require_agreement

_RANDOM_CHECKS = 64


def name_members(members: int) -> list[str]:
    """File names of members, in ensemble order."""
    return [f"member_{number}.keras" for number in range(1, members + 1)]


def build_files(member_paths: Sequence[Path], folder: Path, onnx_name: str, real_sets: Sequence[RealSet]) -> None:
    """Write members and graph, and check the graph against the members on random and real inputs."""
    for name, path in zip(name_members(len(member_paths)), member_paths, strict=True):
        shutil.copyfile(path, folder / name)
    members = [_load_member(folder / name) for name in name_members(len(member_paths))]
    export_ensemble(members, folder / onnx_name)
    shape = (_RANDOM_CHECKS, INPUT_SIDE_PX, INPUT_SIDE_PX, len(NETWORK_CHANNELS))
    random_inputs = np.random.default_rng(0).random(shape, dtype=np.float32)
    real_inputs = [add_contexts(preprocess(real_set.ion_images), real_set.dataset_of) for real_set in real_sets]
    require_agreement(members, folder / onnx_name, np.concatenate([random_inputs, *real_inputs]))


def _load_member(path: Path) -> keras.Model:
    """Load a member and name it after its file, because names must be unique in a graph."""
    try:
        member = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInputError(f"expected {path.name} to be a Keras model written by `fit`, got {error}") from error
    member.name = path.stem
    return member
