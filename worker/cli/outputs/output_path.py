"""Where a command writes: checked before any work, so that no time is lost and nothing is left."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from shared.errors import InvalidInputError


def require_output(path: Path, option: str, suffixes: Sequence[str]) -> None:
    """Refuse a file of another kind, or in a folder that does not exist or cannot be written to.

    Raises
    ------
    InvalidInputError
        With what was expected of the option.
    """
    if path.suffix.lower() not in map(str.lower, suffixes) or path.is_dir():
        raise InvalidInputError(f"expected {option} to name a {' or '.join(suffixes)} file, got {path}")
    require_output_folder(path, option)


def require_output_folder(path: Path, what: str) -> None:
    """Refuse a file in a folder that does not exist or cannot be written to.

    Raises
    ------
    InvalidInputError
        With what is wrong with the folder.
    """
    folder = path.parent
    if not folder.is_dir():
        raise InvalidInputError(f"expected the folder of {what} to exist, but {folder} is no folder")
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InvalidInputError(f"cannot write {what} into the folder {folder}: {error.strerror}") from error
