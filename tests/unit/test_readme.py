"""What the README says of the release is what its manifest says."""

from pathlib import Path

from model_store.release import open_release

README = Path(__file__).parents[2] / "README.md"


def test_every_figure_of_the_release_stands_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    release = open_release()
    assert f"release {release.version}" in text
    for figures in release.manifest.figures:
        low, high = figures.wilson_95
        auc = "-" if figures.auc is None else f"{figures.auc:.3f}"
        assert f"| {figures.right} of {figures.images} | {low:.3f}-{high:.3f} | {auc} |" in text


def test_the_benchmark_of_the_release_stands_in_the_readme() -> None:
    benchmark = open_release().manifest.benchmark
    assert benchmark is not None
    text = " ".join(README.read_text(encoding="utf-8").split())
    for figure in (benchmark.f1, benchmark.auc, benchmark.rule_f1, benchmark.rule_auc):
        assert f"{figure:.3f}" in text
