"""The start of a retraining: networks of a release, and the recipe that moves them a little."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from model_store.release import Release
from shared.errors import InvalidInputError
from training.fit.recipe import LABEL_ORDER, RECIPES, PresetName, Recipe

RETRAINING_RECIPE = RECIPES[PresetName.DEFAULT].model_copy(update={"learning_rate": 1e-4, "epochs": 4})
"""The default recipe at a tenth of its learning rate, so that the networks keep what they know."""


class StartRecord(BaseModel):
    """What a run was started from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    sha256: tuple[str, ...]
    """Of the files of its image members: a run is resumed only from the same networks."""

    fitted_on: tuple[str, ...] | None = None
    """Acquisitions that the release was fitted on; None = not recorded."""


@dataclass(frozen=True)
class Start:
    """The image members of a release, from which the networks of a run start in turn."""

    record: StartRecord
    paths: tuple[Path, ...]


def start_from(release: Release, recipe: Recipe = RETRAINING_RECIPE) -> Start:
    """The members of a plain release; of one of kind `area` or `context` those that see one image alone.

    Raises
    ------
    InvalidInputError
        When the release has no such members, or they see other channels than the recipe's networks.
    """
    manifest = release.manifest
    members = manifest.members[: manifest.image_members]
    channels = manifest.input.channels[: len(recipe.channels)]
    if not members or channels != recipe.channels or manifest.label_order != LABEL_ORDER:
        raise InvalidInputError(
            f"expected a release whose networks see {', '.join(recipe.channels)} of one image, got {manifest.version}"
            f" with {len(members)} such networks and {', '.join(manifest.input.channels)}"
        )
    record = StartRecord(
        release=manifest.version,
        sha256=tuple(member.sha256 for member in members),
        fitted_on=manifest.provenance.fitted_on,
    )
    return Start(record, tuple(release.folder / member.name for member in members))
