"""The figures in the README are those of the release's manifest."""

import re
from pathlib import Path

from model_store.area.decision import VERDICTS
from model_store.release import open_release
from training.release.evaluation_table import format_auc, format_interval

README = Path(__file__).parents[2] / "README.md"
TRAINING = README.parent / "docs" / "training.md"


def test_the_readme_has_every_figure_of_the_release() -> None:
    text = README.read_text(encoding="utf-8")
    release = open_release()
    assert f"release {release.version}" in text
    for figures in release.manifest.figures:
        intervals = f"{format_interval(figures.wilson_95)} | {format_interval(figures.acquisitions_95)}"
        assert f"| {figures.correct} of {figures.images} | {intervals} | {format_auc(figures.auc)} |" in text


def test_the_readme_tells_which_sets_were_fitted_on() -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if "**release " in line]
    assert ["**fitted on**" in row for row in rows] == [True, False, False, False, True, True]


def test_the_readme_has_the_uncertain_band() -> None:
    release = open_release()
    assert release.manifest.uncertain_band is not None
    low, high = release.manifest.uncertain_band
    assert f"uncertain band ({low:g} to {high:g} for {release.version})" in README.read_text(encoding="utf-8")


def test_the_figures_of_the_context_release_are_those_of_its_manifest() -> None:
    manifest = open_release("2026.11.3-context").manifest
    texts = [" ".join(path.read_text(encoding="utf-8").split()) for path in (README, TRAINING)]
    ours = {row.data_set: row for row in manifest.figures if row.predictor.startswith("release ")}
    for name in ("metaspace_predicted", "sample_only", "brain_interiors"):
        assert all(f"{ours[name].correct} of {ours[name].images}" in text for text in texts)
    for name in ("mouse_bladder", "metaspace_predicted", "metaspace_predicted_sure"):
        assert f"{ours[name].correct} of {ours[name].images}" in texts[1]
        assert f"{ours[name].auc:.3f}".lstrip("0") in texts[1]


def test_the_readme_has_every_labelled_held_out_acquisition() -> None:
    area = open_release().manifest.area
    assert area is not None
    whole = [row for row in area.held_out if row.ions is None and row.labelled]
    cells = [
        f"| {row.truth.replace('unknown', 'not known')} | {VERDICTS[row.verdicts.index(1)]} |"
        f" {row.correct} of {row.labelled} | {row.plain_correct} of {row.labelled} |"
        for row in whole
    ]
    lines = README.read_text(encoding="utf-8").splitlines()
    found = [line[line.index("|", 1) :] for line in lines if line.count("|") == 6 and " of " in line]
    assert sorted(found) == sorted(cells)


def test_the_means_over_series_are_those_of_the_card() -> None:
    release = open_release()
    card = (release.folder / release.manifest.model_card.name).read_text(encoding="utf-8")
    readme = " ".join(README.read_text(encoding="utf-8").split())
    for ions in ("all", "10"):
        line = re.search(
            rf"^- {ions} ions: (\S+) .*correct, plain (\S+) .*difference (\S+) \((\S+) to (\S+)\)", card, re.MULTILINE
        )
        assert line is not None
        own, plain, *difference = (value.removeprefix("+") for value in line.groups())
        assert "{} points ({} to {}".format(*difference) in readme
        if ions == "all":
            assert f"{own} % correct, plain {plain} %" in readme


def test_the_figures_of_the_area_release_are_those_of_its_manifest() -> None:
    manifest = open_release("2026.11.5").manifest
    text = " ".join(TRAINING.read_text(encoding="utf-8").split())
    assert manifest.area is not None
    whole = [row for row in manifest.area.held_out if row.ions is None]
    interiors = [row for row in whole if row.series == "mouse_brain_interior"]
    others = [row for row in whole if row.truth == "absent" and row not in interiors]
    for rows in (interiors, others):
        own, plain, on = (sum(getattr(row, name) for row in rows) for name in ("false_off", "plain_false_off", "on"))
        assert f"{own} of {on}" in text
        assert f"plain {plain})" in text or f"the plain release {plain})" in text
    (aorta,) = [row for row in whole if row.acquisition == "mouse_aorta_proteins"]
    assert aorta.verdicts == (0, 0, 1)
    ours = {row.data_set: row for row in manifest.figures if row.predictor.startswith("release ")}
    for name in ("metaspace_predicted", "metaspace_predicted_sure"):
        assert f"{ours[name].correct} of {ours[name].images} (plain" in text


def test_the_readme_has_the_benchmark_of_the_release() -> None:
    benchmark = open_release().manifest.benchmark
    assert benchmark is not None
    text = " ".join(README.read_text(encoding="utf-8").split())
    for figure in (benchmark.f1, benchmark.auc, benchmark.rule_f1, benchmark.rule_auc):
        assert f"{figure:.3f}" in text
    for interval in (benchmark.f1_95, benchmark.rule_f1_95):
        assert f"({format_interval(interval)})" in text
