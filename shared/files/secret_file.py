"""A file that holds one secret, such as those that Kubernetes and Docker mount."""

from pathlib import Path

_MAX_BYTES = 16_384


def read_secret(path: Path) -> str:
    """The text of the file without blanks and line ends around it.

    Raises
    ------
    OSError
        When it cannot be read.
    ValueError
        When it is empty, has several lines, or is no short text; nothing of it is in the sentence.
    """
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"expected {path} to be text in UTF-8, got something else") from None
    if not text or len(text.splitlines()) != 1 or len(content) > _MAX_BYTES:
        raise ValueError(f"expected {path} to hold one line, got {len(text.splitlines())}")
    return text
