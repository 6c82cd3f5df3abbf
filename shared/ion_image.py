"""The ion image: what was measured where, for one annotation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.errors import InvalidIonImageError

Intensities = npt.NDArray[np.float32]
AcquisitionMask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class IonImage:
    """Intensities of one annotation over one dataset, with the pixels that were measured.

    Attributes
    ----------
    intensities
        (H, W) float32, finite and >= 0 wherever acquired, 0 elsewhere; arbitrary units (only ratios matter).
    acquisition_mask
        (H, W) bool, True = measured.
    """

    intensities: Intensities
    acquisition_mask: AcquisitionMask

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        height, width = self.intensities.shape
        return height, width


def make_ion_image(intensities: npt.ArrayLike, acquisition_mask: npt.ArrayLike | None = None) -> IonImage:
    """Check foreign pixels and make an ion image of them.

    Parameters
    ----------
    intensities
        (H, W) real numbers; NaN or infinite or negative is an error where acquired, and set to 0 elsewhere.
    acquisition_mask
        (H, W), non-zero = measured; None when every pixel was.

    Raises
    ------
    InvalidIonImageError
        When shape, type or values are not those of an ion image.
    """
    pixels = np.asarray(intensities)
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise InvalidIonImageError(f"ion image has shape {pixels.shape}; right would be (height, width), both >= 1")
    if pixels.dtype.kind not in "fiub":
        raise InvalidIonImageError(f"ion image has dtype {pixels.dtype}; right would be real numbers")
    acquired = np.ones(pixels.shape, np.bool_) if acquisition_mask is None else np.asarray(acquisition_mask) != 0
    if acquired.shape != pixels.shape:
        raise InvalidIonImageError(
            f"acquisition mask has shape {acquired.shape} and ion image {pixels.shape}; right would be equal shapes"
        )
    if pixels.dtype.kind in "ub":
        return IonImage(np.multiply(pixels, acquired, dtype=np.float32), acquired)
    with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite or NaN is refused below
        kept = pixels.astype(np.float32)
    np.copyto(kept, 0, where=~acquired)
    _check_values(kept)
    return IonImage(kept, acquired)


def _check_values(intensities: Intensities) -> None:
    """Refuse what no detector counts."""
    not_finite = int(np.count_nonzero(~np.isfinite(intensities)))
    if not_finite:
        raise InvalidIonImageError(
            f"{not_finite} acquired pixels are NaN or infinite; right would be finite intensities,"
            " with pixels that were not measured left out by the acquisition mask"
        )
    negative = int(np.count_nonzero(intensities < 0))
    if negative:
        raise InvalidIonImageError(f"{negative} acquired pixels are negative; right would be intensities >= 0")
