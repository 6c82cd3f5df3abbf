"""What to check about a dataset before its labels are believed: they may mean little, or nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from shared.ion_image import IonImage
from worker.messages.results import Assessment, Counts

LEAST_ACQUIRED_SHARE: Final = 0.05
"""Of the rectangle; in the images the model was fitted on, the acquired pixels are a tenth of it or more."""

FEWEST_PIXELS: Final = 64
"""Acquired pixels; an image of 8 x 8 px shows hardly any shape."""

FEW_COUNTS: Final = 40
"""In one image, taking the smallest intensity for one count; the emptiest images of the fit hold no more."""

MOSTLY: Final = 0.5
"""Share of a dataset's ion images, or of its labels, above which one cause is worth a word."""

SENTENCES: Final[dict[Assessment, str]] = {
    "no_background": "little or no background was measured beside the sample, so off-sample cannot be predicted here",
    "unclear_background": "it is unclear whether background was measured beside the sample: check the off-sample"
    " labels by eye",
    "mostly_uncertain": f"more than {MOSTLY:.0%} of the labels are uncertain: check them by eye",
    "mostly_no_signal": f"more than {MOSTLY:.0%} of the ions show no signal: check the list of ions, and for imzML the"
    " width of the m/z window (--ppm)",
    "mostly_unreadable": f"more than {MOSTLY:.0%} of the images could not be read: each row has its reason",
    "little_acquired": f"less than {LEAST_ACQUIRED_SHARE:.0%} of the image was acquired, and the model was fitted on"
    " images of which more was: check the labels by eye",
    "few_pixels": f"fewer than {FEWEST_PIXELS} pixels were acquired, too few to show a shape: check the labels by eye",
    "few_counts": f"no image holds more than {FEW_COUNTS} counts (the smallest intensity taken for one), which hardly"
    " show a pattern: check the labels by eye",
}
"""The sentence for people, by code."""


@dataclass(frozen=True)
class ImageExtent:
    """How much there is of one ion image."""

    acquired_share: float
    """Acquired pixels of all, 0 to 1."""
    acquired_pixels: int
    counts: float
    """Sum of the intensities over the smallest one above 0; 0 where there is none."""
    total: float
    maximum: float
    signal_share: float
    """Pixels above 0 of the acquired ones, 0 to 1."""


def measure_extent(ion_image: IonImage) -> ImageExtent:
    """Measure mask and intensities of an ion image."""
    acquired = int(np.count_nonzero(ion_image.acquisition_mask))
    signal = ion_image.intensities[ion_image.intensities > 0]
    total = float(signal.sum(dtype=np.float64))
    return ImageExtent(
        acquired_share=acquired / ion_image.acquisition_mask.size,
        acquired_pixels=acquired,
        counts=total / float(signal.min()) if signal.size else 0.0,
        total=total,
        maximum=float(signal.max(initial=0)),
        signal_share=signal.size / max(acquired, 1),
    )


def assess(extents: Iterable[ImageExtent], counts: Counts, off_sample_area: str | None = None) -> list[Assessment]:
    """Codes that apply to a dataset.

    Parameters
    ----------
    extents
        Of its classified images: acquisition is assessed by their median, counts by their maximum.
    off_sample_area
        As the release predicts it; None = not predicted.
    """
    found = list(extents)
    half = MOSTLY * counts.annotations
    applies: dict[Assessment, bool] = {
        "no_background": off_sample_area == "absent",
        "unclear_background": off_sample_area == "unclear",
        "mostly_uncertain": counts.uncertain > MOSTLY * counts.classified,
        "mostly_no_signal": counts.no_signal > half,
        "mostly_unreadable": counts.unreadable > half,
        "little_acquired": bool(found) and median(one.acquired_share for one in found) < LEAST_ACQUIRED_SHARE,
        "few_pixels": bool(found) and median(one.acquired_pixels for one in found) < FEWEST_PIXELS,
        "few_counts": bool(found) and max(one.counts for one in found) <= FEW_COUNTS,
    }
    return [code for code, holds in applies.items() if holds]


def find_acquired_share(extents: Iterable[ImageExtent]) -> float | None:
    """The most frequent share; None when there are no images."""
    shares = Counter(one.acquired_share for one in extents)
    return shares.most_common(1)[0][0] if shares else None
