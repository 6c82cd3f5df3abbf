"""The reference of a release: profiles of named datasets, which later ones are compared with.

A release states its reference in its manifest. Releases published before references were have theirs in a file beside
them, because their manifests do not change.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_store.profile import DatasetProfile
from shared.errors import ReleaseError
from shared.validation import describe_validation_error

FOLDER_NAME = "references"
"""Below the root of the releases; one file a release."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ReferenceDataset(_Part):
    """One dataset, and what the release found in it."""

    name: str
    profile: DatasetProfile


class Reference(_Part):
    """What a release found in datasets that were at hand when it was made."""

    release: str
    """Version."""
    networks_sha256: tuple[str, ...]
    """Of the files that predict (`Release.networks_sha256`): what other networks found is no reference."""
    data: str
    """Which datasets these are, for people."""
    datasets: Annotated[tuple[ReferenceDataset, ...], Field(min_length=1)]

    @property
    def profiles(self) -> list[DatasetProfile]:
        """One a dataset."""
        return [dataset.profile for dataset in self.datasets]


def reference_path(root: Path, version: str) -> Path:
    """Where the reference of a release below `root` is, if its manifest states none."""
    return root / FOLDER_NAME / f"{version}.json"


def read_reference(path: Path) -> Reference | None:
    """The reference in a file; None when there is no file.

    Raises
    ------
    ReleaseError
        When the file is damaged.
    """
    try:
        return Reference.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}); expected a reference") from error
    except ValidationError as error:
        raise ReleaseError(f"{path} is not a valid reference: {describe_validation_error(error)}") from error
