"""A release is verified byte by byte, and what is wrong with it is named."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from model_store.manifest import Manifest
from model_store.release import MANIFEST_NAME, Release, default_version, installed_versions, open_release, sha256_of
from shared.errors import ReleaseError, UnknownReleaseError

FILES = {"member_1.keras": b"first", "member_2.keras": b"second", "ensemble.onnx": b"graph", "model_card.md": b"card"}
VERSION = "2000.1.1"


def make_manifest(folder: Path) -> dict[str, Any]:
    def describe(name: str) -> dict[str, str]:
        return {"name": name, "sha256": sha256_of(folder / name)}

    return {
        "version": VERSION,
        "input": {"channels": ["ion_image"]},
        "label_order": ["on", "off"],
        "threshold": 0.5,
        "uncertain_band": [0.4, 0.6],
        "calibration": "none",
        "members": [describe("member_1.keras"), describe("member_2.keras")],
        "ensemble_onnx": describe("ensemble.onnx"),
        "model_card": describe("model_card.md"),
        "figures": [],
        "provenance": {
            "created": "2000-01-01",
            "command": "make",
            "code_version": "0",
            "seed": 1,
            "training_data": "none",
            "training_images": 0,
            "licence_notes": "none",
        },
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A releases folder with one release; what its files hold is nobody's business here."""
    folder = tmp_path / "releases" / VERSION
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST_NAME).write_text(json.dumps(make_manifest(folder)))
    (tmp_path / "releases" / "DEFAULT").write_text(f"{VERSION}\n")
    return tmp_path / "releases"


def change_manifest(root: Path, **changes: Any) -> None:
    path = root / VERSION / MANIFEST_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_sound_release_opens_by_version_and_by_default(root: Path) -> None:
    by_default, by_version = open_release(root=root), open_release(VERSION, root)
    assert by_default == by_version
    assert by_default.version == VERSION
    assert [path.read_bytes() for path in by_default.member_paths] == [b"first", b"second"]
    assert by_default.onnx_path.read_bytes() == b"graph"


CONTEXT_CHANNELS = ["ion_image", "acquisition_mask", "mean_ion_image", "sample_mask"]


@pytest.mark.parametrize(
    ("kind", "channels", "context_members"),
    [
        ("context", ["ion_image"], 2),
        ("context", ["ion_image", "acquisition_mask"], 2),
        ("ensemble", CONTEXT_CHANNELS, 0),
        ("context", CONTEXT_CHANNELS[:3], 2),
        ("blend", ["ion_image"], 0),
        ("context", CONTEXT_CHANNELS, 0),
        ("context", CONTEXT_CHANNELS, 3),
        ("ensemble", ["ion_image"], 1),
    ],
)
def test_a_kind_that_does_not_go_with_channels_or_members_is_refused(
    root: Path, kind: str, channels: list[str], context_members: int
) -> None:
    change_manifest(root, kind=kind, input={"channels": channels}, context_members=context_members)
    with pytest.raises(ReleaseError, match="manifest"):
        open_release(VERSION, root)


@pytest.mark.parametrize("context_members", [1, 2])
def test_a_context_release_opens(root: Path, context_members: int) -> None:
    change_manifest(root, kind="context", input={"channels": CONTEXT_CHANNELS}, context_members=context_members)
    manifest = open_release(VERSION, root).manifest
    assert manifest.uses_context
    assert manifest.image_members == 2 - context_members


@pytest.mark.parametrize(
    "changes",
    [{"kind": "context", "input": {"channels": CONTEXT_CHANNELS}, "context_members": 2}, {"context_members": 0}],
)
def test_a_blend_needs_image_members_and_context_members(root: Path, changes: dict[str, object]) -> None:
    (root / VERSION / "blend.json").write_text("{}")
    change_manifest(root, blend={"name": "blend.json", "sha256": "0" * 64}, **changes)
    with pytest.raises(ReleaseError, match="blend"):
        open_release(VERSION, root)


def test_versions_are_the_folders_with_a_manifest(root: Path) -> None:
    (root / "half").mkdir()
    shutil.copytree(root / VERSION, root / "1999.1.1")
    assert installed_versions(root) == ["1999.1.1", VERSION]
    assert default_version(root) == VERSION


@pytest.mark.parametrize("version", ["2000.1.2", "../releases/2000.1.1", "/", ".", f"{VERSION}/", "*"])
def test_a_version_that_is_not_installed_is_unknown(root: Path, version: str) -> None:
    with pytest.raises(UnknownReleaseError, match="installed"):
        open_release(version, root)


def test_a_default_that_is_not_installed_is_the_deployments_error(root: Path) -> None:
    (root / "DEFAULT").write_text("2000.1.2")
    with pytest.raises(ReleaseError, match="DEFAULT"):
        open_release(root=root)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_default_that_cannot_be_read_is_named(root: Path, content: bytes | None) -> None:
    (root / "DEFAULT").unlink()
    if content is not None:
        (root / "DEFAULT").write_bytes(content)
    with pytest.raises(ReleaseError, match="DEFAULT"):
        open_release(root=root)


@pytest.mark.parametrize("name", FILES)
def test_an_altered_file_is_named(root: Path, name: str) -> None:
    (root / VERSION / name).write_bytes(FILES[name] + b"!")
    with pytest.raises(ReleaseError, match=name):
        open_release(root=root)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(root: Path, name: str) -> None:
    (root / VERSION / name).unlink()
    with pytest.raises(ReleaseError, match=name):
        open_release(root=root)


def test_a_release_in_another_versions_folder_is_refused(root: Path) -> None:
    (root / VERSION).rename(root / "2000.1.2")
    with pytest.raises(ReleaseError, match="version"):
        open_release("2000.1.2", root)


def test_a_release_of_another_preprocessing_is_refused(root: Path) -> None:
    change_manifest(root, input={"channels": ["ion_image"], "preprocessing_version": "0"})
    with pytest.raises(ReleaseError, match="preprocessing"):
        open_release(root=root)


@pytest.mark.parametrize("order", [["on", "on"], ["off", "off"]])
def test_a_label_order_of_one_label_is_refused(root: Path, order: list[str]) -> None:
    change_manifest(root, label_order=order)
    with pytest.raises(ReleaseError, match="label order"):
        open_release(root=root)


@pytest.mark.parametrize(
    "changes",
    [
        {"label_order": ["on", "off", "on"]},
        {"label_order": ["yes", "no"]},
        {"threshold": 2},
        {"threshold": "0.5"},
        {"members": []},
        {"members": [{"name": "../secret", "sha256": "0" * 64}]},
        {"members": [{"name": "member_1.keras", "sha256": "abc"}]},
        {"version": "../2000.1.1"},
        {"input": {"channels": ["ion_image"], "side_px": 57}},
        {"input": {"channels": ["acquisition_mask"]}},
        {"input": {"channels": []}},
        {"input": {"channels": ["total_ion_count"]}},
        {"unknown": 1},
        {"kind": "forest"},
    ],
    ids=str,
)
def test_a_manifest_that_says_something_else_is_refused(root: Path, changes: dict[str, Any]) -> None:
    change_manifest(root, **changes)
    with pytest.raises(ReleaseError, match="manifest"):
        open_release(root=root)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"version": NaN}'])
def test_a_manifest_that_is_no_json_is_refused(root: Path, content: bytes) -> None:
    (root / VERSION / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(ReleaseError, match="manifest"):
        open_release(root=root)


def test_a_manifest_is_written_and_read_unchanged(root: Path) -> None:
    manifest = open_release(root=root).manifest
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
    assert manifest.off_index == 1


def test_the_release_that_ships_is_as_published(release: Release) -> None:
    assert release.version == default_version()
    assert len(release.manifest.members) == 5
