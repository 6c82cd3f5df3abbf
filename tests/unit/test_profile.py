"""The profile of a dataset counts what it says, and only classified ion images."""

from collections import Counter

import numpy as np
import pytest
from report_making import classified

from model_store.profile import DatasetProfile, make_profile, measure_zero_share
from shared.ion_image import make_ion_image
from worker.classification.assessment import measure_extent
from worker.classification.classification import Classification
from worker.messages.results import ResultRow


def test_the_profile_is_of_all_values() -> None:
    probabilities = [number / 100 for number in range(1, 101)]
    assert make_profile(probabilities, [0.01] * 50 + [0.03] * 50, [0.5] * 99 + [1.0], threshold=0.9) == DatasetProfile(
        images=100, probability_quantiles=(0.05, 0.25, 0.5, 0.75, 0.95), spread=0.02, zero_share=0.505, off_share=0.11
    )


def test_a_single_image_has_a_profile_and_none_has_none() -> None:
    found = make_profile([0.3], [0.1], [0.2], threshold=0.5)
    assert found is not None
    assert (found.images, found.probability_quantiles, found.off_share) == (1, (0.3,) * 5, 0)
    assert make_profile([], [], [], threshold=0.5) is None


def test_zeros_are_counted_among_acquired_pixels() -> None:
    mask = np.zeros((4, 5), bool)
    mask[0] = True
    intensities = np.zeros((4, 5))
    intensities[0, :2] = 1
    assert measure_zero_share(make_ion_image(intensities, mask)) == pytest.approx(0.6)


def test_images_without_a_prediction_are_left_out() -> None:
    images = {name: make_ion_image(np.eye(size)) for name, size in (("a", 2), ("b", 4), ("c", 5))}
    rows = [
        classified("a", 0.9),
        classified("b", 0.1),
        ResultRow(annotation_id="c", status="unreadable", reason="expected 2 x 2 px"),
        ResultRow(annotation_id="d", status="no_signal", reason="empty"),
    ]
    extents = {name: measure_extent(image) for name, image in images.items()}
    found = Classification(rows, Counter(), extents=extents).profile
    assert found == DatasetProfile(
        images=2, probability_quantiles=(0.1, 0.1, 0.1, 0.9, 0.9), spread=0.01, zero_share=0.625, off_share=0.5
    )
