"""A worker knows which of the installed releases it can use."""

import shutil
from pathlib import Path

import pytest

from model_store.release import MANIFEST_NAME, RELEASES_ROOT
from worker.installed_releases import InstalledReleases
from worker.settings import Settings

WHOLE, OTHER = "2026.11.3", "2026.11.5"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one whole release."""
    folder = tmp_path / "releases"
    folder.mkdir()
    shutil.copytree(RELEASES_ROOT / WHOLE, folder / WHOLE)
    return folder


@pytest.fixture
def releases(root: Path) -> InstalledReleases:
    found = InstalledReleases(Settings(releases_root=root))
    found.refresh()
    return found


def test_a_whole_release_can_be_used_and_one_that_is_not_there_cannot(releases: InstalledReleases) -> None:
    assert (releases.usable, releases.unusable) == ((WHOLE,), {})
    assert releases.find_problem(WHOLE) is None
    assert "not installed" in str(releases.find_problem(OTHER))


def test_a_release_is_verified_again_when_a_file_of_it_changes(root: Path, releases: InstalledReleases) -> None:
    path = root / WHOLE / "member_1.keras"
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    assert releases.find_problem(WHOLE) is None  # as it was when it was verified
    releases.refresh()
    assert (releases.usable, "member_1.keras" in releases.unusable[WHOLE]) == ((), True)
    path.write_bytes(sound)
    releases.refresh()
    assert releases.usable == (WHOLE,)


def test_releases_appear_and_vanish(root: Path, releases: InstalledReleases) -> None:
    (root / OTHER).symlink_to(RELEASES_ROOT / OTHER)
    releases.refresh()
    assert releases.usable == (WHOLE, OTHER)
    (root / OTHER).unlink()
    releases.refresh()
    assert releases.usable == (WHOLE,)


def test_at_most_so_many_are_verified_at_once(root: Path) -> None:
    for version in ("1", "2", "3"):
        (root / version).mkdir()
        (root / version / MANIFEST_NAME).write_text("{}")
    releases = InstalledReleases(Settings(releases_root=root))
    counts = []
    for _ in range(5):
        releases.refresh(most=1)
        counts.append(len(releases.usable) + len(releases.unusable))
    assert counts == [1, 2, 3, 4, 4]


def test_a_signature_that_is_required_and_cannot_be_verified_is_a_problem(root: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("no key")
    releases = InstalledReleases(Settings(releases_root=root, trusted_keys=(key,)))
    releases.refresh()
    assert releases.usable == ()
    assert set(releases.unusable) == {WHOLE}
