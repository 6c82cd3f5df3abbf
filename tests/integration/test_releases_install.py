"""`offsample releases install` from a folder, an HTTP server and a bucket: completely and verified, or not at all."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from command_running import Ended, run_command
from live_stores import Answer, HttpFiles, S3Server

from model_store.release import MANIFEST_NAME, RELEASES_ROOT, Release, default_version, open_release
from model_store.signature import SIGNATURE_NAME

VERSION = default_version()
SHIPPED = RELEASES_ROOT / VERSION
MANIFEST = (SHIPPED / MANIFEST_NAME).read_bytes()
DIGEST = sha256(MANIFEST).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder of releases."""
    return tmp_path / "releases"


@pytest.fixture
def served(http: HttpFiles) -> HttpFiles:
    """The shipped release behind HTTP."""
    http.files.update({f"/r/{VERSION}/{path.name}": path.read_bytes() for path in SHIPPED.iterdir()})
    return http


def install(root: Path, uri: object, *options: str) -> Ended:
    return run_command("releases", "install", str(uri), *options, releases_root=str(root))


def require_nothing_installed(root: Path, ended: Ended, code: int, *words: str) -> None:
    assert (ended.code, ended.output) == (code, "")
    for word in words:
        assert word in ended.errors
    assert not root.exists() or list(root.iterdir()) == []


def test_a_folder_is_installed_and_made_the_default(root: Path) -> None:
    ended = install(root, SHIPPED, "--default", "--json")
    assert ended.code == 0
    assert ended.json == {
        "release": VERSION,
        "folder": str(root / VERSION),
        "manifest_sha256": DIGEST,
        "changed": True,
    }
    installed: Release = open_release(root=root)
    assert {path.name for path in installed.folder.iterdir()} == {path.name for path in SHIPPED.iterdir()}


def test_a_release_behind_http_is_installed_once(root: Path, served: HttpFiles) -> None:
    uri = f"{served.url}/r/{VERSION}/"
    assert install(root, uri, "--sha256", DIGEST.upper()).code == 0
    assert open_release(VERSION, root).version == VERSION
    served.requested.clear()
    again = install(root, uri, "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert served.requested == [f"/r/{VERSION}/{MANIFEST_NAME}", f"/r/{VERSION}/{SIGNATURE_NAME}"]


def test_a_release_in_a_bucket_is_installed(root: Path, s3: S3Server, bucket: str) -> None:
    s3.put({f"releases/{VERSION}/{path.name}": path.read_bytes() for path in SHIPPED.iterdir()})
    assert install(root, f"{bucket}/releases/{VERSION}").code == 0
    assert open_release(VERSION, root).manifest == open_release(VERSION).manifest


def test_an_altered_file_is_named_and_nothing_is_installed(root: Path, served: HttpFiles) -> None:
    served.files[f"/r/{VERSION}/member_3.keras"] = b"other networks"
    require_nothing_installed(root, install(root, f"{served.url}/r/{VERSION}"), 3, "member_3.keras", "sha256")


def test_a_missing_file_is_named_and_nothing_is_installed(root: Path, served: HttpFiles) -> None:
    del served.files[f"/r/{VERSION}/ensemble.onnx"]
    require_nothing_installed(root, install(root, f"{served.url}/r/{VERSION}"), 1, "ensemble.onnx")


def test_a_server_that_fails_leaves_nothing_behind(root: Path, served: HttpFiles) -> None:
    served.files[f"/r/{VERSION}/ensemble.onnx"] = Answer(500)
    require_nothing_installed(root, install(root, f"{served.url}/r/{VERSION}"), 1)


def test_another_manifest_than_expected_is_refused(root: Path) -> None:
    require_nothing_installed(root, install(root, SHIPPED, "--sha256", "0" * 64), 3, DIGEST)
    assert install(root, SHIPPED, "--sha256", "abc").code == 2


def test_another_release_of_an_installed_version_is_refused(root: Path, tmp_path: Path) -> None:
    assert install(root, SHIPPED).code == 0
    other = tmp_path / VERSION
    shutil.copytree(SHIPPED, other)
    (other / MANIFEST_NAME).write_bytes(MANIFEST + b"\n")
    ended = install(root, other)
    assert (ended.code, "another release" in ended.errors) == (3, True)
    assert (root / VERSION / MANIFEST_NAME).read_bytes() == MANIFEST


@pytest.mark.parametrize("name", ["..", "../../escaped", "/etc/passwd", ".hidden"])
def test_a_manifest_cannot_name_files_elsewhere(root: Path, tmp_path: Path, name: str) -> None:
    hostile = tmp_path / VERSION
    hostile.mkdir()
    content = json.loads(MANIFEST)
    content["model_card"]["name"] = name
    (hostile / MANIFEST_NAME).write_text(json.dumps(content))
    require_nothing_installed(root, install(root, hostile), 3, MANIFEST_NAME)


@pytest.mark.parametrize("uri", ["/no/such/folder", "ftp://host/release", "https://user:secret@host/release"])
def test_a_source_that_cannot_be_read_is_named(root: Path, uri: str) -> None:
    ended = install(root, uri)
    require_nothing_installed(root, ended, 1)
    assert "secret" not in ended.errors


def test_a_folder_without_a_release_is_named(root: Path, tmp_path: Path) -> None:
    require_nothing_installed(root, install(root, tmp_path), 1, MANIFEST_NAME, str(tmp_path))
