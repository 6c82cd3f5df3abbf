"""A picture as a file."""

from pathlib import Path

from PIL import Image

from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a PNG file, whole or not at all.

    Raises
    ------
    InvalidInputError
        When it cannot be written.
    """
    try:
        with write_whole(path) as partial:
            picture.save(partial, format="PNG")
    except OSError as error:
        raise InvalidInputError(f"cannot write the picture to {path}: {error.strerror}") from error
