"""How large the caller's files and images may be."""

from dataclasses import dataclass

from shared.errors import TooLargeError

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits that are checked before anything is decoded or decompressed, so that no input can exhaust a worker."""

    event_bytes: int = 32 * MEBIBYTE
    """Bytes of one event, and of the list its `annotations_uri` names."""

    event_ions: int = 100_000
    """Ion images of one event."""

    image_file_bytes: int = 64 * MEBIBYTE
    """Bytes of one ion-image file."""

    image_pixels: int = 16_000_000
    """Pixels of one ion image (height x width)."""

    image_side_px: int = 4_096
    """Longest side of one ion image, px; memory of the resize operator grows with its square."""

    array_file_bytes: int = 4_096 * MEBIBYTE
    """Bytes of one array file, and of each array in it, decompressed."""

    array_chunk_bytes: int = 256 * MEBIBYTE
    """Bytes of one chunk of a chunked array (zarr, HDF5), decompressed; in zarr, of all chunks of the same images."""

    imzml_bytes: int = 4_096 * MEBIBYTE
    """Bytes of one .imzML file."""

    ibd_bytes: int = 65_536 * MEBIBYTE
    """Bytes of one .ibd file; it is streamed, so that it takes time rather than memory."""


def require_at_most(value: int, limit: int, what: str) -> None:
    """Raise `TooLargeError`, naming `what`, when `value` is above `limit`."""
    if value > limit:
        raise TooLargeError(f"{what} is {value:,}; expected at most {limit:,}")


def require_image_size(height: int, width: int, limits: Limits) -> None:
    """Raise `TooLargeError` when an ion image of this size would be too large to decode."""
    require_at_most(height * width, limits.image_pixels, f"number of pixels of a {height} x {width} ion image")
    require_at_most(max(height, width), limits.image_side_px, f"longest side of a {height} x {width} ion image")
