"""Files that events name: nothing outside the allowed roots is read, and nothing blocks."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import (
    AccessDeniedError,
    ConfigurationError,
    ForbiddenUriError,
    NotFoundError,
    TooLargeError,
    TransientError,
)
from shared.files.foreign_file import OpenedFile, OpenedFolder
from worker.access.allowed_roots import AllowedRoots, os_errors_translated, read_file
from worker.serve import require_roots
from worker.settings import Settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed root with one file, and a secret file outside it."""
    (tmp_path / "root" / "folder").mkdir(parents=True)
    (tmp_path / "root" / "folder" / "a b.png").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root-twin").mkdir()
    return tmp_path / "root"


@pytest.fixture
def roots(root: Path) -> AllowedRoots:
    return AllowedRoots((root,))


@pytest.mark.parametrize(
    "form",
    ["{root}/folder/a b.png", "file://{root}/folder/a b.png", "file://localhost{root}/folder/a%20b.png",
     "file:{root}/folder/a%20b.png", "{root}/folder/../folder//./a b.png"],
)  # fmt: skip
def test_every_form_of_a_path_is_resolved(root: Path, roots: AllowedRoots, form: str) -> None:
    path = roots.resolve(form.format(root=root))
    assert path == root / "folder" / "a b.png"
    assert read_file(path, 100) == b"content"


def test_a_plain_path_is_not_percent_decoded(root: Path, roots: AllowedRoots) -> None:
    assert roots.resolve(f"{root}/a%20b.png") == root / "a%20b.png"


@pytest.mark.parametrize(
    "form",
    [
        "{root}/../secret",
        "{root}/folder/../../secret",
        "{root}-twin/a.png",
        "/etc/passwd",
        "/",
        "file:///etc/passwd",
        "file://{root}/%2e%2e/secret",
        "file://{root}/folder/..%2f..%2fsecret",
        "file://host{root}/folder/a.png",
        "file://[::1{root}",
        "file:folder/a.png",
        "file:",
        "folder/a.png",
        "./folder",
        "",
        "~/a.png",
        "{root}/a\0b",
        "file://{root}/a%00b",
        "http://localhost{root}/a.png",
        "s3://bucket/a.png",
        "FTP://host/a.png",
        "data:image/png;base64,AAAA",
        "{root}/\ud800",
    ],
)
def test_everything_else_is_forbidden(root: Path, roots: AllowedRoots, form: str) -> None:
    with pytest.raises(ForbiddenUriError):
        roots.resolve(form.format(root=root))


def test_without_roots_nothing_is_allowed(root: Path) -> None:
    with pytest.raises(ForbiddenUriError, match="OFFSAMPLE_ALLOWED_ROOTS"):
        AllowedRoots(()).resolve(str(root))


def test_a_symlink_out_of_the_root_is_forbidden(root: Path, roots: AllowedRoots) -> None:
    (root / "link.png").symlink_to(root.parent / "secret")
    (root / "up").symlink_to(root.parent)
    for uri in (f"{root}/link.png", f"{root}/up/secret", f"file://{root}/up/secret"):
        with pytest.raises(ForbiddenUriError):
            roots.resolve(uri)


def test_a_symlink_within_the_root_is_followed(root: Path, roots: AllowedRoots) -> None:
    (root / "link.png").symlink_to(root / "folder" / "a b.png")
    assert roots.resolve(f"{root}/link.png") == root / "folder" / "a b.png"


def test_a_symlink_loop_is_forbidden(root: Path, roots: AllowedRoots) -> None:
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(ForbiddenUriError):
        roots.resolve(f"{root}/loop/a.png")


def test_a_root_may_itself_be_a_symlink(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    roots = AllowedRoots((link,))
    assert roots.resolve(f"{link}/folder") == root / "folder"
    assert roots.resolve(f"{root}/folder") == root / "folder"


def test_each_of_several_roots_is_allowed(root: Path) -> None:
    roots = AllowedRoots((root, root.parent / "root-twin"))
    assert roots.resolve(f"{root.parent}/root-twin/a") == root.parent / "root-twin" / "a"


@given(st.text() | st.text().map("file://".__add__) | st.text().map("/allowed/".__add__))
def test_any_text_is_a_path_below_a_root_or_forbidden(uri: str) -> None:
    try:
        path = AllowedRoots((Path("/allowed"),)).resolve(uri)
    except ForbiddenUriError:
        return
    assert path.is_relative_to("/allowed")


def test_files_and_folders_are_opened(root: Path, roots: AllowedRoots) -> None:
    with roots.open(f"{root}/folder") as folder, roots.open(f"file://{root}/folder/a%20b.png") as file:
        assert isinstance(folder, OpenedFolder)
        assert isinstance(file, OpenedFile)
        assert folder.list_names() == ["a b.png"]
        assert read_file(file, 100) == b"content"
    with roots.open_folder(str(root)) as itself:
        assert itself.list_names() == ["folder"]


def test_a_root_may_be_a_file(root: Path) -> None:
    path = root / "folder" / "a b.png"
    with AllowedRoots((path,)).open_file(str(path)) as file:
        assert read_file(file, 100) == b"content"


def test_a_folder_is_not_opened_as_a_file_nor_a_file_as_a_folder(root: Path, roots: AllowedRoots) -> None:
    with pytest.raises(NotFoundError, match="regular file"):
        roots.open_file(f"{root}/folder")
    with pytest.raises(NotFoundError, match="folder"):
        roots.open_folder(f"{root}/folder/a b.png")


def test_a_pipe_is_not_opened(root: Path, roots: AllowedRoots) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(NotFoundError, match="regular file"):
        roots.open(f"{root}/pipe")


def test_a_file_that_permissions_protect_denies_access_with_its_full_path(root: Path) -> None:
    with pytest.raises(AccessDeniedError, match=f"{root}/folder"), os_errors_translated(root / "folder"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_root_that_cannot_be_read_is_an_error_at_start(root: Path) -> None:
    settings = Settings.without_environment().model_copy(update={"allowed_roots": (root,)})
    require_roots(settings)
    root.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigurationError, match="Permission denied"):
            require_roots(settings)
    finally:
        os.seteuid(user)
        root.chmod(0o700)


def test_a_missing_path_is_not_found(root: Path, roots: AllowedRoots) -> None:
    with pytest.raises(NotFoundError, match="missing"):
        roots.open(f"{root}/missing")


def test_links_of_an_opened_folder_are_followed_within_the_roots_only(root: Path, roots: AllowedRoots) -> None:
    (root / "folder" / "inside.png").symlink_to(root / "folder" / "a b.png")
    (root / "folder" / "outside.png").symlink_to(root.parent / "secret")
    (root / "sibling").write_bytes(b"sibling")
    with roots.open_folder(f"{root}/folder") as folder:
        for name, content in {"a b.png": b"content", "inside.png": b"content", "../sibling": b"sibling"}.items():
            with roots.open_within(folder, name) as file:
                assert read_file(file, 100) == content
        for name in ("outside.png", "../../secret", "/etc/passwd"):
            with pytest.raises(ForbiddenUriError):
                roots.open_within(folder, name)
        (root / "folder" / "dangling").symlink_to(root / "nowhere")
        for name in ("missing", "dangling", "a\0b", "\ud800", "a b.png/c"):
            with pytest.raises(NotFoundError):
                roots.open_within(folder, name)


def test_a_link_to_a_missing_root_is_not_found(root: Path) -> None:
    """On the command line, the target of each link in a folder is an allowed root, and it may be missing."""
    (root / "folder" / "gone.png").symlink_to(root.parent / "nowhere.png")
    roots = AllowedRoots((root / "folder", root.parent / "nowhere.png"))
    with roots.open_folder(f"{root}/folder") as folder, pytest.raises(NotFoundError):
        roots.open_within(folder, "gone.png")


@pytest.mark.parametrize(
    "form",
    ["file://{root}/folder/a%20b.png?x=1", "file://{root}/folder/a%20b.png#part", "file:{root}/folder?", "file://{root}/#",
     "file://{root}/fol\nder", "file://{root}/folder\t", "file://user@localhost{root}/folder", "file://localhost:80{root}"],
)  # fmt: skip
def test_a_file_uri_with_a_part_that_would_be_ignored_is_forbidden(root: Path, roots: AllowedRoots, form: str) -> None:
    with pytest.raises(ForbiddenUriError):
        roots.resolve(form.format(root=root))


def test_a_file_uri_is_percent_decoded(root: Path, roots: AllowedRoots) -> None:
    assert roots.resolve(f"file://{root}/a%3F%23.png") == root / "a?#.png"
    assert os.fsencode(roots.resolve(f"file://{root}/a%FF.png")) == os.fsencode(root) + b"/a\xff.png"


def test_a_missing_root_is_a_temporary_error(tmp_path: Path) -> None:
    """It may be a network share that is not mounted now."""
    roots = AllowedRoots((tmp_path / "share",))
    with pytest.raises(TransientError, match="mounted"):
        roots.open(f"{tmp_path}/share/images")


def test_a_name_too_long_for_a_file_is_not_found(root: Path, roots: AllowedRoots) -> None:
    with pytest.raises(NotFoundError, match="File name too long"):
        roots.open(f"{root}/{'x' * 300}")


def test_a_file_above_the_limit_is_rejected(root: Path) -> None:
    path = root / "folder" / "a b.png"
    assert read_file(path, 7) == b"content"
    with pytest.raises(TooLargeError, match="7"):
        read_file(path, 6)


def test_a_file_that_is_larger_than_its_stated_size_is_rejected() -> None:
    """Files of /proc have size 0 and content."""
    with pytest.raises(TooLargeError):
        read_file(Path("/proc/self/status"), 10)


def test_an_empty_file_is_empty(root: Path) -> None:
    (root / "empty").touch()
    assert read_file(root / "empty", 10) == b""


def test_a_pipe_is_rejected_without_waiting_for_a_writer(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(NotFoundError, match="pipe"):
        read_file(root / "pipe", 10)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_rejected(device: str) -> None:
    with pytest.raises(NotFoundError, match="regular file"):
        read_file(Path(device), 10)


def test_rejecting_a_folder_leaves_no_descriptor_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not read
    for _ in range(20):
        with pytest.raises(NotFoundError, match="folder"):
            read_file(root / "folder", 10)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_link_that_replaces_a_file_is_not_followed(root: Path) -> None:
    (root / "link.png").symlink_to(root.parent / "secret")
    with pytest.raises(NotFoundError, match=r"link\.png"):
        read_file(root / "link.png", 100)


def test_a_missing_file_is_not_found(root: Path) -> None:
    with pytest.raises(NotFoundError, match="No such file"):
        read_file(root / "missing.png", 10)
