"""The whole set: datasets with all their ion images, in folds, for methods that use a whole dataset."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidInputError
from shared.preprocessing import NetworkInputs, preprocess, read_acquired
from shared.progress import ProgressCallback, follow, ignore_progress
from training.cross_validation.folded_set import Grouping, split_into_folds
from training.labelled.family import name_family
from training.labelled.folds import FoldOf, assign_folds, require_whole_groups
from training.labelled.labelled_set import LabelledSet
from training.synthetic.mixture import Mixture
from training.synthetic.sources import Sources
from training.synthetic.whole_dataset import WholeDataset, draw_whole_dataset

_SYNTHETIC_STREAM = 5
_ENOUGH_IONS = 10
"""A pixel that is 0 in at least this many ion images counts as not acquired, as files without alpha do not tell."""

Mask = npt.NDArray[np.bool_]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class IonDataset:
    """All ion images of one dataset at network-input size. It holds no true sample mask: methods may not use it."""

    name: str
    inputs: NetworkInputs
    """(N, 56, 56, 2) float32, labelled or not."""

    acquisition_mask: Mask
    """(56, 56)."""

    labelled: Bools
    """(N,), True = has a label."""

    off: Bools
    """(N,), True = off-sample; False where not labelled."""

    keys: tuple[str, ...]
    """Datasets that share a key stay in one fold; one key per kind."""

    aspects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """How the images were made, N names per aspect; used only to break down results."""


@dataclass(frozen=True, eq=False)
class WholeSet:
    """Datasets in folds. The labelled images, dataset after dataset, are the images of a comparison."""

    name: str
    origin: Literal["labels", "synthetic"]
    """Whether people or the generator labelled."""

    datasets: tuple[IonDataset, ...]
    fold_of_dataset: FoldOf
    """(D,); no key of a dataset is in two folds."""

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold_of_dataset.max()) + 1

    @cached_property
    def off(self) -> Bools:
        """(N,) labels of all labelled images, True = off-sample."""
        return np.concatenate([dataset.off[dataset.labelled] for dataset in self.datasets])

    @cached_property
    def inputs(self) -> NetworkInputs:
        """(N, 56, 56, 2) of all labelled images."""
        return np.concatenate([dataset.inputs[dataset.labelled] for dataset in self.datasets])

    @property
    def aspects(self) -> dict[str, tuple[str, ...]]:
        """Of all labelled images, N names per aspect."""
        found: dict[str, tuple[str, ...]] = {}
        for dataset in self.datasets:
            for aspect, names in dataset.aspects.items():
                kept = tuple(name for name, labelled in zip(names, dataset.labelled, strict=True) if labelled)
                found[aspect] = (*found.get(aspect, ()), *kept)
        return found

    @cached_property
    def dataset_of(self) -> npt.NDArray[np.intp]:
        """(N,) number of each labelled image's dataset."""
        counts = [int(dataset.labelled.sum()) for dataset in self.datasets]
        return np.repeat(np.arange(len(self.datasets)), counts)

    @cached_property
    def fold_of(self) -> FoldOf:
        """(N,) fold that holds a labelled image out."""
        return self.fold_of_dataset[self.dataset_of]

    @cached_property
    def group_keys(self) -> tuple[tuple[str, ...], ...]:
        """N keys, those of each labelled image's dataset."""
        return tuple(self.datasets[number].keys for number in self.dataset_of.tolist())

    def digest(self) -> str:
        """SHA-256 of images, labels, masks and folds: shows whether a run is resumed with the same data."""
        seen = hashlib.sha256(self.fold_of_dataset.astype(np.int64).tobytes())
        for dataset in self.datasets:
            seen.update("\0".join((dataset.name, *dataset.keys)).encode())
            for array in (dataset.inputs, dataset.acquisition_mask, dataset.labelled, dataset.off):
                seen.update(np.ascontiguousarray(array).data)
        return seen.hexdigest()


def draw_whole_set(  # noqa: PLR0913 - the options of the command
    sources: Sources,
    mixture: Mixture,
    *,
    datasets: int,
    ions: int,
    folds: int,
    seed: int,
    grouping: Grouping,
    on_progress: ProgressCallback = ignore_progress,
) -> WholeSet:
    """Whole semi-synthetic datasets; outlines and texture sources are split into folds first, as in `fold_synthetic`.

    Raises
    ------
    InvalidInputError
        When there are fewer datasets, outlines or texture sources (or families) than folds.
    """
    if datasets < folds:
        raise InvalidInputError(f"expected at least one dataset per fold, got {datasets} for {folds} folds")
    parts = split_into_folds(sources, folds, grouping)
    fold_of = np.arange(datasets) % folds
    drawn = []
    for number, fold in enumerate(follow(fold_of.tolist(), "drawing datasets", datasets, on_progress)):
        rng = np.random.default_rng((seed, _SYNTHETIC_STREAM, number))
        drawn.append(prepare_synthetic(draw_whole_dataset(parts[fold], mixture, ions, rng), number))
    return _fold("semi-synthetic", "synthetic", drawn, fold_of)


def group_labelled(labelled_set: LabelledSet, folds: int, grouping: Grouping) -> WholeSet:
    """Group labelled ion images by dataset; unlabelled ones are not included.

    Raises
    ------
    InvalidInputError
        When there are fewer groups than folds.
    """
    names = labelled_set.dataset_names
    by_family = grouping is Grouping.FAMILY
    keys = [name_family(name) if by_family else name for name in names]
    fold_of = assign_folds(keys, folds, "families" if by_family else "datasets")
    datasets = [_from_labelled(labelled_set, name, key) for name, key in zip(names, keys, strict=True)]
    return _fold(labelled_set.name, "labels", datasets, fold_of)


def _fold(name: str, origin: Literal["labels", "synthetic"], datasets: list[IonDataset], fold_of: FoldOf) -> WholeSet:
    require_whole_groups([dataset.keys for dataset in datasets], fold_of)
    return WholeSet(name, origin, tuple(datasets), fold_of)


def prepare_synthetic(dataset: WholeDataset, number: int) -> IonDataset:
    """What methods may use of a drawn dataset: everything except the sample mask of its scene."""
    inputs = preprocess(dataset.ion_images)
    return IonDataset(
        f"{number + 1} {dataset.name}",
        inputs,
        read_acquired(inputs),
        np.array([label is not None for label in dataset.labels]),
        np.array([label == "off" for label in dataset.labels]),
        dataset.group,
        {
            "pattern": tuple(image.pattern_name for image in dataset.images),
            "scene": (dataset.scene.kind,) * len(dataset.images),
        },
    )


def _from_labelled(labelled_set: LabelledSet, name: str, key: str) -> IonDataset:
    rows = np.flatnonzero(np.asarray(labelled_set.datasets) == name)
    inputs = labelled_set.inputs[rows]
    acquired = read_acquired(inputs)
    if len(rows) >= _ENOUGH_IONS:
        acquired = acquired & (inputs[..., 0] > 0).any(axis=0)
    return IonDataset(name, inputs, acquired, np.ones(len(rows), np.bool_), labelled_set.off[rows], (key,))
