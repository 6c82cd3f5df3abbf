"""A server's address, as it may be shown and as Celery takes it."""

from urllib.parse import parse_qsl, urlencode, urlsplit


def without_password(url: str) -> str:
    """The URL with its password, if any, as `***`."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url


def broker_url(url: str) -> str:
    """The same server and database as Celery calls them: a unix socket redis+socket, a database virtual_host."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    query = [("virtual_host" if name == "db" else name, value) for name, value in parse_qsl(parts.query)]
    return f"redis+socket://{parts.netloc}{parts.path}" + (f"?{urlencode(query)}" if query else "")
