"""Install a release: every file is compared with the manifest, and the manifest with a checksum if one is known."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from model_store.installation import install_release
from model_store.manifest import Manifest, ReleaseFile
from model_store.release import MANIFEST_NAME, Release, sha256_of, verify_release
from shared.errors import ReleaseError
from shared.limits import MEBIBYTE
from shared.validation import describe_validation_error
from worker.installation.release_source import ReleaseSource

_MOST_MANIFEST_BYTES = 16 * MEBIBYTE


@dataclass(frozen=True)
class Installed:
    """A release that is installed now."""

    release: Release
    manifest_sha256: str
    is_new: bool
    """False when the same release was installed before, and nothing was done."""


def install_from(
    source: ReleaseSource,
    root: Path,
    *,
    expected_sha256: str | None = None,
    on_progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Installed:
    """Read a release and add it to `root`, completely and verified, or not at all.

    Parameters
    ----------
    expected_sha256
        Of the manifest, which has the hashes of all other files; None = the source is trusted.
    on_progress
        Called with the name of a file that is read next, its number and the number of files.

    Raises
    ------
    ReleaseError
        When manifest or files are not what they should be, or another release of this version is installed.
    InvalidInputError, TransientError
        As the source raises them.
    """
    content = source.read(MANIFEST_NAME, _MOST_MANIFEST_BYTES)
    found_sha256 = sha256(content).hexdigest()
    if expected_sha256 is not None and found_sha256 != expected_sha256.lower():
        raise ReleaseError(f"{MANIFEST_NAME} has sha256 {found_sha256}; expected {expected_sha256}")
    manifest = _parse(content)
    folder = root / manifest.version
    if folder.exists():
        return Installed(_require_same(folder, found_sha256), found_sha256, is_new=False)
    with install_release(manifest.version, root) as scratch:
        for number, file in enumerate(manifest.files):
            on_progress(file.name, number, len(manifest.files))
            (scratch / file.name).write_bytes(_read(source, file))
        (scratch / MANIFEST_NAME).write_bytes(content)
    return Installed(verify_release(folder), found_sha256, is_new=True)


def _parse(content: bytes) -> Manifest:
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ReleaseError(
            f"{MANIFEST_NAME} is not a valid release manifest: {describe_validation_error(error)}"
        ) from error


def _read(source: ReleaseSource, file: ReleaseFile) -> bytes:
    content = source.read(file.name)
    found = sha256(content).hexdigest()
    if found != file.sha256:
        raise ReleaseError(f"{file.name} has sha256 {found[:12]}… and the manifest says {file.sha256[:12]}…")
    return content


def _require_same(folder: Path, manifest_sha256: str) -> Release:
    """The release that is installed already, if it is the same one and intact."""
    release = verify_release(folder)
    if sha256_of(folder / MANIFEST_NAME) != manifest_sha256:
        raise ReleaseError(f"another release {release.version} is installed in {folder}; expected a new version")
    return release
