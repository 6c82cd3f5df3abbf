"""Stores and sources that several tests of ion images share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_stores import BUCKET, HttpFiles, S3Server, http_files, s3_server
from store_fetching import PNG

from shared.limits import Limits
from worker.files import AllowedRoots
from worker.sources.opening import SourceAccess


@pytest.fixture
def http() -> Iterator[HttpFiles]:
    with http_files({"/ds/a.png": PNG, "/ds/C6H12O6%2BH.png": PNG}) as served:
        yield served


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.put(
            {
                "ds/a.png": PNG, "ds/C6H12O6+H.png": PNG, "ds/B.PNG": PNG, "ds/notes.txt": b"", "ds/deep/c.png": PNG,
                "ds/empty.png": b"", "ds/cut.png": PNG[:60], "list.csv": b"annotation_id\na\n",
            }
        )  # fmt: skip
        yield server


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}"


@pytest.fixture
def access(tmp_path: Path) -> SourceAccess:
    return SourceAccess(AllowedRoots((tmp_path,)), Limits())
