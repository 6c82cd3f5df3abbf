"""The window: a part of a real acquisition as if somebody had measured only that."""

from dataclasses import dataclass

from shared.ion_image import AcquisitionMask, Intensities, IonImage
from training.labelled.labelled_image import Label


@dataclass(frozen=True, eq=False)
class RealWindow:
    """One window with some of its acquisition's ions and their labels.

    Attributes
    ----------
    acquisition, series
        Where it was cut from.
    kind
        The kind of shape; a name of `cutting.KINDS`.
    binning
        Acquisition pixels along a side of a window pixel; 1 = native size.
    images
        (n, h, w) float32 >= 0, 0 where nothing was acquired; each has enough signal.
    acquisition_mask
        (h, w) bool, True = measured.
    sample_mask
        (h, w) bool, True = known to be sample.
    off_sample_mask
        (h, w) bool, True = known to be off-sample; empty when the window lies wholly inside the sample.
    rows
        n row numbers of the acquisition's ions.
    labels
        n; None = ambiguous.
    """

    acquisition: str
    series: str
    kind: str
    binning: int
    images: Intensities
    acquisition_mask: AcquisitionMask
    sample_mask: AcquisitionMask
    off_sample_mask: AcquisitionMask
    rows: tuple[int, ...]
    labels: tuple[Label | None, ...]

    def __len__(self) -> int:
        """The number of ions, n."""
        return len(self.images)

    @property
    def ion_images(self) -> list[IonImage]:
        """As measured, n."""
        return [IonImage(image, self.acquisition_mask) for image in self.images]

    @property
    def off_sample_share(self) -> float:
        """Share of the acquired pixels that is known to be off-sample."""
        return float(self.off_sample_mask.sum() / self.acquisition_mask.sum())

    @property
    def has_off_sample_area(self) -> bool:
        """Whether the window contains off-sample area."""
        return bool(self.off_sample_mask.any())
