"""The labelled set: network inputs with labels, datasets and what was left out."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.preprocessing import NetworkInputs
from training.labelled.labelled_image import LeftOut, Reason


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Labelled ion images, preprocessed for fitting and evaluation."""

    name: str
    origin: Literal["labels", "synthetic"]
    """Whether people or the generator labelled."""

    inputs: NetworkInputs
    """(N, 56, 56, 2) float32, by the preprocessing of the service."""

    off: npt.NDArray[np.bool_]
    """(N,), True = off-sample."""

    datasets: tuple[str, ...]
    """N names."""

    annotation_ids: tuple[str, ...]
    aspects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """How images were made, N names per aspect: pattern, scene, signal level."""

    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        """Number of images."""
        return len(self.off)

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """N keys, the dataset of each image."""
        return [(name,) for name in self.datasets]

    @property
    def dataset_names(self) -> list[str]:
        """Each dataset once, sorted."""
        return sorted(set(self.datasets))

    @property
    def left_out_counts(self) -> Counter[Reason]:
        """Number of left-out images per reason."""
        return Counter(entry.reason for entry in self.left_out)

    def digest(self) -> str:
        """SHA-256 of inputs, labels and dataset names: shows whether a run is resumed with the same data."""
        seen = hashlib.sha256(np.ascontiguousarray(self.inputs).data)
        seen.update(np.packbits(self.off).tobytes())
        seen.update("\0".join(self.datasets).encode())
        return seen.hexdigest()

    def take(self, rows: npt.NDArray[np.intp]) -> "LabelledSet":
        """The images of these rows, in order; without the list of left-out images."""
        return LabelledSet(
            self.name,
            self.origin,
            self.inputs[rows],
            self.off[rows],
            tuple(self.datasets[row] for row in rows),
            tuple(self.annotation_ids[row] for row in rows),
            {aspect: tuple(names[row] for row in rows) for aspect, names in self.aspects.items()},
        )
