"""A foreign URI as it may stand in a message or log: without what could be a credential."""

import re

_SHOWN = 200
_USER = re.compile(r"//[^/\\]*@")
"""User and password, up to the last @ before the path."""


def show_uri(uri: str) -> str:
    """Quote a URI without user, password, query and fragment, shortened."""
    place = re.split(r"[?#]", uri, maxsplit=1)[0]
    hidden = "…" if len(place) < len(uri) else ""
    return repr(_USER.sub("//…@", place)[:_SHOWN] + hidden)
