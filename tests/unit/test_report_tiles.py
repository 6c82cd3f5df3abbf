"""Tiles: what of an ion image is still there in one byte a pixel."""

import zlib
from base64 import b64decode

import numpy as np
import pytest
from conftest import make_random_ion_image
from hypothesis import given
from hypothesis import strategies as st

from shared.ion_image import make_ion_image
from shared.preprocessing import scale_intensities
from worker.report.tile import LINEAR_LEVELS, NOT_ACQUIRED, coarsen, decode_tile, make_tile, scale_tile
from worker.report.tile_buffer import TileBuffer
from worker.report.tile_packing import BLOCK_BYTES, MOST_PAGE_BYTES, STEPS, pack, plan_packing

WHOLE = 10**6


@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 40))
def test_intensities_can_be_read_back_closely(seed: int, height: int, width: int) -> None:
    image = make_random_ion_image(seed, (height, width))
    tile = make_tile(image, WHOLE)
    clipped = np.minimum(image.intensities, tile.ceiling)
    assert np.allclose(np.minimum(decode_tile(tile), tile.ceiling), clipped, atol=tile.ceiling / LINEAR_LEVELS)
    hot = image.intensities > tile.ceiling
    errors = np.abs(np.log(decode_tile(tile)[hot]) - np.log(image.intensities[hot]))
    assert (errors <= (np.log(tile.maximum / tile.ceiling) / 20 if hot.any() else 0)).all()
    assert (tile.codes == NOT_ACQUIRED).tolist() == (~image.acquisition_mask).tolist()
    assert ((tile.codes == 0) == ((image.intensities == 0) & image.acquisition_mask)).all()


def test_the_scaled_tile_is_what_a_network_sees() -> None:
    image = make_random_ion_image(3, (50, 60))
    assert np.allclose(scale_tile(make_tile(image, WHOLE)), scale_intensities(image), atol=1 / LINEAR_LEVELS)


def test_an_image_without_signal_or_pixels_is_a_tile() -> None:
    assert (make_tile(make_ion_image(np.zeros((3, 4))), WHOLE).codes == 0).all()
    missing = make_tile(make_ion_image(np.ones((3, 4)), np.zeros((3, 4))), WHOLE)
    assert (missing.codes == NOT_ACQUIRED).all()
    assert decode_tile(missing).max() == 0


def test_a_large_image_is_averaged_over_its_acquired_pixels() -> None:
    intensities = np.array([[2.0, 4, 0, 0, 6], [2, 4, 0, 0, 6], [1, 1, 9, 9, 6]])
    acquired = np.ones((3, 5), dtype=bool)
    acquired[:2, 2:4] = False
    tile = make_tile(make_ion_image(intensities, acquired), most_pixels=6)
    assert tile.codes.shape == (2, 3)
    assert np.allclose(decode_tile(tile), [[3, 0, 6], [1, 9, 6]], rtol=0.02)
    assert tile.codes[0, 1] == NOT_ACQUIRED


@pytest.mark.parametrize("step", STEPS)
def test_coarse_codes_keep_zero_hot_spots_and_what_was_not_acquired(step: int) -> None:
    codes = np.arange(256, dtype=np.uint8)
    coarse = coarsen(codes, step)
    assert coarse[0] == 0
    assert (coarse[LINEAR_LEVELS + 1 :] == codes[LINEAR_LEVELS + 1 :]).all()
    linear = coarse[1 : LINEAR_LEVELS + 1].astype(int)
    assert linear.min() >= 1
    assert (np.abs(linear - codes[1 : LINEAR_LEVELS + 1]) <= max(1, step // 2)).all()


def test_blocks_hold_the_tiles_in_order() -> None:
    with TileBuffer(40) as tiles:
        for number in range(40):
            tiles.add(f"{number}", make_random_ion_image(number, (60, 70 + number)))
        packing = plan_packing(tiles, [f"{number}" for number in range(40)])
        texts = list(pack(packing, tiles))
        assert sum(packing.blocks, ()) == tuple(f"{number}" for number in range(40))
        assert len(texts) == len(packing.blocks) > 1
        for block, text in zip(packing.blocks, texts, strict=True):
            content = zlib.decompress(b64decode(text), -zlib.MAX_WBITS)
            assert content == b"".join(tiles.read(one).codes.tobytes() for one in block)
            assert len(content) <= BLOCK_BYTES


def test_noise_that_hardly_compresses_is_made_coarse_enough() -> None:
    generator = np.random.default_rng(0)
    with TileBuffer(5000) as tiles:
        noise = [make_ion_image(generator.random((100, 100))) for _ in range(20)]
        ids = [f"{number}" for number in range(5000)]
        for number, one in enumerate(ids):
            tiles.add(one, noise[number % 20])
        packing = plan_packing(tiles, ids)
        assert packing.step > 1
        one_block = len(next(pack(packing, tiles)))
        assert one_block * len(packing.blocks) < 1.1 * MOST_PAGE_BYTES


def test_many_large_images_are_binned_so_that_the_buffer_stays_small() -> None:
    with TileBuffer(100_000) as tiles:
        tiles.add("a", make_random_ion_image(0, (600, 600)))
        height, width = tiles.shape("a")
        assert height * width <= 1100
