"""The reference of a release that was published without one, in a file beside it."""

from pathlib import Path

from model_store.reference import Reference, reference_path
from model_store.release import Release
from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from shared.progress import ProgressCallback, ignore_progress
from training.release.reference import ReferenceData, make_reference


def write_reference_file(
    release: Release, data: ReferenceData, on_progress: ProgressCallback = ignore_progress
) -> tuple[Path, Reference]:
    """Make the reference and write it; an earlier file is replaced.

    Raises
    ------
    InvalidInputError
        When the manifest of the release states a reference, or the datasets show nothing.
    """
    if release.states_reference:
        raise InvalidInputError(
            f"expected a release without a reference, but the manifest of {release.version} has one"
        )
    found = make_reference(release, data, on_progress)
    if found is None:
        raise InvalidInputError("expected datasets with signal for the reference, got none")
    path = reference_path(release.folder.parent, release.version)
    path.parent.mkdir(exist_ok=True)
    with write_whole(path) as partial:
        partial.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return path, found
