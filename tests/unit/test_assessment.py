"""When ion images are unlike those the model was fitted on."""

import numpy as np
import pytest
from conftest import make_random_ion_image
from counting import count

from shared.ion_image import make_ion_image
from worker.classification.assessment import SENTENCES, ImageExtent, assess, find_acquired_share, measure_extent
from worker.messages.results import Assessment


def extent_of(acquired_share: float, acquired_pixels: int, counts: float) -> ImageExtent:
    return ImageExtent(acquired_share, acquired_pixels, counts, total=counts, maximum=1.0, signal_share=0.5)


USUAL = extent_of(acquired_share=0.9, acquired_pixels=540, counts=5000.0)


def test_an_extent_is_measured_over_acquired_pixels() -> None:
    mask = np.zeros((4, 5), bool)
    mask[0, :4] = True
    extent = measure_extent(make_ion_image(np.full((4, 5), 0.5), mask))
    assert extent == ImageExtent(0.2, 4, 4.0, total=2.0, maximum=0.5, signal_share=1.0)
    silent = ImageExtent(1.0, 20, 0.0, total=0.0, maximum=0.0, signal_share=0.0)
    assert measure_extent(make_ion_image(np.zeros((4, 5)))) == silent


@pytest.mark.parametrize(
    ("extents", "expected"),
    [
        ([], []),
        ([USUAL], []),
        ([extent_of(0.049, 540, 5000)], ["little_acquired"]),
        ([extent_of(0.05, 64, 5000)], []),
        ([extent_of(0.9, 63, 5000)], ["few_pixels"]),
        ([extent_of(0.9, 540, 40)], ["few_counts"]),
        ([extent_of(0.9, 540, 40)] * 20 + [USUAL], []),
        ([extent_of(0.01, 3, 2)], ["little_acquired", "few_pixels", "few_counts"]),
        ([extent_of(0.01, 3, 5000), USUAL, USUAL], []),
        ([extent_of(0.01, 3, 5000), extent_of(0.01, 3, 5000), USUAL], ["little_acquired", "few_pixels"]),
    ],
)
def test_a_dataset_is_assessed_by_all_its_images(extents: list[ImageExtent], expected: list[Assessment]) -> None:
    assert assess(extents, count(on=len(extents))) == expected


@pytest.mark.parametrize(
    ("counts", "area", "expected"),
    [
        ({"on": 9, "off": 1, "uncertain": 5, "no_signal": 9}, "present", []),
        ({"on": 9}, "absent", ["no_background"]),
        ({"on": 9}, "unclear", ["unclear_background"]),
        ({"on": 9, "off": 1, "uncertain": 6}, None, ["mostly_uncertain"]),
        ({"on": 5, "no_signal": 6}, None, ["mostly_no_signal"]),
        ({"unreadable": 3}, None, ["mostly_unreadable"]),
        ({}, None, []),
    ],
)
def test_a_dataset_is_assessed_by_its_labels_and_background(
    counts: dict[str, int], area: str | None, expected: list[Assessment]
) -> None:
    found = count(**counts)
    assert assess([USUAL] * found.classified, found, area) == expected


def test_scaling_an_image_changes_its_intensities_only() -> None:
    image = make_random_ion_image(0)
    scaled = make_ion_image(image.intensities * 8, image.acquisition_mask)
    one, other = measure_extent(image), measure_extent(scaled)
    assert (one.acquired_share, one.acquired_pixels, one.counts) == pytest.approx(
        (other.acquired_share, other.acquired_pixels, other.counts)
    )
    assert other.total == pytest.approx(8 * one.total)


def test_the_most_frequent_share_is_found() -> None:
    assert find_acquired_share([USUAL, USUAL, extent_of(0.1, 5, 9)]) == 0.9
    assert find_acquired_share([]) is None


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Assessment.__args__)  # type: ignore[attr-defined]
