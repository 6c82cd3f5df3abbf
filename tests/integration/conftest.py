"""Stores, sources and a context release that several tests share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ledger_driving import NAMES
from live_service import LiveServer, open_server
from live_stores import BUCKET, HttpFiles, S3Server, http_files, s3_server
from store_fetching import PNG

from model_store.release import Release
from shared.limits import Limits
from worker.access.allowed_roots import AllowedRoots
from worker.ledger.ledger import Ledger
from worker.sources.opening import SourceAccess

if TYPE_CHECKING:
    from training.fit.run_folder import RunFolder


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with open_server() as live:
        yield live


@pytest.fixture
def open_ledger(server: LiveServer) -> Callable[..., Ledger]:
    """Each call opens another ledger; the lease is 0.4 s by default."""

    def open_one(lease_seconds: float = 0.4) -> Ledger:
        ledger = Ledger(server.connect(), NAMES, lease_seconds=lease_seconds, max_message_bytes=1000, done_seconds=3600)
        ledger.create_groups()
        return ledger

    return open_one


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


@pytest.fixture(scope="module")
def without_graphs() -> Iterator[None]:
    """For modules that fit small networks: tracing a graph takes longer than their few steps."""
    import tensorflow as tf  # noqa: PLC0415 - as below

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def context_run(tmp_path_factory: pytest.TempPathFactory) -> "RunFolder":
    """One small network that uses the context."""
    from training.fit.fitting import fit_ensemble  # noqa: PLC0415 - as above
    from training.fit.recipe import RECIPES, PresetName  # noqa: PLC0415 - as above
    from training.fit.run_folder import RunFolder  # noqa: PLC0415 - as above
    from training.fit.settings import FitSettings  # noqa: PLC0415 - TensorFlow takes seconds, and most tests need none

    found = RunFolder(tmp_path_factory.mktemp("run"))
    recipe = RECIPES[PresetName.CONTEXT].model_copy(update={"epochs": 1, "batch": 16})
    settings = FitSettings(preset=PresetName.CONTEXT, recipe=recipe, images=32, members=1, seed=5, validation_images=8)
    fit_ensemble(settings, found, lambda _: None)
    return found


@pytest.fixture(scope="session")
def context_release(context_run: "RunFolder", tmp_path_factory: pytest.TempPathFactory) -> Release:
    from training.release.publish import publish_release  # noqa: PLC0415 - as above
    from training.release.release_manifest import ReleaseParts  # noqa: PLC0415 - as above

    return publish_release(context_run, "2000.1.1-context", ReleaseParts(), root=tmp_path_factory.mktemp("releases"))[0]
