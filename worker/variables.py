"""The variables of settings in the environment: which are unknown or misspelt, and what is wrong with a value."""

import os
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from pydantic_core import ErrorDetails

PREFIX: Final = "OFFSAMPLE_"
SECRETS: Final = ("redis_url", "metaspace_api_key")
"""Settings whose values are not shown, and may come from a file that `<name>_file` names."""

_CLOSE_MATCH: Final = 0.75
"""How similar an unknown name must be to a setting's to count as a misspelling of it; 1 = identical."""
_TESTS_PREFIX: Final = "TEST_"

_REMOVED: Final = frozenset(
    {
        "ALLOW_SHORT_LEASE",
        "FETCH_ATTEMPTS",
        "TICKET_SECONDS",
        "MAX_EVENT_IONS",
        "MAX_IMAGE_FILE_BYTES",
        "MAX_IMAGE_PIXELS",
    }
    | {"MAX_IMAGE_SIDE_PX", "MAX_ARRAY_FILE_BYTES", "MAX_ARRAY_CHUNK_BYTES", "MAX_IMZML_BYTES", "MAX_IBD_BYTES"}
)
"""Settings of earlier versions that are constants now: unknown, and not misspellings of the ones that remain."""

_EXPECTED: Final = {
    "Input should be greater": "expected a number greater",
    "Input should be less": "expected a number less",
    "Input should be": "expected",
    "String should": "expected text to",
}
"""How pydantic's sentences begin, and how ours do."""


def find_unknown(settings: Collection[str]) -> dict[str, str | None]:
    """Variables with the prefix that are not among these settings; each with the setting that it resembles, if any.

    A cluster sets such variables too: it announces a service of this name as `OFFSAMPLE_SERVICE_HOST`.
    """
    known = [name.upper() for name in settings]
    given = [name.upper().removeprefix(PREFIX) for name in os.environ if name.upper().startswith(PREFIX)]
    unknown = sorted(name for name in given if name not in known and not name.startswith(_TESTS_PREFIX))
    resembled = {
        name: [] if name in _REMOVED else get_close_matches(name, known, n=1, cutoff=_CLOSE_MATCH) for name in unknown
    }
    return {f"{PREFIX}{name}": f"{PREFIX}{found[0]}" if found else None for name, found in resembled.items()}


def describe_wrong_value(found: ErrorDetails) -> str:
    """One wrong setting: its variable, what was expected, and its value unless that may hold a secret."""
    name = str(next(iter(found["loc"]), ""))
    variable = f"{PREFIX}{name.upper()}: " if name else ""
    if found["type"] == "value_error":
        return variable + found["msg"].removeprefix("Value error, ")
    expected = found["msg"].partition(",")[0] if found["type"].endswith("_parsing") else found["msg"]
    for beginning, ours in _EXPECTED.items():
        expected = expected.replace(beginning, ours)
    shown = "" if name in SECRETS else f", got {str(found['input'])[:100]!r}"
    return f"{variable}{expected}{shown}"
