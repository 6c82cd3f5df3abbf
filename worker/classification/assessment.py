"""Whether ion images lie so far outside what the model was fitted on that their labels mean little."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from shared.ion_image import IonImage
from worker.messages.results import Assessment

LEAST_ACQUIRED_SHARE: Final = 0.05
"""Of the rectangle: fitting knows acquisitions of the sample alone, which take a tenth of it and more."""

FEWEST_PIXELS: Final = 64
"""Acquired: an image of 8 x 8 px has hardly a shape."""

FEW_COUNTS: Final = 40
"""In one image, the smallest intensity taken for one count: what the emptiest images of fitting hold at most."""

SENTENCES: Final[dict[Assessment, str]] = {
    "little_acquired": f"less than {LEAST_ACQUIRED_SHARE:.0%} of the image was acquired, and the model was fitted on"
    " images of which more was: check the labels by eye",
    "few_pixels": f"fewer than {FEWEST_PIXELS} pixels were acquired, too few to show a shape: check the labels by eye",
    "few_counts": f"no image holds more than {FEW_COUNTS} counts (the smallest intensity taken for one), which hardly"
    " show a pattern: check the labels by eye",
}
"""What a person is told, by code."""


@dataclass(frozen=True)
class ImageExtent:
    """How much there is of one ion image."""

    acquired_share: float
    """Acquired pixels of all, 0 to 1."""
    acquired_pixels: int
    counts: float
    """Sum of the intensities over the smallest one above 0; 0 where there is none."""


def measure_extent(ion_image: IonImage) -> ImageExtent:
    """Look at mask and intensities of an ion image."""
    acquired = int(np.count_nonzero(ion_image.acquisition_mask))
    signal = ion_image.intensities[ion_image.intensities > 0]
    counts = float(signal.sum(dtype=np.float64) / signal.min()) if signal.size else 0.0
    return ImageExtent(acquired / ion_image.acquisition_mask.size, acquired, counts)


def assess(extents: Iterable[ImageExtent]) -> list[Assessment]:
    """What is to be said of a dataset's classified images: of their acquisition by the median, of counts by the most.

    Empty for a dataset without any, and for one about which nothing is to be said.
    """
    found = list(extents)
    if not found:
        return []
    applies: dict[Assessment, bool] = {
        "little_acquired": median(one.acquired_share for one in found) < LEAST_ACQUIRED_SHARE,
        "few_pixels": median(one.acquired_pixels for one in found) < FEWEST_PIXELS,
        "few_counts": max(one.counts for one in found) <= FEW_COUNTS,
    }
    return [code for code, holds in applies.items() if holds]


def find_acquired_share(extents: Iterable[ImageExtent]) -> float | None:
    """The share that most images have, None without any."""
    shares = Counter(one.acquired_share for one in extents)
    return shares.most_common(1)[0][0] if shares else None
