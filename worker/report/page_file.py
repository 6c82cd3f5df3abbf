"""The files that pages are made of, and how a page is written."""

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from shared.errors import InvalidInputError, NoRoomError
from shared.files.temporary_room import FULL_DISK_ERRNOS
from shared.files.whole_file import write_whole


def read_page_file(name: str) -> str:
    """A file of worker/report/page."""
    return (files("worker.report") / "page" / name).read_text(encoding="utf-8")


@cache
def read_style() -> Markup:
    """The style of all pages."""
    return Markup(read_page_file("page.css"))  # noqa: S704 - this project's own file


@cache
def load_template(name: str) -> Template:
    """A template that escapes everything but `Markup`."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(read_page_file), trim_blocks=True
    )
    return environment.get_template(name)


def name_hash(content: str) -> str:
    """The name of an inline script or style in a content security policy."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode('ascii')}"


def write_page(path: Path, chunks: Iterable[str]) -> None:
    """Write a page completely or not at all.

    Raises
    ------
    InvalidInputError
        When `path` cannot be written.
    NoRoomError
        When its disk is full.
    """
    try:
        with write_whole(path) as partial, partial.open("w", encoding="utf-8") as stream:
            stream.writelines(chunks)
    except OSError as error:
        if error.errno in FULL_DISK_ERRNOS:
            raise NoRoomError(f"the disk of the report {path.name} is full ({error.strerror})") from error
        raise InvalidInputError(f"cannot write the report to {path}: {error.strerror}") from error
