"""The order in which a person should look at ion images."""

import numpy as np
from report_making import classified

from shared.ion_image import make_ion_image
from worker.messages.results import ResultRow
from worker.report.review_order import order_for_review
from worker.report.tile_buffer import TileBuffer


def test_doubtful_images_come_first_one_of_each_kind_after_the_other() -> None:
    """Half of the images show a disc, half its surroundings; those in doubt most are all discs."""
    rows, columns = np.mgrid[:20, :20]
    disc = (rows - 10) ** 2 + (columns - 10) ** 2 < 36
    generator = np.random.default_rng(0)
    discs = [classified(f"disc {number}", 0.51 + number / 100) for number in range(8)]
    others = [classified(f"ring {number}", 0.8 + number / 100) for number in range(8)]
    with TileBuffer(16) as tiles:
        for row in (*discs, *others):
            inside = row.annotation_id.startswith("disc")
            tiles.add(row.annotation_id, make_ion_image(generator.poisson(np.where(disc == inside, 50, 1))))
        found = order_for_review([*others, *discs, ResultRow(annotation_id="x", status="no_signal")], tiles, 0.5)
    assert sorted(found) == sorted(row.annotation_id for row in (*discs, *others))
    assert found[0] == "disc 0"
    assert "ring 0" in found[:4]


def test_a_few_images_are_ordered_by_doubt_alone() -> None:
    with TileBuffer(3) as tiles:
        rows = [classified("sure", 0.9), classified("doubtful", 0.45), classified("less", 0.3)]
        for row in rows:
            tiles.add(row.annotation_id, make_ion_image(np.random.default_rng(0).random((5, 6))))
        assert order_for_review(rows, tiles, 0.5) == ["doubtful", "less", "sure"]
        assert order_for_review([], tiles, 0.5) == []


def test_images_that_are_all_the_same_are_ordered_too() -> None:
    with TileBuffer(60) as tiles:
        rows = [classified(f"{number}", number / 100) for number in range(60)]
        for number, row in enumerate(rows):
            tiles.add(row.annotation_id, make_ion_image(np.random.default_rng(number % 2).random((5, 6))))
        assert sorted(order_for_review(rows, tiles, 0.5)) == sorted(row.annotation_id for row in rows)
