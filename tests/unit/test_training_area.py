"""Examples, folds, calibration and gate of area networks; without a network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_store.area.reading import AreaReading, DatasetArea
from shared.errors import InvalidInputError, ReleaseError
from training.acquisitions.acquisition import AreaTruth
from training.acquisitions.folds import leave_one_out
from training.acquisitions.series import list_acquisitions
from training.area.batches import BatchSource
from training.area.calibration import calibrate, weigh
from training.area.example import AreaExample, read_examples, write_examples
from training.area.gate import require_better_held_out
from training.area.held_out_reading import HeldOutReading
from training.area.held_out_scores import HeldOutScores
from training.area.run import NetworkTask, keep_examples, list_tasks
from training.area.seed_spread import FitScores, describe_fits
from training.area.settings import AreaSettings


def make_example(origin: str, *, ions: int = 3, real: bool = True, has_area: bool = True) -> AreaExample:
    rng = np.random.default_rng(len(origin))
    images = rng.integers(0, 256, (ions, 56, 56), dtype=np.uint8)
    planes = np.full((3, 56, 56), 255, dtype=np.uint8)
    planes[1, :, 28:] = 0
    labels = np.asarray([row % 2 for row in range(ions)], dtype=np.int8) * has_area
    return AreaExample(origin, real, has_area, images, planes, labels)


def test_examples_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = [make_example("one"), make_example("other", ions=5, real=False, has_area=False)]
    write_examples(written, tmp_path / "examples.npz")
    for one, other in zip(read_examples(tmp_path / "examples.npz"), written, strict=True):
        assert (one.origin, one.real, one.has_area) == (other.origin, other.real, other.has_area)
        for name in ("images", "planes", "labels"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("folds", [2, 5, 14])
def test_no_acquisition_series_or_texture_is_fitted_on_and_held_out(folds: int) -> None:
    settings = AreaSettings(folds=folds)
    series = {one.name: one.series for one in list_acquisitions()}
    pool = [make_example(name, real=real) for name in series for real in (True, False)]
    for number, fold in enumerate(leave_one_out(folds=folds)):
        kept = keep_examples(settings, NetworkTask(number, 1), pool)
        assert kept
        assert not {series[one.origin] for one in kept} & set(fold.held_out_series)
    assert keep_examples(settings, NetworkTask(None, 1), pool) == pool


def test_a_run_has_networks_for_each_fold_and_members() -> None:
    tasks = list_tasks(AreaSettings(folds=3, fold_members=2, members=5))
    assert len({one.name for one in tasks}) == len(tasks) == 11
    assert [one.fold for one in tasks[:3]] == [0, 1, 2]


def test_a_batch_has_as_many_ions_as_wanted_and_counts_only_what_is_labelled() -> None:
    settings = AreaSettings(ions=24, datasets=8, window_share=0.5)
    pool = [
        make_example(name, real=real, has_area=has) for name in "ab" for real in (True, False) for has in (True, False)
    ]
    found = BatchSource(pool, [one.origin for one in pool], settings).draw(np.random.default_rng(3))
    assert found.inputs["pixels"].shape == (24, 56, 56, 3)
    assert found.inputs["dataset"].max() <= 7
    filling = found.inputs["dataset"] == 7
    assert (found.weights["off"][filling] == 0).all()
    assert (found.weights["area"][7], found.weights["sample_mask"][7].max()) == (0, 0)
    without_area = found.targets["area"][found.inputs["dataset"], 0] == 0
    assert (found.weights["conditional"][without_area] == 0).all()
    assert found.weights["off"].mean() == pytest.approx(1)


def test_the_same_seed_draws_the_same_batch() -> None:
    pool = [make_example("a"), make_example("b", real=False)]
    one, other = (
        BatchSource(pool, ["a", "b"], AreaSettings(ions=8, datasets=4)).draw(np.random.default_rng(5)) for _ in range(2)
    )
    np.testing.assert_array_equal(one.inputs["pixels"], other.inputs["pixels"])


def make_reading(
    name: str, truth: AreaTruth, logit: float, ions: int | None = None, series: str = ""
) -> HeldOutReading:
    labels = np.asarray([1, 0]) if truth == "present" else np.asarray([0, 0])
    return HeldOutReading(name, series or name, truth, ions, np.arange(2), labels, make_area_reading(logit))


def make_area_reading(logit: float, context: float = 0.0) -> AreaReading:
    return AreaReading(
        2,
        np.asarray([logit - 1, logit + 1], dtype=np.float32),
        np.asarray([context, context], dtype=np.float32),
        np.asarray([[4, 4], [-4, -4]], dtype=np.float32),
        np.ones((28, 28), dtype=np.float32),
        DatasetArea(np.ones((56, 56, 2), dtype=np.float32), []),
    )


def test_separated_acquisitions_give_a_narrow_unclear_band() -> None:
    readings = [make_reading(f"p{row}", "present", 3.0) for row in range(4)]
    readings += [make_reading(f"a{row}", "absent", -3.0) for row in range(4)]
    found = calibrate(readings)
    verdicts = [found.judge(found.find_probability(make_area_reading(logit))) for logit in (3, -3, 0)]
    assert (verdicts, found.temperature) == (["present", "absent", "unclear"], 1.0)
    assert (found.absent_up_to, found.present_from) == (0.2, 0.8)


def test_a_context_that_tells_acquisitions_apart_decides() -> None:
    readings = [
        replace(make_reading(f"{truth}{row}", truth, 0.0), reading=make_area_reading(0.0, context))
        for truth, context in (("present", 2.0), ("absent", -2.0))
        for row in range(4)
    ]
    found = calibrate(readings)
    assert found.context_slope > found.slope
    verdicts = [found.judge(found.find_probability(make_area_reading(0.0, context))) for context in (2, -2, 0)]
    assert verdicts == ["present", "absent", "unclear"]


def test_contradicting_acquisitions_make_the_verdict_unclear() -> None:
    readings = [make_reading(f"p{row}", "present", (-1.0) ** row) for row in range(4)]
    readings += [make_reading(f"a{row}", "absent", (-1.0) ** row) for row in range(4)]
    found = calibrate(readings)
    assert {found.judge(found.find_probability(make_area_reading(value))) for value in (-1, 1)} == {"unclear"}


def test_every_series_weighs_the_same_whatever_its_size() -> None:
    readings = [make_reading(f"p{row}", "present", 1.0, series="large") for row in range(8)]
    readings += [make_reading("single", "present", 1.0), make_reading("other", "absent", 1.0)]
    found = weigh(readings)
    assert found[:8].sum() == pytest.approx(found[8])
    assert found[:9].sum() == pytest.approx(found[9])


def test_one_kind_of_acquisitions_cannot_calibrate() -> None:
    with pytest.raises(InvalidInputError, match="without"):
        calibrate([make_reading("p", "present", 1.0), make_reading("u", "unknown", 0.0)])


def make_scores(
    name: str, truth: AreaTruth = "present", *, correct: int, plain: int, ions: int | None = None
) -> HeldOutScores:
    on = 10 if truth == "absent" else 5
    return HeldOutScores(
        name, name, truth, ions, 0.5, (1, 0, 0), 10, correct, plain, on, 10 - correct, 10 - plain, None, None, False
    )


SAMPLE_ONLY = make_scores("inside", "absent", correct=10, plain=6)


def test_a_release_may_lose_one_ion_of_an_acquisition_to_its_plain_release() -> None:
    assert require_better_held_out("v", [SAMPLE_ONLY, make_scores("a", correct=9, plain=10)], []) == ()


def test_a_release_that_loses_two_ions_is_refused_unless_the_acquisition_is_named() -> None:
    scores = [SAMPLE_ONLY, make_scores("a", correct=8, plain=10)]
    with pytest.raises(ReleaseError, match="a \\(8 of 10"):
        require_better_held_out("v", scores, [])
    assert require_better_held_out("v", scores, ["a"]) == ("a",)


def test_few_ions_do_not_count_for_the_gate() -> None:
    assert require_better_held_out("v", [SAMPLE_ONLY, make_scores("a", correct=1, plain=10, ions=3)], []) == ()


def test_a_release_must_be_better_where_nothing_is_off_sample() -> None:
    with pytest.raises(ReleaseError, match="off-sample"):
        require_better_held_out("v", [make_scores("inside", "absent", correct=6, plain=6)], [])


def test_the_spread_over_seeds_is_stated_for_two_networks_or_more() -> None:
    fits = [FitScores(0.9, 3, 154, 1, 12), FitScores(0.94, 0, 154, 0, 12)]
    text = describe_fits(fits)
    for part in ("2 seeds", "92.0% correct", "2.8 points", "3, 0 of 154", "12 verdicts 1, 0 are wrong"):
        assert part in text, part
    assert describe_fits(fits[:1]) == ""
