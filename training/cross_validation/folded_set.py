"""The folded set: labelled images with their groups and folds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from shared.progress import ProgressCallback, follow, ignore_progress
from training.labelled.family import name_family
from training.labelled.folds import FoldOf, assign_folds, choose_folds, require_whole_groups
from training.labelled.labelled_set import LabelledSet
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.synthetic_set import SyntheticSet, concatenate, draw_set

_SYNTHETIC_STREAM = 4
DrawSet = Callable[[Sources, Mixture, int, tuple[int, ...]], SyntheticSet]
"""`draw_set`, or `draw_context_set` for networks that see the context."""

_T = TypeVar("_T")


class Grouping(StrEnum):
    """The unit that is held out: single datasets (or masks and texture sources), or families of them."""

    DATASET = "dataset"
    FAMILY = "family"


@dataclass(frozen=True, eq=False)
class FoldedSet:
    """N labelled images in folds."""

    labelled_set: LabelledSet
    group_keys: tuple[tuple[str, ...], ...]
    """N tuples with one key for each kind of group; no key is in two folds."""

    fold_of: FoldOf
    grouping: Grouping

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold_of.max()) + 1


def choose_labelled_folds(
    requested: int | None, most: int, datasets: Sequence[str], grouping: Grouping
) -> tuple[int, str]:
    """The number of folds for the named datasets, with its reason; see `choose_folds`."""
    by_family = grouping is Grouping.FAMILY
    groups = {name_family(name) if by_family else name for name in datasets}
    return choose_folds(requested, most, len(groups), "families" if by_family else "datasets")


def choose_synthetic_folds(requested: int | None, most: int, sources: Sources, grouping: Grouping) -> tuple[int, str]:
    """The number of folds for outlines and textures, with its reason; see `choose_folds`."""
    if grouping is Grouping.FAMILY:
        families = (
            {one.family for one in sources.outlines},
            {one.family for one in sources.texture_sources},
        )
        return choose_folds(requested, most, min(map(len, families)), "families of outlines or textures")
    return choose_folds(
        requested, most, min(len(sources.outlines), len(sources.texture_sources)), "outlines or texture sources"
    )


def fold_labelled(labelled_set: LabelledSet, folds: int, grouping: Grouping) -> FoldedSet:
    """Group by dataset, or by the family derived from the dataset's name.

    Raises
    ------
    InvalidInputError
        When there are fewer groups than folds.
    """
    by_family = grouping is Grouping.FAMILY
    groups = [name_family(name) if by_family else name for name in labelled_set.datasets]
    fold_of = assign_folds(groups, folds, "families" if by_family else "datasets")
    return FoldedSet(labelled_set, tuple((group,) for group in groups), fold_of, grouping)


def fold_synthetic(  # noqa: PLR0913 - options of a command
    sources: Sources,
    mixture: Mixture,
    images: int,
    folds: int,
    seed: int,
    grouping: Grouping,
    draw: DrawSet = draw_set,
    on_progress: ProgressCallback = ignore_progress,
) -> FoldedSet:
    """Assign outlines and texture sources to folds, and draw each fold's images from its own sources only.

    Otherwise an outline is combined with every texture, and no fold could hold out both. The dataset of an image is
    its outline.

    Raises
    ------
    InvalidInputError
        When there are fewer outlines or texture sources (or families) than folds.
    """
    parts = split_into_folds(sources, folds, grouping)
    counts = [images // folds + (fold < images % folds) for fold in range(folds)]
    numbered = list(enumerate(zip(parts, counts, strict=True)))
    drawn = concatenate(
        [
            draw(part, mixture, count, (seed, _SYNTHETIC_STREAM, fold))
            for fold, (part, count) in follow(numbered, "drawing folds", folds, on_progress)
        ]
    )
    fold_of = np.repeat(np.arange(folds), counts)
    require_whole_groups(drawn.groups, fold_of)
    return FoldedSet(label_synthetic(drawn, "semi-synthetic"), drawn.groups, fold_of, grouping)


def label_synthetic(drawn: SyntheticSet, name: str) -> LabelledSet:
    """Semi-synthetic images as a labelled set."""
    return LabelledSet(
        name=name,
        origin="synthetic",
        inputs=drawn.inputs,
        off=drawn.off,
        datasets=tuple(outline for outline, _ in drawn.groups),
        annotation_ids=tuple(f"{row}" for row in range(len(drawn.off))),
        aspects={"pattern": drawn.patterns, "scene": drawn.scenes, "signal": drawn.signals},
    )


def split_into_folds(sources: Sources, folds: int, grouping: Grouping) -> list[Sources]:
    """Split sources into parts that share no outline or texture source (no family with `Grouping.FAMILY`)."""
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
