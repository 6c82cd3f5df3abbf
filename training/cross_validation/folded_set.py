"""The folded set: labelled images, what each must stay together with, and the fold that holds it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from shared.preprocessing import INPUT_SIDE_PX, preprocess
from training.cross_validation.folds import FoldOf, assign_folds, require_whole_groups
from training.cross_validation.scene_kind import name_scene_kind
from training.labelled.family import name_family
from training.labelled.labelled_set import LabelledSet
from training.synthetic.dataset import draw_images
from training.synthetic.sources import Sources

_SYNTHETIC_STREAM = 4
_T = TypeVar("_T")


class Grouping(StrEnum):
    """What is held out as a whole: single datasets (or masks and texture sources), or whole families of them."""

    DATASET = "dataset"
    FAMILY = "family"


@dataclass(frozen=True, eq=False)
class FoldedSet:
    """N labelled images in folds."""

    labelled_set: LabelledSet
    group_keys: tuple[tuple[str, ...], ...]
    """N tuples, one key a kind of group; no key is in two folds."""

    fold_of: FoldOf
    grouping: Grouping

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold_of.max()) + 1


def fold_labelled(labelled_set: LabelledSet, folds: int, grouping: Grouping) -> FoldedSet:
    """Group by dataset, or by the family that the dataset's name tells.

    Raises
    ------
    InvalidInputError
        When there are fewer groups than folds.
    """
    by_family = grouping is Grouping.FAMILY
    groups = [name_family(name) if by_family else name for name in labelled_set.datasets]
    fold_of = assign_folds(groups, folds, "families" if by_family else "datasets")
    return FoldedSet(labelled_set, tuple((group,) for group in groups), fold_of, grouping)


def fold_synthetic(sources: Sources, images: int, folds: int, seed: int, grouping: Grouping) -> FoldedSet:
    """Deal outlines and texture sources into folds first, and draw each fold's images from its own ones alone.

    Drawn freely, an outline meets every texture, and no fold could hold out both. The dataset of an image is its
    outline.

    Raises
    ------
    InvalidInputError
        When there are fewer outlines or texture sources (or families) than folds.
    """
    parts = split_into_folds(sources, folds, grouping)
    counts = [images // folds + (fold < images % folds) for fold in range(folds)]
    inputs = np.empty((images, INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.float32)
    labels: list[bool] = []
    keys: list[tuple[str, str]] = []
    kinds: list[str] = []
    for fold, (part, count) in enumerate(zip(parts, counts, strict=True)):
        drawn = draw_images(part, np.random.default_rng((seed, _SYNTHETIC_STREAM, fold)))
        for _, image in zip(range(count), drawn, strict=False):
            inputs[len(labels)] = preprocess([image.ion_image])[0]
            labels.append(image.label == "off")
            keys.append(image.group)
            kinds.append(name_scene_kind(image.scene))
    fold_of = np.repeat(np.arange(folds), counts)
    require_whole_groups(keys, fold_of)
    labelled_set = LabelledSet(
        name="semi-synthetic",
        origin="synthetic",
        inputs=inputs,
        off=np.asarray(labels, dtype=np.bool_),
        datasets=tuple(outline for outline, _ in keys),
        annotation_ids=tuple(f"{row}" for row in range(images)),
        patterns=tuple(kinds),
    )
    return FoldedSet(labelled_set, tuple(keys), fold_of, grouping)


def split_into_folds(sources: Sources, folds: int, grouping: Grouping) -> list[Sources]:
    """Parts that share no outline and no texture source, nor family of either with `Grouping.FAMILY`."""
    by_family = grouping is Grouping.FAMILY
    outlines = [one.family if by_family else one.name for one in sources.outlines]
    textures = [one.family if by_family else one.name for one in sources.texture_sources]
    outline_folds = assign_folds(outlines, folds, "families of outlines" if by_family else "outlines")
    texture_folds = assign_folds(textures, folds, "families of textures" if by_family else "texture sources")
    return [
        Sources(_of_fold(sources.outlines, outline_folds, fold), _of_fold(sources.texture_sources, texture_folds, fold))
        for fold in range(folds)
    ]


def _of_fold(everything: Sequence[_T], fold_of: FoldOf, fold: int) -> list[_T]:
    return [one for one, its in zip(everything, fold_of, strict=True) if its == fold]
