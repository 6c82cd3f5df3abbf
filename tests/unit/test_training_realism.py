"""Statistics of datasets with known properties."""

from pathlib import Path

import numpy as np
import pytest

from shared.ion_image import IonImage, make_ion_image
from training.realism.comparison import DatasetGroup, MeasuredDataset, compare_groups
from training.realism.figure import write_comparison
from training.realism.statistics import measure_dataset, measure_depth


def make_dataset(seed: int, *, alike: bool, ions: int = 6) -> list[IonImage]:
    rng = np.random.default_rng(seed)
    shared = rng.random((40, 30))
    return [make_ion_image(shared * (number + 1) if alike else rng.random((40, 30))) for number in range(ions)]


def test_ion_images_that_differ_only_in_scale_have_rank_1() -> None:
    found = measure_dataset("alike", make_dataset(0, alike=True))
    assert found.rank_1 == pytest.approx(1)
    assert found.correlation == pytest.approx(1)


def test_noise_is_uncorrelated() -> None:
    found = measure_dataset("noise", make_dataset(0, alike=False))
    assert found.rank_1 < 0.3
    assert abs(found.correlation) < 0.1
    assert found.border == pytest.approx(1, abs=0.1)


def test_zeros_and_border_are_measured_over_acquired_pixels() -> None:
    acquired = np.ones((50, 50), dtype=np.bool_)
    acquired[:, 40:] = False
    rim = np.zeros((50, 50))
    rim[:4] = rim[-4:] = rim[:, :4] = rim[:, 36:40] = 1.0
    found = measure_dataset("rim", [make_ion_image(rim, acquired), make_ion_image(rim, acquired)])
    assert found.zeros == pytest.approx(1 - rim[acquired].mean())
    assert found.border > 100
    assert found.profile[0] > found.profile[3]
    assert (found.acquired, found.side_px) == (pytest.approx(0.8), 50)


def test_missing_lines_do_not_count_as_border() -> None:
    acquired = np.ones((40, 40), dtype=np.bool_)
    acquired[20] = False
    assert measure_depth(acquired)[19, 20] > 0.4


def test_groups_are_compared_by_area_and_drawn_side_by_side(tmp_path: Path) -> None:
    def group(name: str, *, alike: bool) -> DatasetGroup:
        datasets = [make_dataset(seed, alike=alike) for seed in range(6)]
        return DatasetGroup(
            name,
            tuple(
                MeasuredDataset(measure_dataset(f"{name} {number}", one), number % 2 == 0, tuple(one))
                for number, one in enumerate(datasets)
            ),
        )

    real, synthetic = group("real", alike=True), group("made", alike=False)
    found = {(one.statistic, one.area): one for one in compare_groups(real, synthetic)}
    assert found["correlation", "all"].distance == 1
    assert found["side_px", "all"].distance == 0
    assert found["rank_1", "present"].real_datasets == 3
    write_comparison((real, synthetic), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
