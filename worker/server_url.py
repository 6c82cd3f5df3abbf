"""A server's address as it may be shown."""

from urllib.parse import urlsplit


def without_password(url: str) -> str:
    """The URL with its password, if any, as `***`."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url
