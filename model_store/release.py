"""Find a published release and verify all its files before it is used."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from model_store.context.blend import Blend
from model_store.manifest import VERSION_PATTERN, Manifest
from model_store.reference import Reference, read_reference, reference_path
from model_store.signature import verify_signature
from shared.errors import InvalidInputError, ReleaseError, UnknownReleaseError
from shared.files.whole_file import write_whole
from shared.preprocessing import PREPROCESSING_VERSION
from shared.validation import describe_validation_error

RELEASES_ROOT = Path(__file__).parent / "releases"
MANIFEST_NAME = "manifest.json"
_DEFAULT_NAME = "DEFAULT"


@dataclass(frozen=True)
class Release:
    """A verified release: its folder and manifest."""

    folder: Path
    manifest: Manifest
    blend: Blend | None = None
    """Weights of the networks; None = their mean is used."""

    @property
    def version(self) -> str:
        """The name that every result carries."""
        return self.manifest.version

    @property
    def member_paths(self) -> list[Path]:
        """The members' `.keras` files, in ensemble order."""
        return [self.folder / member.name for member in self.manifest.members]

    @property
    def area_member_paths(self) -> list[Path]:
        """The area networks' `.keras` files; none but in a release of kind `area`."""
        area = self.manifest.area
        return [] if area is None else [self.folder / member.name for member in area.members]

    @property
    def area_graph_paths(self) -> dict[str, Path]:
        """The area networks' `.onnx` files by the name of the graph."""
        area = self.manifest.area
        return {} if area is None else {name: self.folder / file.name for name, file in area.graphs.items()}

    @property
    def networks_sha256(self) -> tuple[str, ...]:
        """Hashes of the files that determine the predictions of ONNX Runtime."""
        manifest = self.manifest
        graphs = () if manifest.area is None else tuple(manifest.area.graphs.values())
        blend = () if manifest.blend is None else (manifest.blend,)
        return tuple(file.sha256 for file in (manifest.ensemble_onnx, *graphs, *blend))

    @property
    def states_reference(self) -> bool:
        """Whether the manifest has the reference of these very networks."""
        return self._is_own(self.manifest.reference)

    def find_reference(self) -> Reference | None:
        """The reference, from the manifest or from the file beside the release; None when it has none.

        Raises
        ------
        ReleaseError
            When the file is damaged or is of other networks.
        """
        if self.states_reference:
            return self.manifest.reference
        path = reference_path(self.folder.parent, self.version)
        found = read_reference(path)
        if found is not None and not self._is_own(found):
            raise ReleaseError(f"{path} is of release {found.release}, or of other networks than {self.version}")
        return found

    def _is_own(self, reference: Reference | None) -> bool:
        return reference is not None and reference.networks_sha256 == self.networks_sha256

    @property
    def onnx_path(self) -> Path:
        """All members as one ONNX graph."""
        return self.folder / self.manifest.ensemble_onnx.name


def default_version(root: Path = RELEASES_ROOT) -> str:
    """The version that the file `DEFAULT` names."""
    try:
        return (root / _DEFAULT_NAME).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{root / _DEFAULT_NAME} cannot be read; expected a file naming a release") from error


def has_default(root: Path = RELEASES_ROOT) -> bool:
    """Whether a release under `root` is the default."""
    return (root / _DEFAULT_NAME).exists()


def write_default(version: str, root: Path = RELEASES_ROOT) -> None:
    """Make an installed release the default, atomically."""
    with write_whole(root / _DEFAULT_NAME) as partial:
        partial.write_text(version + "\n", encoding="ascii")


def installed_versions(root: Path = RELEASES_ROOT) -> list[str]:
    """Versions that have a manifest under `root`, sorted."""
    return sorted(path.parent.name for path in root.glob(f"*/{MANIFEST_NAME}"))


def require_new_version(version: str, root: Path = RELEASES_ROOT) -> None:
    """Check that a new release may have this version.

    Raises
    ------
    InvalidInputError
        When it is not a valid version.
    ReleaseError
        When a release already has it.
    """
    if not re.fullmatch(VERSION_PATTERN, version):
        raise InvalidInputError(f"expected a version of letters, digits, '.', '_' and '-', got {version!r}")
    if (root / version).exists():
        raise ReleaseError(f"release {version} already exists; expected a new version")


def open_release(version: str | None = None, root: Path = RELEASES_ROOT, trusted_keys: Sequence[Path] = ()) -> Release:
    """Find a release by version (None: the default one) and verify it; also its signature, if there are trusted keys.

    Raises
    ------
    UnknownReleaseError
        When the version named is not installed.
    ReleaseError
        When it is installed but invalid, or the default one is not installed.
    UntrustedReleaseError
        When there are trusted keys, and none of them signed it.
    """
    wanted = version or default_version(root)
    installed = installed_versions(root)
    if wanted not in installed:
        choices = f"expected one of {', '.join(installed)}" if installed else "no release is"
        sentence = f"release {wanted!r} is not installed; {choices}"
        raise UnknownReleaseError(sentence) if version else ReleaseError(f"{root / _DEFAULT_NAME}: {sentence}")
    return verify_release(root / wanted, trusted_keys)


def verify_release(folder: Path, trusted_keys: Sequence[Path] = ()) -> Release:
    """Check manifest, file hashes and preprocessing version of the release in `folder`, and who signed it.

    Parameters
    ----------
    trusted_keys
        Public keys in PEM, one of which must have signed it; none = signatures are not required.

    Raises
    ------
    ReleaseError
        When any is wrong; the message names the file.
    UntrustedReleaseError
        When there are trusted keys, and none of them signed it.
    """
    path = folder / MANIFEST_NAME
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}); expected a published release") from error
    except ValidationError as error:
        raise ReleaseError(f"{path} is not a valid release manifest: {describe_validation_error(error)}") from error
    if manifest.version != folder.name:
        raise ReleaseError(f"{path} has version {manifest.version!r}; expected its folder's name")
    if set(manifest.label_order) != {"on", "off"}:
        raise ReleaseError(f"{path} has label order {manifest.label_order}; expected on and off, once each")
    if manifest.input.preprocessing_version != PREPROCESSING_VERSION:
        raise ReleaseError(
            f"release {manifest.version} was trained with preprocessing {manifest.input.preprocessing_version} and this"
            f" code uses {PREPROCESSING_VERSION}; expected the same version"
        )
    for file in manifest.files:
        _verify_file(folder / file.name, file.sha256)
    if trusted_keys:
        verify_signature(folder, trusted_keys)
    return Release(folder, manifest, None if manifest.blend is None else read_blend(folder / manifest.blend.name))


def read_blend(path: Path) -> Blend:
    """Read `blend.json`.

    Raises
    ------
    ReleaseError
        When it is not a valid blend.
    """
    try:
        return Blend.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}); expected a blend") from error
    except ValidationError as error:
        raise ReleaseError(f"{path} is not a valid blend: {describe_validation_error(error)}") from error


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _verify_file(path: Path, expected: str) -> None:
    try:
        actual = sha256_of(path)
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}); expected a published file") from error
    if actual != expected:
        raise ReleaseError(
            f"{path} has sha256 {actual[:12]}… and the manifest says {expected[:12]}…;"
            " expected the file as it was published"
        )
