"""PNGs of every kind become ion images; broken ones become errors, and nothing worse."""

import io
import struct
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import png
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidIonImageError, TooLargeError
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.png.image import decode_png, encode_png
from shared.png.structure import read_whole_png

LIMITS = Limits()
SIGNATURE = b"\x89PNG\r\n\x1a\n"
RNG = np.random.default_rng(0)
GREY_16 = RNG.integers(0, 2**16, (9, 7))
SOUND = encode_png(make_ion_image(RNG.exponential(size=(12, 10)), RNG.random((12, 10)) > 0.2))


def write_png(samples: npt.NDArray[Any], **options: Any) -> bytes:
    """Write (H, W) or (H, W, channels) samples with pypng."""
    height, width = samples.shape[:2]
    stream = io.BytesIO()
    png.Writer(width=width, height=height, **options).write(stream, samples.reshape(height, -1).tolist())
    return stream.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(
    width: int = 3, height: int = 3, bits: int = 8, colour_type: int = 0, rest: Sequence[int] = (0, 0, 0)
) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, *rest))


def pixels(raw: bytes = b"\0abc" * 3) -> bytes:
    return chunk(b"IDAT", zlib.compress(raw))


END = chunk(b"IEND", b"")


def test_both_halves_of_16_bit_grey_with_alpha_are_kept() -> None:
    """Pillow opens METASPACE's images as 8-bit RGBA: 0x1234 would come back as 0x12."""
    samples = np.array([[[0x1234, 0xFFFF], [0x12FF, 0xFFFF], [0xABCD, 0]]])
    ion_image = decode_png(write_png(samples, greyscale=True, alpha=True, bitdepth=16), LIMITS)
    np.testing.assert_array_equal(ion_image.intensities, [[0x1234, 0x12FF, 0]])
    np.testing.assert_array_equal(ion_image.acquisition_mask, [[True, True, False]])


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_of_every_depth_keeps_its_ratios(bits: int, interlace: bool) -> None:  # noqa: FBT001
    samples = GREY_16 % 2**bits
    ion_image = decode_png(write_png(samples, greyscale=True, bitdepth=bits, interlace=interlace), LIMITS)
    full = 1 if bits >= 8 else 255 // (2**bits - 1)
    np.testing.assert_array_equal(ion_image.intensities, samples * full)
    assert ion_image.acquisition_mask.all()


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("grey", [False, True])
def test_alpha_0_is_not_acquired_in_grey_and_in_rgb(grey: bool, bits: int, interlace: bool) -> None:  # noqa: FBT001
    values = GREY_16 % 2**bits
    alpha = RNG.choice([0, 1, 2**bits - 1], values.shape)
    samples = np.stack([values] * (1 if grey else 3) + [alpha], axis=-1)
    ion_image = decode_png(write_png(samples, greyscale=grey, alpha=True, bitdepth=bits, interlace=interlace), LIMITS)
    np.testing.assert_array_equal(ion_image.acquisition_mask, alpha != 0)
    np.testing.assert_array_equal(ion_image.intensities, np.where(alpha != 0, values, 0))


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_rgb_is_accepted(bits: int) -> None:
    values = GREY_16 % 2**bits
    ion_image = decode_png(write_png(np.stack([values] * 3, axis=-1), greyscale=False, bitdepth=bits), LIMITS)
    np.testing.assert_array_equal(ion_image.intensities, values)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_a_grey_palette_counts_and_its_transparent_entry_is_not_acquired(bits: int) -> None:
    samples = GREY_16 % 4
    levels = np.array([7, 10, 200, 255])
    opaque = [(level, level, level) for level in levels.tolist()]
    with_alpha = [(*colour, 255 * (entry != 2)) for entry, colour in enumerate(opaque)]

    plain = decode_png(write_png(samples, palette=opaque, bitdepth=bits), LIMITS)
    masked = decode_png(write_png(samples, palette=with_alpha, bitdepth=bits), LIMITS)

    np.testing.assert_array_equal(plain.intensities, levels[samples])
    assert plain.acquisition_mask.all()
    np.testing.assert_array_equal(masked.intensities, np.where(samples == 2, 0, levels[samples]))
    np.testing.assert_array_equal(masked.acquisition_mask, samples != 2)


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_the_transparent_level_of_a_grey_png_is_not_acquired(bits: int) -> None:
    samples = GREY_16 % 4
    ion_image = decode_png(write_png(samples, greyscale=True, bitdepth=bits, transparent=2), LIMITS)
    np.testing.assert_array_equal(ion_image.acquisition_mask, samples != 2)


def test_metadata_chunks_are_ignored() -> None:
    samples = GREY_16 % 256
    plain = decode_png(write_png(samples, greyscale=True), LIMITS)
    noted = decode_png(write_png(samples, greyscale=True, gamma=2.2, background=3), LIMITS)
    np.testing.assert_array_equal(noted.intensities, plain.intensities)


@pytest.mark.parametrize("alpha", [False, True])
def test_a_colour_image_is_refused(alpha: bool) -> None:  # noqa: FBT001
    samples = RNG.integers(0, 256, (5, 5, 3 + alpha))
    samples[..., 3:] = 255
    with pytest.raises(InvalidIonImageError, match="colour"):
        decode_png(write_png(samples, greyscale=False, alpha=alpha), LIMITS)


def test_colour_is_ignored_where_nothing_was_acquired() -> None:
    samples = np.array([[[9, 9, 9, 255], [255, 0, 0, 0]]])
    ion_image = decode_png(write_png(samples, greyscale=False, alpha=True), LIMITS)
    np.testing.assert_array_equal(ion_image.intensities, [[9, 0]])


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (33, 17)])
def test_an_encoded_image_is_decoded_unchanged(shape: tuple[int, int]) -> None:
    ion_image = make_ion_image(RNG.exponential(size=shape), RNG.random(shape) > 0.3)
    found = decode_png(encode_png(ion_image), LIMITS)
    np.testing.assert_array_equal(found.acquisition_mask, ion_image.acquisition_mask)
    scale = 65535 / max(float(ion_image.intensities.max()), 1e-9)
    np.testing.assert_allclose(found.intensities, ion_image.intensities * scale, atol=0.51)


def test_an_image_of_zeros_is_encoded_as_zeros() -> None:
    assert (decode_png(encode_png(make_ion_image(np.zeros((3, 4)))), LIMITS).intensities == 0).all()


def test_a_png_truncated_anywhere_is_an_error() -> None:
    for length in range(len(SOUND)):
        with pytest.raises(InvalidIonImageError, match="expected a complete PNG file"):
            decode_png(SOUND[:length], LIMITS)


def test_a_png_with_any_byte_altered_is_an_error() -> None:
    for position in range(len(SOUND)):
        altered = bytearray(SOUND)
        altered[position] ^= 0x21
        with pytest.raises((InvalidIonImageError, TooLargeError), match="expected"):
            decode_png(bytes(altered), LIMITS)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda content: SIGNATURE + content))
def test_any_bytes_are_an_error(content: bytes) -> None:
    with pytest.raises((InvalidIonImageError, TooLargeError), match="expected"):
        decode_png(content, LIMITS)


chunks = st.one_of(
    st.builds(pixels, st.binary(max_size=60)),
    st.builds(chunk, st.just(b"IDAT"), st.binary(max_size=60)),
    st.builds(chunk, st.sampled_from([b"PLTE", b"tRNS", b"gAMA", b"ABCD", b"IEND", b"IHDR"]), st.binary(max_size=30)),
    st.just(END),
)
headers = st.builds(
    header,
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([1, 2, 4, 8, 16, 3]),
    st.integers(0, 7),
    st.lists(st.integers(0, 2), min_size=3, max_size=3),
)


@given(headers, st.lists(chunks, max_size=6))
def test_any_chunks_with_correct_checksums_are_an_ion_image_or_an_error(first: bytes, rest: list[bytes]) -> None:
    try:
        ion_image = decode_png(SIGNATURE + first + b"".join(rest) + END, LIMITS)
    except InvalidIonImageError:
        return
    assert np.isfinite(ion_image.intensities).all()


BROKEN = {
    "no pixels": header() + END,
    "too few pixels": header() + pixels(b"\0abc" * 2) + END,
    "too many pixels": header() + pixels(b"\0abc" * 4) + END,
    "unpackable pixels": header() + chunk(b"IDAT", b"hello") + END,
    "unfinished pixels": header() + chunk(b"IDAT", zlib.compress(b"\0abc" * 3)[:-2]) + END,
    "unknown row filter": header() + pixels(b"\x09abc" * 3) + END,
    "colour type without palette": header(colour_type=3) + pixels() + END,
    "ragged palette": header(colour_type=3) + chunk(b"PLTE", b"abcd") + pixels() + END,
    "more transparency than palette": header(colour_type=3)
    + chunk(b"PLTE", b"abc")
    + chunk(b"tRNS", b"ab")
    + pixels()
    + END,
    "transparency of a wrong length": header() + chunk(b"tRNS", b"abc") + pixels() + END,
    "impossible depth": header(bits=3) + pixels() + END,
    "impossible colour type": header(colour_type=5) + pixels() + END,
    "unknown compression": header(rest=(1, 0, 0)) + pixels() + END,
    "unknown interlacing": header(rest=(0, 0, 2)) + pixels() + END,
    "no width": header(width=0) + pixels() + END,
    "unknown critical chunk": header() + chunk(b"ABCD", b"") + pixels() + END,
    "no header": pixels() + END,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_contradictory_png_is_an_error(content: bytes) -> None:
    with pytest.raises(InvalidIonImageError, match="expected"):
        decode_png(SIGNATURE + content, LIMITS)


def test_the_valid_variant_of_the_contradictory_pngs_is_read() -> None:
    found = decode_png(SIGNATURE + header() + pixels() + END + b"trailing bytes", LIMITS)
    np.testing.assert_array_equal(found.intensities, [[97, 98, 99]] * 3)


def test_thousands_of_broken_pngs_do_not_crash_the_interpreter() -> None:
    """The decoder of imagecodecs 2026.3 takes a reference of None away on each failure, until Python 3.11 aborts."""
    contents = [SOUND[: len(SOUND) // 2], *(SIGNATURE + content for content in BROKEN.values())]
    before = sys.getrefcount(None)
    for content in contents * 100:
        with pytest.raises(InvalidIonImageError):
            decode_png(content, LIMITS)
    assert sys.getrefcount(None) > before - 500  # one each would be 1,800; a few come and go with pytest


@pytest.mark.parametrize("size", [(100_000, 100_000), (2**31 - 1, 1), (4_097, 1), (1, 4_097), (4_096, 4_000)])
def test_a_header_above_the_limits_is_refused_before_decompressing(size: tuple[int, int]) -> None:
    """The pixels are no zlib stream: unpacking them would be another error."""
    content = SIGNATURE + header(*size) + chunk(b"IDAT", b"not unpacked") + END
    with pytest.raises(TooLargeError, match=r"of a \d+ x \d+ ion image is .* at most"):
        decode_png(content, LIMITS)


def test_pixels_that_decompress_beyond_the_header_are_refused() -> None:
    bomb = SIGNATURE + header() + pixels(bytes(50_000_000)) + END
    with pytest.raises(InvalidIonImageError, match="too few or too many pixels"):
        decode_png(bomb, LIMITS)


def test_a_file_above_the_limit_is_refused() -> None:
    with pytest.raises(TooLargeError, match=r"size of a PNG in bytes is .* at most 10"):
        decode_png(SOUND, replace(LIMITS, image_file_bytes=10))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_rows_with_filters_and_rows_without_give_the_same_ion_image(
    channels: int, dtype: type[np.unsignedinteger]
) -> None:
    grey = np.random.default_rng(channels).integers(0, np.iinfo(dtype).max, (31, 17, 1), dtype, endpoint=True)
    alpha = np.where(grey % 3 == 0, 0, np.iinfo(dtype).max).astype(dtype)
    samples = np.concatenate([np.repeat(grey, 3 if channels > 2 else 1, axis=2), alpha], axis=2)[
        ..., :channels
    ].squeeze()
    samples = np.ascontiguousarray(samples)
    filtered = imagecodecs.png_encode(samples, level=9)
    plain = write_png(samples, greyscale=channels < 3, alpha=channels in (2, 4), bitdepth=8 * dtype().itemsize)
    assert read_whole_png(filtered, Limits()).filters != {0}
    assert read_whole_png(plain, Limits()).filters == {0}
    found, expected = decode_png(plain, Limits()), decode_png(filtered, Limits())
    np.testing.assert_array_equal(found.intensities, expected.intensities)
    np.testing.assert_array_equal(found.acquisition_mask, expected.acquisition_mask)
    np.testing.assert_array_equal(found.intensities, np.where(found.acquisition_mask, grey[..., 0], 0))
