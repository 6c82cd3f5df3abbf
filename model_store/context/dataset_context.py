"""The context of a dataset: what its ion images show only together.

It is computed from network inputs in two passes (which pixels were measured; what the images share), in memory that
does not depend on the number of ions. A context release gets it as two more channels of every image of the dataset.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_store.context.pixel_sketch import PixelSketch
from model_store.context.sample_mask import OffSampleArea, read_sample_mask
from shared.preprocessing import ALL_CHANNELS, CONTEXT_CHANNELS, NetworkInputs, read_acquired

Batches = Callable[[], Iterable[NetworkInputs]]
"""Starts an iteration over the images of one dataset, (n, 56, 56, 2) a batch; called twice."""


@dataclass(frozen=True, eq=False)
class DatasetContext:
    """Mean image and sample mask, which an expert would look at before labelling an image."""

    mean_ion_image: npt.NDArray[np.float32]
    """(56, 56) in [0, 1], mean of the ion images in all network inputs."""

    sample_mask: npt.NDArray[np.bool_]
    """(56, 56), predicted; all that was acquired where nothing is off-sample."""

    off_sample_area: OffSampleArea | None
    """Whether any of the acquired area is off-sample; None when no ion image shows anything."""


def read_context(batches: Batches) -> DatasetContext | None:
    """The context of a dataset that is streamed; None when there is no image."""
    acquired = None
    for inputs in batches():
        seen = read_acquired(inputs)
        acquired = seen if acquired is None else acquired | seen
    if acquired is None:
        return None
    sketch = PixelSketch(acquired)
    for inputs in batches():
        sketch.add(inputs[..., 0])
    found = read_sample_mask(sketch)
    return DatasetContext(sketch.mean_image, found.mask, found.off_sample_area)


def find_context(inputs: NetworkInputs) -> DatasetContext | None:
    """The context of a dataset whose images, (N, 56, 56, 2), are all in memory."""
    return read_context(lambda: [inputs] if len(inputs) else [])


def add_context(inputs: NetworkInputs, context: DatasetContext | None) -> NetworkInputs:
    """The same images with the context's channels, (N, 56, 56, 4); all 0 where there is no context."""
    channels = len(ALL_CHANNELS)
    found = np.zeros((*inputs.shape[:3], channels + len(CONTEXT_CHANNELS)), dtype=np.float32)
    found[..., :channels] = inputs[..., :channels]
    if context is not None:
        found[..., channels] = context.mean_ion_image
        found[..., channels + 1] = context.sample_mask
    return found
