"""Two releases on the same ion images: what is counted, and what the picture shows."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import make_random_ion_image
from PIL import Image
from report_making import classified

from shared.errors import InvalidInputError
from worker.classification.classification import Classification
from worker.classification.release_comparison import ReleaseComparison, compare_classifications
from worker.cli.outputs.comparison_picture import MOST_TILES, draw_comparison, list_drawn
from worker.messages.results import ResultRow

_UNREADABLE = ResultRow(annotation_id="broken", status="unreadable", reason="PNG is truncated")
RED, BLUE = (214, 40, 40), (33, 113, 181)


def compare(first: dict[str, float], second: dict[str, float]) -> ReleaseComparison:
    """With one further image that neither could read."""
    found = [
        Classification([*(classified(name, probability) for name, probability in one.items()), _UNREADABLE], Counter())
        for one in (first, second)
    ]
    return compare_classifications("bladder", ("1.0", "2.0"), (found[0], found[1]))


def test_differences_are_counted_and_sorted() -> None:
    found = compare({"a": 0.1, "b": 0.4, "c": 0.9}, {"a": 0.2, "b": 0.8, "c": 0.9})
    assert [ion.annotation_id for ion in found.ions] == ["b", "a", "c"]
    assert (found.compared, found.other_label) == (3, 1)
    assert found.mean_difference == pytest.approx(0.5 / 3)
    assert found.rank_correlation == pytest.approx(1)
    assert (found.first.off, found.second.off, found.second.classified) == (1, 2, 3)


def test_releases_that_give_all_images_the_same_have_no_correlation() -> None:
    assert compare({"a": 0.1, "b": 0.1}, {"a": 0.2, "b": 0.3}).rank_correlation is None


def test_nothing_to_compare_is_no_error(tmp_path: Path) -> None:
    found = compare({}, {})
    assert (found.compared, found.mean_difference, found.ions) == (0, None, [])
    draw_comparison(found, {}, {}, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 0


@pytest.mark.parametrize(("second", "colour"), [(0.4, BLUE), (0.6, RED)])
def test_the_picture_marks_another_label(tmp_path: Path, second: float, colour: tuple[int, int, int]) -> None:
    found = compare({"a": 0.3}, {"a": second})
    draw_comparison(found, {"a": make_random_ion_image(0)}, {}, tmp_path / "found.png")
    with Image.open(tmp_path / "found.png") as picture:
        colours = set(map(tuple, np.asarray(picture).reshape(-1, 3).tolist()))
    assert colour in colours
    assert not {RED, BLUE} - {colour} & colours


def test_only_the_most_different_images_are_drawn() -> None:
    first = {f"ion-{number}": 0.0 for number in range(20)}
    second = {name: number / 40 for number, name in enumerate(first)}
    drawn = list_drawn(compare(first, second))
    assert list(drawn) == [f"ion-{number}" for number in range(19, 19 - MOST_TILES, -1)]


def test_a_picture_that_cannot_be_written_is_invalid_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError):
        draw_comparison(compare({}, {}), {}, {}, tmp_path / "file" / "found.png")
