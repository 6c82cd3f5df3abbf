"""A limit on the values of a foreign JSON text, checked before it is parsed: each value costs much memory."""

import re
from typing import Final

from shared.errors import TooLargeError

MAX_JSON_VALUES: Final = 1_000_000
"""Values of one JSON text: 100,000 annotations with all their fields have 700,000. Parsed, they take up to 300 MiB."""

_MARKS: Final = (",", "[", "{")
"""Every value but the first follows one of these."""

_STRING_OR_MARK: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{,]'
_IN_TEXT: Final = re.compile(_STRING_OR_MARK, re.DOTALL)
_IN_BYTES: Final = re.compile(_STRING_OR_MARK.encode(), re.DOTALL)


def limit_json_values(content: str | bytes, what: str) -> None:
    """Reject a JSON text of more than `MAX_JSON_VALUES` values.

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
    if marks <= MAX_JSON_VALUES:  # the usual case; includes marks in strings
        return
    values = 1
    for start in found:
        values += start != '"'
        if values > MAX_JSON_VALUES:
            raise TooLargeError(f"expected at most {MAX_JSON_VALUES:,} JSON values in {what}, got more")
