"""What an occlusion map says about real ion images and the shipped release."""

import csv

import numpy as np
import pytest

from model_store.predictors.predictor import Predictor
from shared.ion_image import make_ion_image
from shared.limits import Limits
from shared.png.image import decode_png
from shared.preprocessing import preprocess
from worker.classification.occlusion import find_occlusion
from worker.cli.demo import DEMO_DATASET
from worker.messages.results import ResultRow
from worker.report.explanations import MOST_EXPLAINED, NEAREST, choose_explained


@pytest.mark.parametrize(("label", "sign"), [("off", 1), ("on", -1)])
def test_most_of_a_clear_image_speaks_for_its_label(predictor: Predictor, label: str, sign: int) -> None:
    with (DEMO_DATASET / "labels.csv").open(encoding="utf-8", newline="") as stream:
        name = next(row["annotation_id"] for row in csv.DictReader(stream) if row["label"] == label)
    image = decode_png((DEMO_DATASET / "ion_images" / f"{name}.png").read_bytes(), Limits())
    found = find_occlusion(preprocess([image])[0], predictor.predict)
    assert found.shape == (14, 14)
    assert (sign * found).sum() > 0


def test_what_was_not_acquired_says_nothing(predictor: Predictor) -> None:
    acquired = np.ones((56, 56), dtype=bool)
    acquired[:, 28:] = False
    image = make_ion_image(np.random.default_rng(0).exponential(size=(56, 56)), acquired)
    found = find_occlusion(preprocess([image])[0], predictor.predict)
    assert np.abs(found[:, 10:]).max() < 0.05 * np.abs(found).max()


def test_the_labels_most_in_doubt_are_explained() -> None:
    def make(name: str, probability: float) -> ResultRow:
        return ResultRow(
            annotation_id=name,
            status="classified",
            label="off",
            off_sample_probability=probability,
            uncertain=abs(probability - 0.5) < 0.2,
        )

    few = [make(f"sure {number}", 0.99 - number / 1000) for number in range(30)]
    assert choose_explained([make("doubtful", 0.6), *few], 0.5)[:2] == ["doubtful", "sure 29"]
    assert len(choose_explained([make("doubtful", 0.6), *few], 0.5)) == NEAREST
    many = [make(f"{number}", 0.5 + number / 10_000) for number in range(500)]
    assert choose_explained(many, 0.5) == [f"{number}" for number in range(MOST_EXPLAINED)]
    assert choose_explained([ResultRow(annotation_id="silent", status="no_signal")], 0.5) == []
