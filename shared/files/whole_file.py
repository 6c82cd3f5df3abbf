"""Write files atomically."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file in the same folder, with the same suffix; it replaces `path` after the block.

    An exception in the block leaves `path` as it was and removes the temporary file. The folder must exist.
    Several processes may write the same file: the last one's remains.
    """
    partial = path.with_name(f".partial-{token_hex(4)}-{path.name}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
