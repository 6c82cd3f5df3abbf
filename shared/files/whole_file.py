"""Write a file whole or not at all: the one way this project has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Give the path of a file to write beside `path`, with its suffix; at the end of the block it takes its place.

    Whatever is raised in the block leaves `path` as it was, and nothing beside it. Its folder must exist.
    """
    partial = path.with_name(f".partial-{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
