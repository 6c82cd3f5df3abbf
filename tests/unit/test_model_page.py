"""The figures in docs/model.md and docs/questions.md are those of the default release."""

import re
from pathlib import Path

import pytest

from model_store.manifest import AreaParts
from model_store.release import Release, open_release

DOCS = Path(__file__).parents[2] / "docs"


def read_page(name: str) -> str:
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def default() -> Release:
    return open_release()


@pytest.fixture(scope="module")
def area(default: Release) -> AreaParts:
    assert default.manifest.area is not None
    return default.manifest.area


@pytest.fixture(scope="module")
def card(default: Release) -> str:
    return (default.folder / default.manifest.model_card.name).read_text(encoding="utf-8")


def test_the_page_is_about_the_default_release_and_its_bounds(default: Release, area: AreaParts) -> None:
    page = read_page("model.md")
    assert f"release {default.version}, the default" in page
    assert f"| present | {area.decision.present_from:g} or more |" in page
    assert f"| absent | {area.decision.absent_up_to:g} or less |" in page
    band = default.manifest.uncertain_band
    assert band is not None
    threshold = f"from the threshold of {default.manifest.threshold:g}. Between {band[0]:g} and {band[1]:g} it is"
    assert threshold in read_page("probability.md")


def test_the_means_over_series_are_those_of_the_card(card: str) -> None:
    page, questions = read_page("model.md"), read_page("questions.md")
    means = {
        ions: (own, own_95, plain, plain_95)
        for ions, own, own_95, plain, plain_95 in re.findall(
            r"^- (\S+) ions?: (\S+) \((.+?)\) correct, plain (\S+) \((.+?)\);", card, re.MULTILINE
        )
    }
    own, own_95, plain, plain_95 = means["all"]
    assert f"{own} % of the labels are right ({own_95}, if other series had been drawn)" in page
    assert f"{plain} % with images classified one by one ({plain_95})" in page
    for ions in ("30", "10", "3", "1"):
        assert f"{means[ions][0]} %" in page
        assert f"{means[ions][0]} %" in questions
    assert f"({means['3'][2]} and {means['1'][2]} %)" in page


def test_the_counts_inside_a_brain_and_of_the_aorta_are_those_of_the_release(area: AreaParts) -> None:
    page = read_page("model.md")
    inside = [row for row in area.held_out if row.ions is None and row.series == "mouse_brain_interior"]
    own, plain, ions = (sum(getattr(row, name) for row in inside) for name in ("false_off", "plain_false_off", "on"))
    assert own == 0
    assert f"{plain} of {ions} images of three acquisitions from inside a mouse brain" in page
    (drawn,) = [row for row in inside if row.acquisition == "mouse_brain_interior_3"]
    assert f"{drawn.plain_false_off} of {drawn.on} are predicted off-sample" in page
    aorta = {row.ions: row for row in area.held_out if row.acquisition == "mouse_aorta_proteins"}
    assert aorta[None].verdicts == (0, 0, 1)
    assert f"({aorta[None].probability:.2f})" in page
    absent, drawn = aorta[10].verdicts[1], sum(aorta[10].verdicts)
    assert f"*absent* in {absent} of {drawn} draws" in page


def test_the_shares_of_the_benchmark_are_those_of_the_card(default: Release, card: str) -> None:
    page = read_page("model.md")
    benchmark = default.manifest.benchmark
    assert benchmark is not None
    assert f"against {benchmark.correct / benchmark.images:.0%} of all".replace("%", " %") in page
    for aspect in ("nearly empty", "weakly suppressed", "patches"):
        found = re.search(rf"^\| {aspect} \| (\d+) of (\d+) \|", card, re.MULTILINE)
        assert found is not None
        assert f"{int(found[1]) / int(found[2]):.0%}".replace("%", " %") in page
