"""The acquisition: one real dataset with its labels and regions."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from shared.ion_image import AcquisitionMask, Intensities, IonImage

AcquisitionLabel = Literal["on", "off", "unclear"]
"""The label of one ion image."""

AreaTruth = Literal["present", "absent", "unknown"]
"""Whether off-sample area was measured."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Which pixels are known to be sample, and which off-sample; a pixel in neither is near the edge or unknown.

    Attributes
    ----------
    sample, off_sample
        (H, W) bool each, never both True.
    """

    sample: AcquisitionMask
    off_sample: AcquisitionMask


@dataclass(frozen=True, eq=False)
class Acquisition:
    """One real dataset.

    Attributes
    ----------
    series
        The series of one laboratory; acquisitions of one series stay in one fold.
    images
        (N, H, W) float32 >= 0, unscaled, 0 where nothing was acquired.
    acquisition_mask
        (H, W) bool, True = measured.
    annotation_ids
        N texts.
    mz
        (N,) float64, Th; None where unknown.
    labels
        N; None = not labelled.
    regions
        None = not drawn.
    labelled_by
        The source of the labels, for display.
    """

    name: str
    series: str
    images: Intensities
    acquisition_mask: AcquisitionMask
    annotation_ids: tuple[str, ...]
    mz: npt.NDArray[np.float64] | None
    labels: tuple[AcquisitionLabel | None, ...]
    regions: Regions | None
    off_sample_area: AreaTruth
    labelled_by: str = "people"

    def __len__(self) -> int:
        """N, the number of ions."""
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        height, width = self.acquisition_mask.shape
        return height, width

    @property
    def ion_images(self) -> list[IonImage]:
        """N, all with the same acquisition mask."""
        return [IonImage(image, self.acquisition_mask) for image in self.images]

    @property
    def effective_regions(self) -> Regions | None:
        """The regions; without drawn regions and off-sample area, all acquired pixels are sample."""
        if self.regions is None and self.off_sample_area == "absent":
            return Regions(self.acquisition_mask, np.zeros_like(self.acquisition_mask))
        return self.regions

    @property
    def effective_labels(self) -> tuple[AcquisitionLabel | None, ...]:
        """The labels; without off-sample area every unlabelled ion is on."""
        if self.off_sample_area == "absent":
            return tuple(label or "on" for label in self.labels)
        return self.labels
