"""Real outlines of samples: the sample masks of METASPACE datasets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from shared.limits import Limits
from shared.png.image import decode_png
from training.data_root import DATA_ROOT

_SMOOTHING_PX = 1.5
"""The masks come from a pixel classifier and are speckled; real samples are not."""


@dataclass(frozen=True, eq=False)
class Outline:
    """One sample mask and its family, which stays together in folds."""

    name: str
    sample_mask: npt.NDArray[np.bool_]
    """(H, W), True = sample."""

    family: str
    """Masks with neighbouring numbers are often sections of one sample: ten numbers are one family."""


def load_outlines(folder: Path = DATA_ROOT / "sample_masks") -> list[Outline]:
    """Every sample mask, sorted by name."""
    return [_load_outline(path) for path in sorted(folder.glob("mask_*.png"))]


def _load_outline(path: Path) -> Outline:
    white = decode_png(path.read_bytes(), Limits()).intensities > 0
    smooth = ndimage.gaussian_filter(white.astype(np.float64), _SMOOTHING_PX, mode="nearest") > 0.5
    return Outline(path.stem, smooth, path.stem[:-1])
