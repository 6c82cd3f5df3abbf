"""METASPACE's own Python client, with time-outs, retries, this worker's key and no other, and errors of our tree."""

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from metaspace.sm_annotation_utils import (
    DEFAULT_DATABASE,
    BadRequestException,
    DatasetNotFound,
    GraphQLClient,
    GraphQLException,
    InvalidResponseException,
    SMDataset,
    get_config,
)
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from shared.errors import (
    AccessDeniedError,
    ForbiddenUriError,
    NotFoundError,
    TransientError,
    UnsupportedSourceError,
)
from worker.stores.store import RetryPolicy

_FEWEST_RECORDS = 100
"""The client asks for no smaller batches."""
_PASSING_STATUSES = (408, 429, 500, 502, 503, 504)
_WORKED_AT = ("QUEUED", "ANNOTATING")


@dataclass(frozen=True)
class MetaspaceRecords:
    """Annotations of one dataset against one molecular database, as METASPACE describes them."""

    database: str
    records: list[dict[str, Any]]


def open_client(url: str, api_key: SecretStr | None, retry_policy: RetryPolicy) -> GraphQLClient:
    """The client of one METASPACE; a `~/.metaspace` file of this machine is not read.

    Raises
    ------
    AccessDeniedError
        When it does not take the key.
    TransientError
        When it does not answer.
    """
    config = get_config(host=url, config_path=os.devnull)
    client = GraphQLClient(config)
    with contextlib.ExitStack() as stack:
        stack.callback(client.session.close)
        _prepare(client, config, api_key, retry_policy)
        stack.pop_all()
    return client


def _prepare(
    client: GraphQLClient, config: dict[str, Any], api_key: SecretStr | None, retry_policy: RetryPolicy
) -> None:
    """Limit what the client's session does, and try the key."""
    client.session.trust_env = False  # a netrc file would replace the key
    client.session.max_redirects = 0
    for prefix in ("https://", "http://"):
        client.session.mount(prefix, _PatientAdapter(retry_policy))
    config["usr_api_key"] = api_key.get_secret_value() if api_key is not None else None
    if api_key is not None:
        with client_errors_translated(client.host):
            user = client.query("query { currentUser { id } }")["currentUser"]
        if user is None:
            raise _refused_key(client.host)


def find_records(
    client: GraphQLClient, dataset_id: str, database: str | None, fdr: float, most: int
) -> MetaspaceRecords:
    """Ask for a dataset's annotations; at most one more than `most`.

    Raises
    ------
    NotFoundError
        When there is no such dataset or database, or none that the key may see.
    TransientError
        When METASPACE does not answer.
    """
    with client_errors_translated(client.host):
        dataset = SMDataset(client.getDataset(dataset_id), client)
        _require_finished(dataset)
        chosen = _choose_database(dataset, database)
        wanted = {"databaseId": chosen.id, "fdrLevel": fdr}
        records = client.getAnnotations(wanted, {"ids": dataset_id}, limit=max(_FEWEST_RECORDS, most + 1))
    return MetaspaceRecords(f"{chosen.name} {chosen.version}", records)


def _require_finished(dataset: SMDataset) -> None:
    """Wait for a dataset that METASPACE works at, and refuse one that failed."""
    if dataset.status == "FINISHED":
        return
    sentence = f"dataset {dataset.id!r} is {dataset.status} on METASPACE; expected FINISHED"
    raise TransientError(sentence) if dataset.status in _WORKED_AT else NotFoundError(sentence)


def _choose_database(dataset: SMDataset, wanted: str | None) -> Any:
    """The database that is wanted, by id, name, or name and version; None = HMDB v4 if it is there, else the first."""
    databases = dataset.database_details
    if not databases:
        raise NotFoundError(f"dataset {dataset.id!r} has no molecular database on METASPACE; expected one")
    if wanted is None:
        return next((one for one in databases if (one.name, one.version) == DEFAULT_DATABASE), databases[0])
    found = [
        one
        for one in databases
        if wanted in (str(one.id), one.name, f"{one.name} {one.version}", f"{one.name}-{one.version}")
    ]
    if len(found) != 1:
        names = ", ".join(repr(f"{one.name} {one.version}") for one in databases[:20])
        raise NotFoundError(
            f"dataset {dataset.id!r} has {'several databases' if found else 'no database'} {wanted[:100]!r} on"
            f" METASPACE; expected one of {names}"
        )
    return found[0]


class _PatientAdapter(HTTPAdapter):
    """Gives every request a time limit, and tries what may pass again; all of the client's queries only read."""

    def __init__(self, retry_policy: RetryPolicy) -> None:
        self._timeout_seconds = retry_policy.timeout_seconds
        retry = Retry(
            total=retry_policy.attempts - 1,
            backoff_factor=0.25,
            backoff_max=5.0,
            status_forcelist=_PASSING_STATUSES,
            allowed_methods=None,
            redirect=0,
            respect_retry_after_header=False,
        )
        super().__init__(max_retries=retry)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout_seconds
        return super().send(request, *args, **kwargs)


@contextlib.contextmanager
def client_errors_translated(url: str) -> Iterator[None]:
    """Turn what the client raises into errors of our tree, and drop what it prints."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except DatasetNotFound as error:
        raise NotFoundError(
            f"METASPACE at {url} has no such dataset, or not for this worker; expected the id of a public one, or"
            " OFFSAMPLE_METASPACE_API_KEY of somebody who may see it"
        ) from error
    except requests.TooManyRedirects as error:
        raise ForbiddenUriError(f"METASPACE at {url} redirects; expected its final address") from error
    except requests.RequestException as error:
        raise TransientError(f"METASPACE at {url} does not answer now ({type(error).__name__})") from error
    except BadRequestException as error:
        raise _refused_key(url) from error
    except GraphQLException as error:
        raise NotFoundError(
            f"METASPACE at {url} refuses the question ({str(error)[:200]}); expected a dataset and database that it has"
        ) from error
    except (InvalidResponseException, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnsupportedSourceError(
            f"METASPACE at {url} answers otherwise than its client expects ({type(error).__name__}); expected a"
            " newer metaspace2020"
        ) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise TransientError(f"METASPACE at {url} does not answer as it should now") from error


def _refused_key(url: str) -> AccessDeniedError:
    return AccessDeniedError(
        f"METASPACE at {url} does not take this worker's key; expected a valid OFFSAMPLE_METASPACE_API_KEY"
    )
