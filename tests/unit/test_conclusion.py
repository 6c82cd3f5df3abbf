"""The sentence with which every dataset begins."""

import pytest
from counting import count

from worker.classification.conclusion import conclude
from worker.messages.results import Counts


@pytest.mark.parametrize(
    ("counts", "area", "sentence"),
    [
        (count(off=1, on=1199), None, "1 of 1,200 ion images is off-sample"),
        (count(off=3, on=5, uncertain=1), None, "3 of 8 ion images are off-sample; 1 label is uncertain"),
        (
            count(off=0, on=1, no_signal=2, unreadable=1),
            None,
            "0 of 1 ion image are off-sample; 2 further images show no signal and 1 further image could not be read",
        ),
        (count(no_signal=2), None, "none of 2 ion images could be classified: 2 images show no signal"),
        (count(), None, "the dataset has no ion images"),
        (
            count(off=2, on=2),
            "present",
            "2 of 4 ion images are off-sample; background was measured beside the sample",
        ),
        (count(off=2, on=2), "absent", "2 of 4 ion images are off-sample"),
    ],
)
def test_the_conclusion_is_a_plain_sentence(counts: Counts, area: str | None, sentence: str) -> None:
    assert conclude(counts, area) == sentence
