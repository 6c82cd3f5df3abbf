"""Small networks that tell rings (off-sample) from discs (on-sample), and runs that hold them."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs
from training.fit.epoch import build_member, one_hot
from training.fit.fitting import without_optimiser
from training.fit.recipe import Recipe
from training.fit.run_folder import RunFolder
from training.fit.settings import FitSettings

IMAGES = 128
EPOCHS = 4
RECIPE = Recipe(l2=0, epochs=EPOCHS, normalisation_momentum=0.5)


def draw_rings_and_discs(images: int) -> tuple[NetworkInputs, npt.NDArray[np.bool_]]:
    """Signal along the border (off) or in the centre (on), in noise."""
    rng = np.random.default_rng(0)
    off = rng.random(images) < 0.5
    inside = np.zeros((56, 56), dtype=np.bool_)
    inside[10:-10, 10:-10] = True
    inputs = np.ones((images, 56, 56, 2), dtype=np.float32)
    inputs[..., 0] = rng.random((images, 56, 56), dtype=np.float32) * 0.2
    inputs[inside[np.newaxis] ^ off[:, np.newaxis, np.newaxis], 0] += 0.7
    return inputs, off


def fit_member(member: int, *, epochs: int = EPOCHS, inverted: bool = False) -> keras.Model:
    """A small fit on rings and discs, with inverted labels if wanted."""
    inputs, off = draw_rings_and_discs(IMAGES)
    keras.utils.set_random_seed(member)
    model = build_member(RECIPE, f"member_{member}")
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy")
    model.fit(inputs, one_hot(off ^ inverted), batch_size=16, epochs=epochs, verbose=0)
    return model


def save_run(path: Path, members: Sequence[keras.Model]) -> RunFolder:
    """A finished run with these members."""
    folder = RunFolder(path)
    folder.begin(FitSettings(recipe=RECIPE, images=IMAGES, members=len(members)))
    for member, model in enumerate(members, start=1):
        without_optimiser(model, RECIPE, model.name).save(folder.member_path(member))
    return folder
