"""Ion images as PNG."""

import imagecodecs
import numpy as np

from shared.errors import InvalidIonImageError
from shared.ion_image import IonImage, make_ion_image
from shared.limits import Limits, require_at_most
from shared.png.pixels import PngPixels, decode_pixels
from shared.png.structure import read_whole_png

_GREY_TOLERANCE = 2 / 255
"""Largest difference of red, green and blue that counts as grey, as a share of full scale: exports round."""


def decode_png(content: bytes, limits: Limits) -> IonImage:
    """Decode one PNG into an ion image.

    Grey levels of 1 to 16 bits are the intensities. Alpha is the acquisition mask: 0 = not
    acquired (METASPACE's storage, metaspace2020/metaspace `ImageStorage`). RGB and palette images are
    accepted when they are grey.

    Raises
    ------
    InvalidIonImageError
        When `content` is not a PNG, is truncated or corrupt, or is a colour image.
    TooLargeError
        When file or pixels exceed `limits`; checked before decoding.
    """
    require_at_most(len(content), limits.image_file_bytes, "size of a PNG in bytes")
    whole = read_whole_png(content, limits)
    try:
        pixels = decode_pixels(whole)
    except (imagecodecs.PngError, ValueError) as error:
        raise InvalidIonImageError(f"PNG cannot be decoded ({error}); expected a complete PNG file") from error
    grey, alpha = _split_channels(pixels)
    return make_ion_image(grey, alpha)


def count_stated_pixels(content: bytes) -> int:
    """Number of pixels in a PNG's header, unchecked; nothing is decoded."""
    return int.from_bytes(content[16:20]) * int.from_bytes(content[20:24])


def encode_png(ion_image: IonImage) -> bytes:
    """Encode as METASPACE does: 16-bit grey scaled to the image's maximum, alpha = acquisition mask."""
    peak = float(ion_image.intensities.max())
    scale = 65535 / peak if peak > 0 else 0.0
    grey = np.rint(ion_image.intensities.astype(np.float64) * scale).astype(np.uint16)
    alpha = np.where(ion_image.acquisition_mask, 65535, 0).astype(np.uint16)
    return bytes(imagecodecs.png_encode(np.stack([grey, alpha], axis=-1), level=9))


def _split_channels(pixels: PngPixels) -> tuple[PngPixels, PngPixels | None]:
    """Grey (H, W), and alpha (H, W) where there is one, of a decoded L, LA, RGB or RGBA image."""
    if pixels.ndim == 2:
        return pixels, None
    channels = pixels.shape[2]
    alpha = pixels[..., -1] if channels in (2, 4) else None
    if channels >= 3:
        _require_grey(pixels[..., :3], alpha)
    return pixels[..., 0], alpha


def _require_grey(rgb: PngPixels, alpha: PngPixels | None) -> None:
    """Refuse colour images, whose channels are not intensities."""
    spread = rgb.max(axis=-1) - rgb.min(axis=-1)
    if alpha is not None:
        spread[alpha == 0] = 0
    if int(spread.max()) > _GREY_TOLERANCE * np.iinfo(rgb.dtype).max:
        raise InvalidIonImageError(
            "PNG is a colour image (red, green and blue differ); expected a grey-scale PNG, 8 or 16 bits, with or"
            " without alpha"
        )
