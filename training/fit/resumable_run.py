"""Resumable run: an output folder that stores its settings, so that only the same work is resumed in it."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from shared.errors import InvalidInputError
from shared.files.whole_file import write_whole
from shared.validation import describe_validation_error

SETTINGS_NAME = "settings.json"


def open_resumable_run(folder: Path, settings: BaseModel, what: str) -> None:
    """Create the folder, or check that it was started with the same settings.

    Parameters
    ----------
    what
        The kind of run, for messages: `seed comparison`, `cross-validation`, ...

    Raises
    ------
    InvalidInputError
        When it was started with other settings, or its settings file is not valid.
    """
    path = folder / SETTINGS_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with write_whole(path) as partial:
            partial.write_text(settings.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return
    try:
        stored = type(settings).model_validate_json(path.read_bytes())
    except ValidationError as error:
        found = describe_validation_error(error)
        raise InvalidInputError(
            f"{path} is not a valid settings file of a {what}: {found}; choose another --output"
        ) from error
    if stored != settings:
        raise InvalidInputError(
            f"{folder} holds a {what} with other settings or data; expected those of {path}; or choose another --output"
        )
