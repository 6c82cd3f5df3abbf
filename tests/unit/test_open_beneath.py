"""Opening below a folder: openat2 and the fallback that opens part by part behave alike."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.files.foreign_file import OpenedFile, OpenedFolder, open_foreign_file, read_foreign_file
from shared.files.open_beneath import open_beneath, open_by_steps


def open_part_by_part(folder: int, relative: str) -> int:
    return open_by_steps(folder, relative.split("/"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "root" / "a" / "b" / "file").write_bytes(b"content")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root" / "to_file").symlink_to("a/b/file")
    (tmp_path / "root" / "to_folder").symlink_to("a")
    (tmp_path / "root" / "out").symlink_to("..")
    descriptor = os.open(tmp_path / "root", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("open_it", [open_beneath, open_part_by_part])
@pytest.mark.parametrize("relative", ["a/b/file", "./a//b/./file"])
def test_a_file_below_is_opened(folder: int, open_it: Callable[[int, str], int], relative: str) -> None:
    descriptor = open_it(folder, relative if open_it is open_beneath else "a/b/file")
    assert os.read(descriptor, 100) == b"content"
    os.close(descriptor)


@pytest.mark.parametrize("open_it", [open_beneath, open_part_by_part])
@pytest.mark.parametrize(
    ("relative", "number"),
    [
        ("to_file", errno.ELOOP),
        ("to_folder/b/file", errno.ELOOP),
        ("out/secret", errno.ELOOP),
        ("missing", errno.ENOENT),
        ("a/missing/file", errno.ENOENT),
        ("a/b/file/more", errno.ENOTDIR),
    ],
)
def test_no_symlink_is_followed(folder: int, open_it: Callable[[int, str], int], relative: str, number: int) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is checked
        open_it(folder, relative)
    assert caught.value.errno == number


@pytest.mark.parametrize(
    ("relative", "number"),
    [("../secret", errno.EXDEV), ("a/../a", errno.EXDEV), ("/etc/passwd", errno.EXDEV), ("a\0b", errno.EINVAL),
     ("\ud800", errno.EINVAL)],
)  # fmt: skip
def test_no_path_leaves_the_folder(folder: int, relative: str, number: int) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is checked
        open_beneath(folder, relative)
    assert caught.value.errno == number


def test_the_folder_itself_can_be_opened(folder: int) -> None:
    descriptor = open_beneath(folder, ".")
    assert sorted(os.listdir(descriptor)) == ["a", "out", "to_file", "to_folder"]  # noqa: PTH208 - a descriptor
    os.close(descriptor)


def test_readers_of_one_file_have_their_own_positions(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(100)))
    with OpenedFile.at(tmp_path / "file") as file, file.open_stream() as one, file.open_stream() as other:
        assert one.read(10) == bytes(range(10))
        assert other.read(5) == bytes(range(5))
        assert one.seek(-3, os.SEEK_END) == 97
        assert (one.read(), other.read(1)) == (bytes([97, 98, 99]), bytes([5]))
        assert read_foreign_file(file, 100) == bytes(range(100))


def test_an_opened_file_is_read_after_another_took_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with OpenedFile.at(tmp_path / "file") as file:
        (tmp_path / "file").unlink()
        (tmp_path / "file").write_bytes(b"another")
        assert read_foreign_file(file, 100) == b"content"


def test_a_closed_file_cannot_be_read_and_is_not_closed_under_a_reader(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    file = OpenedFile.at(tmp_path / "file")
    with open_foreign_file(file, 100) as (descriptor, size):
        file.close()
        file.close()
        assert os.pread(descriptor, size, 0) == b"content"
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)
    with pytest.raises(ValueError, match="closed"):
        file.size  # noqa: B018 - a property


def test_nothing_stays_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not read
    for _ in range(20):
        with OpenedFolder.at(tmp_path) as folder, folder.open_file("file") as file:
            assert folder.list_names() == ["file"]
            assert read_foreign_file(file, 10) == b"content"
        OpenedFile.at(tmp_path / "file")  # given back when nobody has it any more
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
