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
        assert f"| {figures.right} of {figures.images} | {low:.3f}-{high:.3f} | {figures.auc:.3f} |" in text
