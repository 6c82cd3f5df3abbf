"""`offsample releases`, and what commands say about a release that was altered."""

import shutil
from pathlib import Path

import pytest
from local_commands import require_one_line, run

from model_store.release import MANIFEST_NAME, RELEASES_ROOT, Release


@pytest.fixture
def tampered(release: Release, tmp_path: Path) -> Path:
    """A copy of the shipped releases in which every file may be replaced."""
    root = tmp_path / "releases"
    (root / release.version).mkdir(parents=True)
    for path in release.folder.iterdir():
        (root / release.version / path.name).symlink_to(path)
    shutil.copy(RELEASES_ROOT / "DEFAULT", root)
    return root


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def test_a_release_is_shown(release: Release) -> None:
    ended = run("releases", "show")
    assert ended.code == 0
    assert f"release {release.version} (default)" in ended.output
    assert "mouse_bladder" in ended.output


def test_an_installed_release_is_verified(release: Release) -> None:
    ended = run("releases", "verify")
    assert ended.code == 0
    assert release.version in ended.output


def test_a_copied_release_verifies(tampered: Path, release: Release) -> None:
    assert run("releases", "verify", release.version, releases_root=tampered).code == 0


@pytest.mark.parametrize(
    ("name", "command"),
    [("member_3.keras", ["classify", "{folder}"]), ("ensemble.onnx", ["releases", "verify"])],
)
def test_the_error_for_an_altered_file_names_it(
    tampered: Path, release: Release, png_folder: Path, name: str, command: list[str]
) -> None:
    path = tampered / release.version / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace(path, bytes(content))
    arguments = [one.format(folder=png_folder) for one in command]
    line = require_one_line(run(*arguments, releases_root=tampered), 3)
    assert f"{release.version}/{name}" in line


def test_the_error_for_an_altered_manifest_names_it(tampered: Path, release: Release) -> None:
    path = tampered / release.version / MANIFEST_NAME
    replace(path, path.read_bytes().replace(b'"threshold"', b'"treshold"'))
    line = require_one_line(run("releases", "verify", releases_root=tampered), 3)
    assert "manifest.json" in line


def test_the_error_for_a_folder_without_releases_names_it(tmp_path: Path) -> None:
    line = require_one_line(run("releases", "verify", releases_root=tmp_path), 3)
    assert str(tmp_path) in line
