"""How many values a foreign JSON text has, found out before anything parses it: each costs many times its letters."""

import re
from typing import Final

from shared.errors import TooLargeError

MOST_VALUES: Final = 1_000_000
"""Values of one JSON text: 100,000 annotations with all their fields have 700,000. Parsed, they take up to 300 MiB."""

_MARKS: Final = (",", "[", "{")
"""One of these stands before every value but the first."""

_STRING_OR_MARK: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]'
_IN_TEXT: Final = re.compile(_STRING_OR_MARK, re.DOTALL)
_IN_BYTES: Final = re.compile(_STRING_OR_MARK.encode(), re.DOTALL)


def require_few_values(content: str | bytes, what: str) -> None:
    """Refuse a JSON text of more than `MOST_VALUES` values.

    Raises
    ------
    TooLargeError
        When it has more.
    """
    if isinstance(content, str):
        marks, found = sum(map(content.count, _MARKS)), (one.group()[0] for one in _IN_TEXT.finditer(content))
    else:
        marks = sum(content.count(mark.encode()) for mark in _MARKS)
        found = (chr(one.group()[0]) for one in _IN_BYTES.finditer(content))
    if marks <= MOST_VALUES:  # those in strings counted too; usual
        return
    values = 1
    for start in found:
        values += start != '"'
        if values > MOST_VALUES:
            raise TooLargeError(f"{what} has more than {MOST_VALUES:,} JSON values; expected at most that many")
