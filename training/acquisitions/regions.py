"""Regions of an acquisition from the files next to its ion images: `regions.npz`, or a painted mask."""

from pathlib import Path

import numpy as np

from shared.arrays.checks import NUMBERS, check_kind
from shared.arrays.npy_stream import ArrayStream, open_array_streams
from shared.errors import InvalidIonImageError
from shared.files.foreign_file import OpenedFile
from shared.ion_image import AcquisitionMask
from shared.limits import Limits, require_at_most
from shared.png.image import decode_png
from training.acquisitions.acquisition import Regions

REGIONS_FILE, MASK_FILE = "regions.npz", "sample_mask.png"
_SAMPLE, _OFF_SAMPLE = "sample", "off_sample"


def read_regions(folder: Path, acquisition_mask: AcquisitionMask, limits: Limits) -> Regions | None:
    """Read `regions.npz` of a folder, else `sample_mask.png`, else None.

    `regions.npz` holds `sample` and, where off-sample area was measured, `off_sample`: (H, W), non-zero = True.
    In `sample_mask.png` white is sample, black is off-sample, and grey or transparent is uncertain. Pixels
    that were not acquired belong to no region.

    Raises
    ------
    InvalidIonImageError
        When the file has another format or size, or a pixel is in both regions.
    TooLargeError
        When it exceeds `limits`.
    """
    if (folder / REGIONS_FILE).is_file():
        sample, off_sample = _read_arrays(folder / REGIONS_FILE, acquisition_mask, limits)
    elif (folder / MASK_FILE).is_file():
        sample, off_sample = _read_painted(folder / MASK_FILE, acquisition_mask, limits)
    else:
        return None
    return Regions(sample & acquisition_mask, off_sample & acquisition_mask)


def _read_arrays(
    path: Path, acquisition_mask: AcquisitionMask, limits: Limits
) -> tuple[AcquisitionMask, AcquisitionMask]:
    require_at_most(path.stat().st_size, limits.array_file_bytes, f"size of {path.name} in bytes")
    with OpenedFile.at(path) as file, open_array_streams(file, (_SAMPLE, _OFF_SAMPLE)) as streams:
        read = {name: _read_mask(stream, acquisition_mask) for name, stream in streams.items()}
    sample = read[_SAMPLE]
    off_sample = read.get(_OFF_SAMPLE, np.zeros_like(sample))
    both = int(np.count_nonzero(sample & off_sample))
    if both:
        raise InvalidIonImageError(f"expected no pixel in both `sample` and `off_sample` in {path.name}, got {both:,}")
    return sample, off_sample


def _read_mask(stream: ArrayStream, acquisition_mask: AcquisitionMask) -> AcquisitionMask:
    check_kind(stream.dtype, NUMBERS, stream.what)
    _require_shape(stream.what, stream.shape, acquisition_mask)
    if stream.fortran_order:
        return np.asarray(stream.read(stream.shape[::-1]).T != 0)
    return np.asarray(stream.read(stream.shape) != 0)


def _read_painted(
    path: Path, acquisition_mask: AcquisitionMask, limits: Limits
) -> tuple[AcquisitionMask, AcquisitionMask]:
    require_at_most(path.stat().st_size, limits.image_file_bytes, f"size of {path.name} in bytes")
    painted = decode_png(path.read_bytes(), limits)
    _require_shape(path.name, painted.shape, acquisition_mask)
    white = painted.intensities.max()
    if white == 0:
        raise InvalidIonImageError(f"expected the sample in white in {path.name}, got black only")
    opaque = painted.acquisition_mask
    return opaque & (painted.intensities == white), opaque & (painted.intensities == 0)


def _require_shape(what: str, shape: tuple[int, ...], acquisition_mask: AcquisitionMask) -> None:
    if shape != acquisition_mask.shape:
        raise InvalidIonImageError(f"expected shape {acquisition_mask.shape} of the images for {what}, got {shape}")
