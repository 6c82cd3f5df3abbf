"""User and password of the server from a file, read again for every connection, so that they can be changed."""

from pathlib import Path

from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from shared.files.secret_file import read_secret
from worker.server.url import require_server_url, split_login


class LoginFile(CredentialProvider):
    """The login of the URL that is in a file now; its host, database and options count at start-up only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Called by redis-py for every connection.

        Raises
        ------
        AuthenticationError
            When the file cannot be read now, or holds no URL with a password; an outage, which is waited out.
        """
        try:
            user, password, _ = split_login(require_server_url(read_secret(self._path)))
        except (OSError, ValueError) as error:
            raise AuthenticationError(f"cannot read OFFSAMPLE_REDIS_URL_FILE: {error}") from error
        if not password:
            raise AuthenticationError(f"expected {self._path} to hold a URL with a password, got one without")
        return (user, password) if user else (password,)
