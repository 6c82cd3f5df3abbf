"""Options and preparation that fitting and cross-validating on labels share."""
# ruff: noqa: PLC0415 - Keras takes seconds, and --help none

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import InvalidInputError
from shared.progress import ProgressCallback, ignore_progress
from training.fit.recipe import RECIPES, PresetName, Recipe

if TYPE_CHECKING:
    from training.fit.mixing import Retraining
    from training.fit.start import Start

FROM_SCRATCH_IMAGES, RETRAINING_IMAGES = 20_000, 1_000
"""Semi-synthetic images that are mixed in: as many as made the release, or enough to remind its networks of them."""

FromRelease = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="RELEASE",
        help="Start from the networks of this release (of any kind: its image members) instead of new ones.",
    ),
]

WithSynthetic = Annotated[
    bool,
    typer.Option(
        "--with-synthetic",
        help=f"Mix semi-synthetic images with yours: --images of them ({FROM_SCRATCH_IMAGES:,}, or with --from"
        f" {RETRAINING_IMAGES:,} when left out).",
    ),
]


@dataclass(frozen=True)
class RetrainingPlan:
    """How labelled images are fitted on: the recipe, its start and its companions."""

    recipe: Recipe
    start: "Start | None"
    synthetic_images: int

    def prepare(self, mixture: str, seed: int, on_progress: ProgressCallback = ignore_progress) -> "Retraining":
        """Draw the companions."""
        from training.fit.mixing import Retraining, draw_companions

        companions = None
        if self.synthetic_images:
            companions = draw_companions(self.synthetic_images, mixture, seed, on_progress)
        return Retraining(() if self.start is None else self.start.paths, companions)


def plan_retraining(
    preset: PresetName,
    release: str | None,
    releases_root: Path | None,
    *,
    with_synthetic: bool,
    images: int | None,
    epochs: int | None,
) -> RetrainingPlan:
    """Check the options against each other, and open the release.

    Raises
    ------
    InvalidInputError
        When `images` is given without `with_synthetic`, or a preset that cannot be combined with the others.
    """
    from model_store.release import RELEASES_ROOT, open_release
    from training.fit.start import RETRAINING_RECIPE, start_from

    if images is not None and not with_synthetic:
        raise InvalidInputError("expected --with-synthetic beside --images: it counts semi-synthetic images")
    if preset is not PresetName.DEFAULT and (release is not None or with_synthetic):
        raise InvalidInputError(f"expected the preset default with --from or --with-synthetic, got {preset}")
    recipe = RECIPES[preset] if release is None else RETRAINING_RECIPE
    if epochs is not None:
        recipe = recipe.model_copy(update={"epochs": epochs})
    start = None if release is None else start_from(open_release(release, releases_root or RELEASES_ROOT), recipe)
    default_images = FROM_SCRATCH_IMAGES if release is None else RETRAINING_IMAGES
    return RetrainingPlan(recipe, start, (images or default_images) if with_synthetic else 0)
