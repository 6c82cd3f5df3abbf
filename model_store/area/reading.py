"""Reading a dataset with area networks: two passes over its network inputs, in memory that does not depend on them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from model_store.area.borders import HALF_PX, measure_depth
from shared.preprocessing import INPUT_SIDE_PX, NetworkInputs

Batches = Callable[[], Iterable[NetworkInputs]]
"""Starts an iteration over the images of one dataset, (n, 56, 56, 2) a batch; called three times."""

Array = npt.NDArray[np.float32]


class AreaNetworks(Protocol):
    """Runs the four graphs of `model_store/area/graphs.py`; `pixels` may hold any number of images."""

    def survey(self, pixels: Array) -> list[Array]:
        """Sums over the images."""
        ...

    def context(self, inputs: list[Array]) -> list[Array]:
        """What the dataset's images show together."""
        ...

    def judge(self, pixels: Array, shared: list[Array]) -> list[Array]:
        """Conditional logits of the images, and sums over them."""
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

    def judge(self, networks: AreaNetworks, inputs: NetworkInputs) -> list[Array]:
        """Conditional logits of images, (n, 56, 56, 2) -> (n, M), and sums over them."""
        return networks.judge(_see(inputs, self.borders), self.shared)


@dataclass(frozen=True, eq=False)
class AreaReading:
    """What M area networks read in a dataset of N ion images.

    Attributes
    ----------
    area_logits
        (M,), log-odds that the dataset has off-sample area.
    off_logits
        (N, M), log-odds that each ion is off-sample, given that the dataset has off-sample area.
    sample_mask
        (28, 28) in [0, 1], mean over the networks: which pixels are sample.
    context
        What further images of the dataset can be judged by.
    """

    area_logits: Array
    off_logits: Array
    sample_mask: Array
    context: DatasetArea


def read_area(networks: AreaNetworks, batches: Batches) -> AreaReading | None:
    """Read a dataset that is streamed; None when it has no image."""
    acquired, images = _find_acquired(batches)
    if images == 0:
        return None
    borders = np.stack([acquired, measure_depth(acquired)], axis=-1)
    ions = np.full((1, 1), images, dtype=np.float32)
    sums = _add_up(networks.survey(_see(inputs, borders)) for inputs in batches())
    means = [_divide(one, images) for one in sums]
    channels, mask, summary, guess = networks.context([*means, borders[np.newaxis], ions])
    half = borders[..., 0].reshape(1, HALF_PX, 2, HALF_PX, 2, 1).mean(axis=(2, 4), dtype=np.float32)
    context = DatasetArea(borders, [half, ions, channels, mask, guess])
    logits: list[Array] = []
    totals: list[Array] | None = None
    for inputs in batches():
        found, *more = context.judge(networks, inputs)
        logits.append(found)
        totals = _add(totals, more)
    (outputs,) = totals or []
    (area,) = networks.verdict([_divide(outputs, images), summary, guess, ions])
    return AreaReading(area[:, 0], np.concatenate(logits), mask.mean(axis=0)[..., 0], context)


def _divide(total: Array, images: int) -> Array:
    return np.asarray(total / images, dtype=np.float32)


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


def _add_up(parts: Iterable[list[Array]]) -> list[Array]:
    totals: list[Array] | None = None
    for part in parts:
        totals = _add(totals, part)
    return totals or []


def _add(totals: list[Array] | None, part: list[Array]) -> list[Array]:
    return part if totals is None else [one + other for one, other in zip(totals, part, strict=True)]
