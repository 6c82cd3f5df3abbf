"""Reading a dataset with area networks: two passes over its network inputs, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from model_store.area.borders import HALF_PX, measure_depth
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

Batches = Callable[[], Iterable[NetworkInputs]]
"""Starts an iteration over the images of one dataset, (n, 56, 56, 2) a batch; called two or three times."""

MOST_READ = 128
"""Images that the verdict rests on, so that its time is bounded; their features are kept in memory."""

Array = npt.NDArray[np.float32]


class AreaNetworks(Protocol):
    """Runs the four graphs of `model_store/area/graphs.py` on any number of images."""

    def encode(self, pixels: Array) -> list[Array]:
        """Features and thumbnails of images."""
        ...

    def context(self, inputs: list[Array]) -> list[Array]:
        """What the dataset's images show together."""
        ...

    def judge(self, images: list[Array], shared: list[Array]) -> list[Array]:
        """Conditional logits and outputs of encoded images."""
        ...

    def verdict(self, inputs: list[Array]) -> list[Array]:
        """Area logits."""
        ...


@dataclass(frozen=True, eq=False)
class DatasetArea:
    """What the ion images of a dataset show together, as networks take it.

    Attributes
    ----------
    borders
        (56, 56, 2): acquired, depth.
    shared
        Inputs of `AreaNetworks.judge`.
    """

    borders: Array
    shared: list[Array]

    def judge(self, networks: AreaNetworks, inputs: NetworkInputs) -> Array:
        """Conditional logits of images, (n, 56, 56, 2) -> (n, M)."""
        logits, _ = networks.judge(networks.encode(_see(inputs, self.borders)), self.shared)
        return logits


@dataclass(frozen=True, eq=False)
class AreaReading:
    """What M area networks read in n of the N ion images of a dataset, in all of them where N is at most `MOST_READ`.

    Attributes
    ----------
    images
        N.
    area_logits
        (M,), log-odds that the dataset has off-sample area.
    context_logits
        (M,), the same from what the ion images have in common alone, without a look at single ions.
    off_logits
        (n, M), log-odds that each ion is off-sample, given that the dataset has off-sample area.
    sample_mask
        (28, 28) in [0, 1], mean over the networks: which pixels are sample.
    context
        What further images of the dataset can be judged by.
    """

    images: int
    area_logits: Array
    context_logits: Array
    off_logits: Array
    sample_mask: Array
    context: DatasetArea

    def judge_all(self, networks: AreaNetworks, batches: Batches) -> Array:
        """(N, M), conditional logits of all images; those that were not read are streamed once more."""
        read = _choose(self.images)
        if read.all():
            return self.off_logits
        logits = np.empty((self.images, self.off_logits.shape[1]), dtype=np.float32)
        logits[read] = self.off_logits
        start = 0
        for inputs in batches():
            rows = start + np.flatnonzero(~read[start : start + len(inputs)])
            if len(rows):
                logits[rows] = self.context.judge(networks, inputs[rows - start])
            start += len(inputs)
        return logits


def read_area(networks: AreaNetworks, batches: Batches) -> AreaReading | None:
    """Read a dataset that is streamed, with evenly spread ions where there are many; None when it has no image."""
    acquired, images = _find_acquired(batches)
    if images == 0:
        return None
    borders = np.stack([acquired, measure_depth(acquired)], axis=-1)
    encoded = [networks.encode(_see(inputs, borders)) for inputs in _spread(batches(), images)]
    read = min(images, MOST_READ)
    ions = np.full((1, 1), read, dtype=np.float32)
    channels, mask, summary, guess = networks.context([*_average_moments(encoded, read), borders[np.newaxis], ions])
    half = borders[..., 0].reshape(1, HALF_PX, 2, HALF_PX, 2, 1).mean(axis=(2, 4), dtype=np.float32)
    context = DatasetArea(borders, [half, ions, channels, mask, guess])
    logits, outputs = zip(*(networks.judge(one, context.shared) for one in encoded), strict=True)
    (area,) = networks.verdict([_average(outputs, read), summary, guess, ions])
    return AreaReading(images, area[0], guess[0], np.concatenate(logits), mask.mean(axis=-1)[0], context)


def _average_moments(encoded: Sequence[list[Array]], count: int) -> list[Array]:
    """Means over the images of features, of their squares, of thumbnails and of their squares; (1, ...) each."""
    columns = list(zip(*encoded, strict=True))
    return [
        mean
        for column in columns
        for mean in (_average(column, count), _average((np.square(part) for part in column), count))
    ]


def _average(parts: Iterable[Array], count: int) -> Array:
    total = np.sum([part.sum(axis=0) for part in parts], axis=0, keepdims=True)
    return np.asarray(total / count, dtype=np.float32)


def _choose(images: int) -> npt.NDArray[np.bool_]:
    """(N,), True for at most `MOST_READ` images, evenly spread."""
    chosen = np.zeros(images, dtype=np.bool_)
    read = min(images, MOST_READ)
    chosen[np.arange(read) * images // read] = True
    return chosen


def _spread(batches: Iterable[NetworkInputs], images: int) -> Iterator[NetworkInputs]:
    """The chosen images; batches without one are left out."""
    chosen = _choose(images)
    start = 0
    for inputs in batches:
        part = inputs[chosen[start : start + len(inputs)]]
        start += len(inputs)
        if len(part):
            yield part


def _find_acquired(batches: Batches) -> tuple[Array, int]:
    """(56, 56), the largest share of each pixel that an image says was acquired; and the number of images."""
    acquired, images = np.zeros((INPUT_SIDE_PX, INPUT_SIDE_PX), dtype=np.float32), 0
    for inputs in batches():
        acquired = np.maximum(acquired, inputs[..., 1].max(axis=0, initial=0))
        images += len(inputs)
    return acquired, images


def _see(inputs: NetworkInputs, borders: Array) -> Array:
    """(n, 56, 56, 3): ion image, acquired, depth."""
    pixels = np.empty((*inputs.shape[:3], 3), dtype=np.float32)
    pixels[..., 0], pixels[..., 1:] = inputs[..., 0], borders
    return pixels
