"""The exploration of one dataset: the data behind its figures."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from model_store.context.pixel_sketch import PixelComponents, PixelSketch
from model_store.context.sample_mask import SampleMask, read_sample_mask
from shared.preprocessing import scale_intensities
from training.exploration.explored_dataset import ExploredDataset, Mask

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Exploration:
    """One dataset, its predicted sample mask, and its pixel spectra."""

    dataset: ExploredDataset
    scaled: npt.NDArray[np.float32]
    """(N, H, W) in [0, 1], hot spots clipped."""

    predicted: SampleMask
    components: PixelComponents
    """The first two principal components of the pixel spectra."""

    @property
    def sample(self) -> Mask:
        """(H, W), predicted on-sample area."""
        return self.predicted.mask

    @property
    def off_sample(self) -> Mask:
        """(H, W), predicted off-sample area; empty when there is none."""
        return self.dataset.acquisition_mask & ~self.predicted.mask

    @cached_property
    def intensities(self) -> npt.NDArray[np.float32]:
        """(N, H, W) as measured."""
        return np.stack([ion_image.intensities for ion_image in self.dataset.ion_images])

    @cached_property
    def agreement(self) -> Float64:
        """(N,) Pearson correlation of every scaled ion image with the predicted mask; 0 without an off-sample area."""
        acquired = self.dataset.acquisition_mask
        return _correlate(self.scaled[:, acquired], self.sample[acquired])

    @property
    def on_ions(self) -> list[int]:
        """Ions whose images agree with the sample, best first; without off-sample area all, most typical first."""
        if not self.off_sample.any():
            pixels = self.scaled[:, self.dataset.acquisition_mask]
            typical: list[int] = np.argsort(-_correlate(pixels, pixels.mean(axis=0)), kind="stable").tolist()
            return typical
        return [row for row in np.argsort(-self.agreement, kind="stable").tolist() if self.agreement[row] > 0]

    @property
    def off_ions(self) -> list[int]:
        """Ions whose images agree with the off-sample area, best first."""
        return [row for row in np.argsort(self.agreement, kind="stable").tolist() if self.agreement[row] < 0]

    @property
    def axis(self) -> tuple[Float64, str]:
        """Positions of the ions on a spectrum's axis, (N,), and what the axis is."""
        mz = self.dataset.mz
        if mz is None:
            return np.arange(len(self.scaled), dtype=np.float64), "channel index (m/z unknown)"
        return mz, "m/z"

    def mean_spectrum(self, area: Mask) -> Float64:
        """(N,) the sum of the area's spectra divided by its pixels, so that areas of any size are comparable."""
        return np.asarray(self.intensities[:, area].mean(axis=1, dtype=np.float64))

    def example_pixel(self) -> tuple[int, int]:
        """Row and column of a sample pixel at the third quartile of total intensity: typical, and not empty."""
        total = self.intensities.sum(axis=0, dtype=np.float64)
        rows, columns = np.nonzero(self.sample)
        order = np.argsort(total[rows, columns], kind="stable")
        picked = order[3 * len(order) // 4]
        return int(rows[picked]), int(columns[picked])


def explore(dataset: ExploredDataset) -> Exploration:
    """Predict the mask and the principal components; labels and the true mask are not used."""
    scaled = np.stack([scale_intensities(ion_image) for ion_image in dataset.ion_images])
    sketch = PixelSketch(dataset.acquisition_mask)
    sketch.add(scaled)
    return Exploration(dataset, scaled, read_sample_mask(sketch), sketch.components(2))


def _correlate(pixels: npt.NDArray[np.float32], reference: npt.NDArray[np.generic]) -> Float64:
    """Pearson correlation of each row of (N, P) pixels with a (P,) reference; 0 where there is none."""
    centred = pixels - pixels.mean(axis=1, keepdims=True, dtype=np.float64)
    target = reference - reference.mean(dtype=np.float64)
    length = np.sqrt(np.square(centred).sum(axis=1) * np.square(target).sum())
    return np.asarray(np.divide(centred @ target, length, out=np.zeros(len(pixels)), where=length > 0))
