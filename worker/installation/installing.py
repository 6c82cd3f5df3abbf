"""Install a release: every file is compared with the manifest, and the manifest with a checksum if one is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from model_store.installation import install_release
from model_store.manifest import Manifest, ReleaseFile
from model_store.release import MANIFEST_NAME, Release, sha256_of, verify_release
from model_store.signature import SIGNATURE_NAME
from shared.errors import AccessDeniedError, NotFoundError, ReleaseError, UntrustedReleaseError
from shared.limits import MEBIBYTE
from shared.progress import ProgressCallback, follow, ignore_progress
from shared.validation import describe_validation_error
from worker.installation.release_source import ReleaseSource

_MOST_MANIFEST_BYTES = 16 * MEBIBYTE
_MOST_SIGNATURE_BYTES = MEBIBYTE


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
    trusted_keys: Sequence[Path] = (),
    on_progress: ProgressCallback = ignore_progress,
) -> Installed:
    """Read a release and add it to `root`, completely and verified, or not at all.

    Parameters
    ----------
    expected_sha256
        Of the manifest, which has the hashes of all other files; None = the source is trusted.
    trusted_keys
        One of them must have signed the release; none = a signature is copied, but not required.
    on_progress
        Called with the numbers of files that are read, and of all.

    Raises
    ------
    ReleaseError
        When manifest or files are not what they should be, or another release of this version is installed.
    UntrustedReleaseError
        When there are trusted keys, and none of them signed it.
    InvalidInputError, TransientError
        As the source raises them.
    """
    content = source.read(MANIFEST_NAME, _MOST_MANIFEST_BYTES)
    found_sha256 = sha256(content).hexdigest()
    if expected_sha256 is not None and found_sha256 != expected_sha256.lower():
        raise ReleaseError(f"{MANIFEST_NAME} has sha256 {found_sha256}; expected {expected_sha256}")
    manifest = _parse(content)
    folder = root / manifest.version
    signature = _read_signature(source)
    if folder.exists():
        _require_same(folder, found_sha256)
        if signature is not None:
            _take_over(signature, folder, trusted_keys)
        return Installed(verify_release(folder, trusted_keys), found_sha256, is_new=False)
    with install_release(manifest.version, root, trusted_keys) as scratch:
        for file in follow(manifest.files, "files", len(manifest.files), on_progress):
            (scratch / file.name).write_bytes(_read(source, file))
        (scratch / MANIFEST_NAME).write_bytes(content)
        if signature is not None:
            (scratch / SIGNATURE_NAME).write_bytes(signature)
    return Installed(verify_release(folder, trusted_keys), found_sha256, is_new=True)


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


def _read_signature(source: ReleaseSource) -> bytes | None:
    try:
        return source.read(SIGNATURE_NAME, _MOST_SIGNATURE_BYTES)
    except (NotFoundError, AccessDeniedError):  # a bucket that may not be listed denies access to what it lacks
        return None


def _take_over(signature: bytes, folder: Path, trusted_keys: Sequence[Path]) -> None:
    """Replace the signature of an installed release, which is signed now, or with another key; not by a worse one."""
    path = folder / SIGNATURE_NAME
    before = path.read_bytes() if path.exists() else None
    _write_signature(path, signature)
    try:
        verify_release(folder, trusted_keys)
    except UntrustedReleaseError:
        path.unlink() if before is None else _write_signature(path, before)
        raise


def _write_signature(path: Path, signature: bytes) -> None:
    """Write it at once: a partial file in the folder of a release would be one that nobody signed."""
    with TemporaryDirectory(dir=path.parent.parent, prefix=".publishing-") as scratch:
        partial = Path(scratch) / path.name
        partial.write_bytes(signature)
        partial.replace(path)


def _require_same(folder: Path, manifest_sha256: str) -> None:
    """Check that the release which is installed already is the same one and intact."""
    release = verify_release(folder)
    if sha256_of(folder / MANIFEST_NAME) != manifest_sha256:
        raise ReleaseError(f"another release {release.version} is installed in {folder}; expected a new version")
