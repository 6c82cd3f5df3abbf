"""An output folder that remembers what it was begun with, so that only the same work is resumed in it."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from shared.validation import describe_validation_error

SETTINGS_NAME = "settings.json"


def open_resumable_run(folder: Path, settings: BaseModel, what: str) -> None:
    """Create the folder, or check that it was begun with the same settings.

    Parameters
    ----------
    what
        The work that the folder is for, in messages: `contest`, `cross-validation`, ...

    Raises
    ------
    InvalidInputError
        When it was begun with others, or is none of ours.
    """
    path = folder / SETTINGS_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with write_whole(path) as partial:
            partial.write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return
    try:
        begun = type(settings).model_validate_json(path.read_bytes())
    except ValidationError as error:
        found = describe_validation_error(error)
        raise InvalidInputError(f"{path} holds no {what} settings: {found}; expected another --output") from error
    if begun != settings:
        raise InvalidInputError(
            f"{folder} holds a {what} with other settings or data; expected those of {path}, or another --output"
        )
