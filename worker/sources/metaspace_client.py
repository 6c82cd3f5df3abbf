"""METASPACE's Python client, with timeouts, retries, this worker's API key and this project's errors."""

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

_MIN_RECORDS = 100
"""The client's smallest batch."""
_RETRIED_STATUSES = (408, 429, 500, 502, 503, 504)
_IN_PROGRESS_STATUSES = ("QUEUED", "ANNOTATING")


@dataclass(frozen=True)
class MetaspaceRecords:
    """Annotations of one dataset from one molecular database, as METASPACE returns them."""

    database: str
    records: list[dict[str, Any]]


def open_client(url: str, api_key: SecretStr | None, retry_policy: RetryPolicy) -> GraphQLClient:
    """Open the client of a METASPACE server, ignoring this machine's `~/.metaspace` file.

    Raises
    ------
    AccessDeniedError
        When it rejects the key.
    TransientError
        When it does not respond.
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
    """Restrict the client's session, and check the key."""
    client.session.trust_env = False  # otherwise a netrc file replaces the key
    client.session.max_redirects = 0
    for prefix in ("https://", "http://"):
        client.session.mount(prefix, _RetryAdapter(retry_policy))
    config["usr_api_key"] = api_key.get_secret_value() if api_key is not None else None
    if api_key is not None:
        with client_errors_translated(client.host):
            user = client.query("query { currentUser { id } }")["currentUser"]
        if user is None:
            raise _rejected_key(client.host)


def find_records(
    client: GraphQLClient, dataset_id: str, database: str | None, fdr: float, most: int
) -> MetaspaceRecords:
    """Query a dataset's annotations, at most one more than `most`.

    Raises
    ------
    NotFoundError
        When the dataset or database does not exist, or the key may not see it.
    TransientError
        When METASPACE does not respond.
    """
    with client_errors_translated(client.host):
        dataset = SMDataset(client.getDataset(dataset_id), client)
        _require_finished(dataset)
        chosen = _choose_database(dataset, database)
        wanted = {"databaseId": chosen.id, "fdrLevel": fdr}
        records = client.getAnnotations(wanted, {"ids": dataset_id}, limit=max(_MIN_RECORDS, most + 1))
    return MetaspaceRecords(f"{chosen.name} {chosen.version}", records)


def _require_finished(dataset: SMDataset) -> None:
    """Raise for a dataset that is not finished: `TransientError` if it is in progress."""
    if dataset.status == "FINISHED":
        return
    sentence = f"expected dataset {dataset.id!r} to be FINISHED on METASPACE, got {dataset.status}"
    raise TransientError(sentence) if dataset.status in _IN_PROGRESS_STATUSES else NotFoundError(sentence)


def _choose_database(dataset: SMDataset, wanted: str | None) -> Any:
    """The database with this id, name, or name and version; None = HMDB v4 if the dataset has it, or the first."""
    databases = dataset.database_details
    if not databases:
        raise NotFoundError(f"dataset {dataset.id!r} has no molecular database on METASPACE")
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


class _RetryAdapter(HTTPAdapter):
    """Sets a timeout on each request and retries it; safe because the client only sends read queries."""

    def __init__(self, retry_policy: RetryPolicy) -> None:
        self._timeout_seconds = retry_policy.timeout_seconds
        retry = Retry(
            total=retry_policy.attempts - 1,
            backoff_factor=0.25,
            backoff_max=5.0,
            status_forcelist=_RETRIED_STATUSES,
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
    """Turn the client's exceptions into this project's errors, and discard its output."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except DatasetNotFound as error:
        raise NotFoundError(
            f"METASPACE at {url} has no such dataset, or this worker may not see it; expected the id of a public"
            " dataset, or the OFFSAMPLE_METASPACE_API_KEY of a user who may see it"
        ) from error
    except requests.TooManyRedirects as error:
        raise ForbiddenUriError(f"METASPACE at {url} redirects; expected its final address") from error
    except requests.RequestException as error:
        raise TransientError(f"METASPACE at {url} does not respond now ({type(error).__name__})") from error
    except BadRequestException as error:
        raise _rejected_key(url) from error
    except GraphQLException as error:
        raise NotFoundError(
            f"METASPACE at {url} rejects the query ({str(error)[:200]}); expected a dataset and database that it has"
        ) from error
    except (InvalidResponseException, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnsupportedSourceError(
            f"METASPACE at {url} sent a response that its client does not understand ({type(error).__name__}); a newer"
            " metaspace2020 may be needed"
        ) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise TransientError(f"METASPACE at {url} sent an invalid response") from error


def _rejected_key(url: str) -> AccessDeniedError:
    return AccessDeniedError(
        f"METASPACE at {url} rejects this worker's key; expected a valid OFFSAMPLE_METASPACE_API_KEY"
    )
