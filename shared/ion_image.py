"""The ion image: intensities of one annotation, and which pixels were measured."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError

Intensities = npt.NDArray[np.float32]
AcquisitionMask = npt.NDArray[np.bool_]

FEW_NEGATIVE: Final = 0.05
"""Share of the acquired pixels that may be negative, by any amount. Subtracting a baseline leaves some."""

FAINT_NEGATIVE: Final = 0.1
"""Share of the summed absolute intensities that may be negative where more pixels are. Noise around a subtracted
baseline stays below it; standard scores and logarithms, which are not intensities, exceed it."""


@dataclass(frozen=True, eq=False)
class IonImage:
    """Intensities of one annotation over one dataset, with the pixels that were measured.

    Attributes
    ----------
    intensities
        (H, W) float32, finite and >= 0 wherever acquired, 0 elsewhere; arbitrary units (only ratios matter).
    acquisition_mask
        (H, W) bool, True = measured.
    note
        What was changed in the original pixels, one sentence; None = nothing.
    """

    intensities: Intensities
    acquisition_mask: AcquisitionMask
    note: str | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        height, width = self.intensities.shape
        return height, width


def make_ion_image(intensities: npt.ArrayLike, acquisition_mask: npt.ArrayLike | None = None) -> IonImage:
    """Validate pixels and make an ion image of them.

    A few bad pixels are tolerated: an acquired pixel that is NaN or infinite (as float32) counts as not
    acquired, a negative one as 0, and the `note` says how many.

    Parameters
    ----------
    intensities
        (H, W) real numbers, in any units; values of pixels that were not acquired are ignored.
    acquisition_mask
        (H, W), non-zero = measured; None when every pixel was.

    Raises
    ------
    InvalidIonImageError
        When shape or type are wrong, no acquired pixel is finite, or too much is negative (`FEW_NEGATIVE`,
        `FAINT_NEGATIVE`) for the values to be intensities.
    """
    pixels = np.asarray(intensities)
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise InvalidIonImageError(f"expected an ion image of shape (height, width), both >= 1, got {pixels.shape}")
    if pixels.dtype.kind not in "fiub":
        raise InvalidIonImageError(f"expected an ion image of real numbers, got dtype {pixels.dtype}")
    acquired = np.ones(pixels.shape, np.bool_) if acquisition_mask is None else np.asarray(acquisition_mask) != 0
    if acquired.shape != pixels.shape:
        raise InvalidIonImageError(
            f"expected an acquisition mask of the ion image's shape {pixels.shape}, got {acquired.shape}"
        )
    if pixels.dtype.kind in "ub":
        return IonImage(np.multiply(pixels, acquired, dtype=np.float32), acquired)
    with np.errstate(over="ignore", invalid="ignore"):  # infinite and NaN are handled below
        kept = pixels.astype(np.float32)
    np.copyto(kept, 0, where=~acquired)
    if kept.min() >= 0 and np.isfinite(kept.max()):  # False for NaN, too
        return IonImage(kept, acquired)
    return _clean_pixels(kept, acquired)


def _clean_pixels(kept: Intensities, acquired: AcquisitionMask) -> IonImage:
    """Replace NaN, infinite and negative pixels; refuse the image when there are too many."""
    finite = np.isfinite(kept)
    missing = int(np.count_nonzero(~finite))
    measured = acquired & finite
    if not measured.any():
        raise InvalidIonImageError(f"all {missing:,} acquired pixels are NaN or infinite; expected finite intensities")
    np.copyto(kept, 0, where=~finite)
    negative = kept < 0
    count = _require_intensities(kept, negative, int(np.count_nonzero(measured)))
    kept[negative] = 0
    notes = []
    if missing:
        notes.append(f"{missing:,} acquired pixels are NaN or infinite and count as not acquired")
    if count:
        notes.append(f"{count:,} acquired pixels are negative and count as 0")
    return IonImage(kept, measured, "; ".join(notes))


def _require_intensities(kept: Intensities, negative: npt.NDArray[Any], measured: int) -> int:
    """Count the negative pixels; refuse values that are not intensities."""
    count = int(np.count_nonzero(negative))
    if count <= FEW_NEGATIVE * measured or count == 1:
        return count
    absolute = np.abs(kept, dtype=np.float64)
    share = float(absolute[negative].sum() / absolute.sum())
    if share > FAINT_NEGATIVE:
        raise InvalidIonImageError(
            f"{count:,} of {measured:,} acquired pixels are negative and hold {share:.0%} of the summed absolute"
            f" intensities; expected intensities, of which at most {FAINT_NEGATIVE:.0%} are negative"
        )
    return count
