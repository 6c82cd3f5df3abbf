"""Which of the installed releases this worker can use: whole, and signed where that is required."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model_store.release import installed_versions
from shared.errors import OffSampleError
from worker.settings import Settings

_MOST_CHARACTERS: Final = 300
"""Of a reason: workers report them every few seconds."""

FileStates = tuple[tuple[str, int, int, int], ...]
"""Path, size, time of change and inode of each file."""


@dataclass(frozen=True)
class _Verified:
    files: FileStates
    """As they were when the release was verified."""
    problem: str | None


class InstalledReleases:
    """Verifies releases when they appear, and again when their files or the trusted keys change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._verified: dict[str, _Verified] = {}

    @property
    def usable(self) -> tuple[str, ...]:
        """Versions that were whole when they were last verified, and signed where that is required."""
        return tuple(version for version, found in self._verified.items() if found.problem is None)

    @property
    def unusable(self) -> dict[str, str]:
        """The others, and why they cannot be used."""
        return {version: found.problem for version, found in self._verified.items() if found.problem is not None}

    def find_problem(self, version: str) -> str | None:
        """Why a release cannot be used; None when it can."""
        found = self._verified.get(version)
        return f"release {version!r} is not installed" if found is None else found.problem

    def refresh(self, most: int | None = None) -> None:
        """Verify the releases whose files changed, but at most so many: it takes some 0.1 s for each."""
        files = {version: self._read_files(version) for version in installed_versions(self._settings.releases_root)}
        known = {version: self._verified.get(version) for version in files}
        changed = [version for version, found in known.items() if found is None or found.files != files[version]]
        verified = {version: _Verified(files[version], self._verify(version)) for version in changed[:most]}
        kept = {version: found for version, found in known.items() if found is not None}
        self._verified = dict(sorted((kept | verified).items()))

    def _verify(self, version: str) -> str | None:
        try:
            self._settings.open_release(version)
        except OffSampleError as error:
            return str(error)[:_MOST_CHARACTERS]
        return None

    def _read_files(self, version: str) -> FileStates:
        return tuple(_read_states([self._settings.releases_root / version, *self._settings.trusted_keys]))


def _read_states(paths: list[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            try:
                found = file.stat()
            except OSError:  # removed meanwhile
                continue
            yield str(file), found.st_size, found.st_mtime_ns, found.st_ino
