"""The frozen set, drawn from its description when needed."""

from dataclasses import dataclass

from shared.progress import ProgressCallback, ignore_progress
from training.cross_validation.folded_set import label_synthetic
from training.labelled.labelled_set import LabelledSet
from training.synthetic.mixture import load_benchmark
from training.synthetic.sources import load_sources, split_sources
from training.synthetic.synthetic_set import draw_set


@dataclass(frozen=True, eq=False)
class FrozenSet:
    """Images of held-out masks and texture sources."""

    labelled_set: LabelledSet
    groups: tuple[tuple[str, str], ...]
    """N pairs of sample mask and texture source; both are resampled independently for intervals."""

    description_digest: str
    """SHA-256 of benchmark.yaml's content."""

    images_digest: str
    """SHA-256 of the drawn images and labels; it changes when the generator's code does."""

    @property
    def identity(self) -> str:
        """Sentence that identifies the set in every report."""
        return (
            f"benchmark.yaml {self.description_digest[:16]}, images {self.images_digest[:16]}:"
            f" {len(self.labelled_set):,} semi-synthetic images, {int(self.labelled_set.off.sum()):,} of them off,"
            f" {len(set(self.groups))} pairs of sample mask and texture source held out of every fit"
        )


def draw_frozen_set(images: int | None = None, on_progress: ProgressCallback = ignore_progress) -> FrozenSet:
    """Draw the benchmark (half a minute on two cores), or only its first images, which are a different set."""
    benchmark = load_benchmark()
    _, held_out = split_sources(load_sources())
    drawn = draw_set(held_out, benchmark.mixture, images or benchmark.images, (benchmark.seed,), on_progress)
    labelled_set = label_synthetic(drawn, benchmark.mixture.name)
    return FrozenSet(labelled_set, drawn.groups, benchmark.digest, drawn.digest())
