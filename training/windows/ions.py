"""Ions of a window: their labels, their order, and the degradation of their images."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from shared.ion_image import AcquisitionMask, Intensities, IonImage
from shared.preprocessing import describe_missing_signal
from training.acquisitions.acquisition import AcquisitionLabel, Regions
from training.labelled.labelled_image import Label
from training.synthetic.synthetic_set import OFF_FROM_RATIO, ON_UP_TO_RATIO
from training.windows.settings import WindowSettings

_FEWEST_SIGNAL_PX = 6
_WEAK_RANGE = (0.1, 0.7)
"""Range of the threshold, relative to the mean non-zero intensity."""


def label_ions(
    images: Intensities, given: Sequence[AcquisitionLabel | None], regions: Regions
) -> tuple[Label | None, ...]:
    """Label each ion within the window.

    Wholly inside the sample every ion is on. Otherwise the ratio of the mean intensities outside and inside decides,
    with the bounds of the generator; where a person's label differs or is unclear, the label is None.

    Parameters
    ----------
    images
        (N, h, w), cut to the window.
    """
    if not regions.off_sample.any():
        return tuple("on" for _ in images)
    inside, outside = (images[:, where].mean(axis=1) for where in (regions.sample, regions.off_sample))
    return tuple(
        _agree(_label_ratio(float(out), float(within)), label)
        for out, within, label in zip(outside, inside, given, strict=True)
    )


def _label_ratio(outside: float, inside: float) -> Label | None:
    if outside == inside == 0:
        return None
    if outside >= OFF_FROM_RATIO * inside:
        return "off"
    return "on" if outside <= ON_UP_TO_RATIO * inside else None


def _agree(measured: Label | None, given: AcquisitionLabel | None) -> Label | None:
    return measured if given in (None, measured) else None


def order_ions(labels: Sequence[Label | None], off_share: float | None, rng: np.random.Generator) -> list[int]:
    """All rows in random order; with an `off_share`, off ions have that share until either kind runs out."""
    shuffled = [int(row) for row in rng.permutation(len(labels))]
    if off_share is None:
        return shuffled
    off = [row for row in shuffled if labels[row] == "off"]
    others = [row for row in shuffled if labels[row] != "off"]
    order: list[int] = []
    while off or others:
        wanted, rest = (off, others) if rng.random() < off_share else (others, off)
        order.append((wanted or rest).pop())
    return order


def draw_degradation(settings: WindowSettings, rng: np.random.Generator) -> Callable[[Intensities], Intensities]:
    """Draw the degradation of a window's images: a threshold, rounding, both or none."""
    weak = float(rng.uniform(*_WEAK_RANGE)) if rng.random() < settings.threshold else 0.0
    rounded = rng.random() < settings.eight_bit

    def apply(image: Intensities) -> Intensities:
        signal = image[image > 0]
        if weak and signal.size:
            image = np.where(image < weak * signal.mean(), 0, image)
        highest = float(image.max())
        if rounded and highest > 0:
            image = np.rint(image * (255 / highest))
        return image.astype(np.float32)

    return apply


def has_enough_signal(image: Intensities, mask: AcquisitionMask) -> bool:
    """Whether enough signal is left."""
    signal: npt.NDArray[np.intp] = np.flatnonzero(image)
    return signal.size >= _FEWEST_SIGNAL_PX and describe_missing_signal(IonImage(image, mask)) is None
