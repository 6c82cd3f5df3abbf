"""Draws `regions.npz` of acquisitions from their mean ion images: `python training/data/draw_regions.py`.

The mean of the scaled ion images is smoothed; pixels above one level are sample, pixels below another off-sample.
Both are opened, closed and eroded, so that pixels near an edge are in neither. The levels were chosen from histograms and
the results were checked by eye. The mouse bladder has labels: its level applies to ln(on / off).
"""

from pathlib import Path

import numpy as np
from scipy import ndimage

from shared.ion_image import IonImage
from shared.preprocessing import scale_intensities
from training.acquisitions.acquisition import Acquisition
from training.acquisitions.reading import read_acquisition

DATA = Path(__file__).parent
LEVELS = {
    "mouse_bladder": (0.0, -3.0),
    "acquisitions/human_heart_nanodesi": (0.45, 0.3),
    "acquisitions/mouse_xenograft": (0.012, None),  # unknown whether the rim is bare
    "unlabelled/brain_13c": (0.2, 0.06),
    "unlabelled/mouse_uterus_desi": (0.2, 0.05),
    "unlabelled/maldi_human_tumour_1": (0.2, None),  # 0 outside in every image: unknown whether measured
    "unlabelled/mouse_embryo": (0.012, None),  # the same
}
SMOOTHING_PX, EROSION_PX, PAD_PX = 1.5, 2, 8
SMALLEST_PX = 40


def mean_scaled(acquisition: Acquisition, label: str | None = None) -> np.ndarray:
    """Mean of the scaled ion images, or of those with a label, smoothed; (H, W)."""
    rows = [row for row, found in enumerate(acquisition.labels) if label in (None, found)]
    mask = acquisition.acquisition_mask
    scaled = [scale_intensities(IonImage(acquisition.images[row], mask)) for row in rows]
    return ndimage.gaussian_filter(np.mean(scaled, axis=0, dtype=np.float64), SMOOTHING_PX)


def tidy(mask: np.ndarray, *, fill: bool) -> np.ndarray:
    """Remove specks, gaps, small pieces and edges; the border of the image does not count as an edge."""
    padded = np.pad(mask, PAD_PX, mode="edge")
    opened = ndimage.binary_opening(ndimage.binary_closing(padded, iterations=3), iterations=2)
    filled = ndimage.binary_fill_holes(opened) if fill else opened
    eroded = ndimage.binary_erosion(filled, iterations=EROSION_PX, border_value=1)[PAD_PX:-PAD_PX, PAD_PX:-PAD_PX]
    pieces, count = ndimage.label(eroded)
    sizes = ndimage.sum(eroded, pieces, range(1, count + 1))
    return np.isin(pieces, [piece + 1 for piece, size in enumerate(sizes) if size >= SMALLEST_PX])


def main() -> None:
    """Write the files again."""
    for name, (sample_from, off_sample_to) in LEVELS.items():
        acquisition = read_acquisition(DATA / name)
        shown = mean_scaled(acquisition)
        if name == "mouse_bladder":
            on, off = (mean_scaled(acquisition, label) for label in ("on", "off"))
            shown = np.log(on / on.mean() + 0.02) - np.log(off / off.mean() + 0.02)
        acquired = acquisition.acquisition_mask
        inside = tidy(shown > sample_from, fill=name != "acquisitions/human_heart_nanodesi")
        if not acquired.all():
            inside &= ndimage.binary_erosion(acquired, iterations=EROSION_PX)
        sample = acquired & inside
        outside = np.zeros_like(sample) if off_sample_to is None else tidy(shown < off_sample_to, fill=False)
        np.savez_compressed(DATA / name / "regions.npz", sample=sample, off_sample=acquired & outside & ~sample)
        print(name, f"sample {sample.mean():.2f}, off-sample {(acquired & outside).mean():.2f}")


if __name__ == "__main__":
    main()
