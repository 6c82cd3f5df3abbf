"""The commands with a real server and worker; as processes of their own where that matters."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_running import Ended, run_command, run_process
from live_service import BLADDER, LiveService, make_event, open_service, read_by_eye
from PIL import Image

from model_store.release import RELEASES_ROOT, default_version, open_release


@pytest.fixture(scope="module")
def service() -> Iterator[LiveService]:
    """A server with one worker, which all tests share."""
    with open_service({}) as live:
        live.start_worker(allowed_stores="https://example.org/ions")
        yield live


@pytest.fixture(scope="module")
def idle() -> Iterator[LiveService]:
    """A server without a worker."""
    with open_service({}) as live:
        yield live


def _run(service: LiveService, *arguments: object, **settings: str) -> Ended:
    """Run a command in this process with the settings of a service."""
    own = {name.removeprefix("OFFSAMPLE_").lower(): value for name, value in service.environment.items()}
    return run_command(*map(str, arguments), **(own | settings))


def _json_rows(text: str) -> dict[str, dict[str, Any]]:
    return {row["annotation_id"]: row for row in map(json.loads, text.splitlines())}


def _require_one_line(finished: Ended) -> None:
    assert finished.code != 0
    assert "Traceback" not in finished.errors + finished.output
    assert finished.errors.strip().count("\n") == 0, finished.errors


def test_queue_and_classify_agree_on_the_same_files(service: LiveService) -> None:
    submit = ("submit", "--ion-images", BLADDER, "--wait", "--format", "json")
    queued = run_process(*submit, **service.environment)
    direct = run_process("classify", BLADDER, "--format", "json")

    assert (queued.code, direct.code) == (0, 0), queued.errors + direct.errors
    through_queue, directly = _json_rows(queued.output), _json_rows(direct.output)
    assert through_queue.keys() == directly.keys()
    assert len(directly) == 79
    for annotation_id, row in directly.items():
        assert through_queue[annotation_id]["label"] == row["label"]
        assert through_queue[annotation_id]["off_sample_probability"] == pytest.approx(
            row["off_sample_probability"], abs=1e-6
        )


def test_the_results_of_an_event_file_can_be_read_again_later(service: LiveService) -> None:
    event = make_event(threshold=0.0)
    path = service.folder / "event.json"
    path.write_text(json.dumps(event))

    sent = _run(service, "submit", path, "--wait", "--priority", "high", "--format", "csv")
    again = _run(service, "submit", path, "--wait", "--format", "csv")
    read = _run(service, "results", event["id"], "--format", "json")

    rows = list(csv.DictReader(io.StringIO(sent.output)))
    assert len(rows) == 79
    assert {row["label"] for row in rows} == {"off"}, "with threshold 0 everything is off-sample"
    assert again.output == sent.output, "a repeat is answered with the same rows"
    assert len(_json_rows(read.output)) == 79
    assert event["id"] in _run(service, "results").errors


def test_a_rejected_event_is_an_error(service: LiveService, tmp_path: Path) -> None:
    """The folder is outside the worker's roots."""
    shutil.copy(next(BLADDER.iterdir()), tmp_path / "one.png")

    finished = _run(service, "submit", "--ion-images", tmp_path, "--wait")

    assert finished.code != 0
    assert "forbidden_uri" in finished.errors
    assert "Traceback" not in finished.errors
    (rejected,) = [message for message in service.results() if message["data"].get("error")]
    again = _run(service, "results", rejected["data"]["event_id"], "--format", "json")
    assert again.code == 1
    assert "forbidden_uri" in again.errors


def test_health_succeeds_only_with_a_live_worker(service: LiveService) -> None:
    name = f"offsample-{service.workers[0].process.pid}"

    assert run_process("health", "--name", name, **service.environment).code == 0
    assert name in run_process("health", "--timeout", "2", **service.environment).output
    _require_one_line(run_process("health", "--name", "nobody", "--timeout", "1", **service.environment))


def test_a_worker_logs_its_release_and_what_it_may_read_at_its_start(service: LiveService) -> None:
    (started,) = service.workers[0].logged("worker_started")
    assert started["version"] == version("offsample")
    assert started["release"] == default_version()
    assert str(service.folder) in started["allowed_roots"]
    assert started["allowed_stores"] == ["https://example.org/ions"]
    assert not service.workers[0].logged("nothing_is_allowed")


def test_an_unanswered_event_is_reported_as_such(idle: LiveService) -> None:
    sent = _run(idle, "submit", "--ion-images", BLADDER, "--wait", "--timeout", "1")
    _, _, event_id = sent.errors.partition("sent event ")
    assert "queue" in sent.errors
    answer = _run(idle, "results", event_id.split()[0])
    assert "not answered yet" in answer.errors
    _require_one_line(answer)


def test_invalid_input_of_submit_is_rejected_before_it_is_sent(idle: LiveService) -> None:
    before = idle.server.connect().xlen("offsample:events")
    path = idle.folder / "event.json"
    path.write_text('{"specversion": "1.0"}')

    wrong_options = ("--ion-images", BLADDER, "--dataset-id", "")
    for arguments in ((path,), ("/no/such/file",), ("--ion-images", "/no/such/folder"), wrong_options):
        _require_one_line(_run(idle, "submit", *arguments))
    neither = _run(idle, "submit")
    assert (neither.code, "--ion-images" in neither.errors) == (2, True)
    changed = _run(idle, "submit", path, "--release", "1900.1.1")
    assert (changed.code, "options" in changed.errors) == (2, True)

    assert idle.server.connect().xlen("offsample:events") == before


@pytest.mark.timeout(60)
def test_a_worker_does_not_start_on_a_release_that_was_altered(idle: LiveService, tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    shutil.copytree(RELEASES_ROOT, releases)
    member = releases / default_version() / "member_1.keras"
    member.write_bytes(member.read_bytes()[:-1] + b"?")

    finished = _run(idle, "worker", releases_root=str(releases))

    _require_one_line(finished)
    assert "member_1.keras" in finished.errors


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("lease_seconds", "soon"),
        ("allowed_roots", "relative/folder"),
        ("redis_url", "amqp://elsewhere"),
        ("release", "none-such"),
    ],
)
def test_a_worker_does_not_start_on_wrong_settings(idle: LiveService, setting: str, value: str) -> None:
    _require_one_line(_run(idle, "worker", **{setting: value}))


def test_a_worker_that_may_read_nothing_logs_it(idle: LiveService) -> None:
    worker = idle.start_worker(allowed_roots="")
    assert worker.logged("nothing_is_allowed")


def test_a_misspelt_setting_is_an_error_and_an_unknown_variable_is_ignored() -> None:
    misspelt = run_command("releases", "show", release_root="/nowhere")
    _require_one_line(misspelt)
    assert (misspelt.code, "OFFSAMPLE_RELEASES_ROOT" in misspelt.errors) == (3, True)

    foreign = run_command("releases", "show", service_host="10.0.0.1")
    assert foreign.code == 0
    assert "OFFSAMPLE_SERVICE_HOST" in foreign.errors


def test_the_demo_classifies_the_real_bladder_and_cleans_up(tmp_path: Path) -> None:
    """Whatever the environment of its shell."""
    with TemporaryDirectory(prefix="offs-") as short:  # a unix socket's path must be short
        finished = run_process("demo", cwd=tmp_path, TMPDIR=short, namespace="elsewhere", threads="many")
        assert list(Path(short).glob("offsample-*")) == [], "the server's data is gone"

    assert finished.code == 0, finished.errors
    assert "79 ion images" in finished.output
    assert f"of {sum(label != 'unclear' for label in read_by_eye().values())} agree" in finished.output
    with Image.open(tmp_path / "offsample-demo" / "gallery.png") as page:
        assert page.size[0] > 1000
    assert "25 of 79 ion images" in (tmp_path / "offsample-demo" / "report.html").read_text(encoding="utf-8")


def test_importing_the_app_connects_nothing_and_reads_no_environment() -> None:
    code = "import worker.app, sys; assert 'onnxruntime' not in sys.modules and 'tensorflow' not in sys.modules"
    environment = os.environ | {"OFFSAMPLE_REDIS_URL": "amqp://wrong", "OFFSAMPLE_LEASE_SECONDS": "wrong"}
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_links_in_a_folder_are_followed(tmp_path: Path) -> None:
    first, second = sorted(BLADDER.iterdir())[:2]
    (tmp_path / first.name).symlink_to(first)
    (tmp_path / second.name).symlink_to(second)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "._mac.png").write_bytes(b"metadata of macOS")

    finished = run_command("classify", str(tmp_path), "--format", "json")

    rows = _json_rows(finished.output)
    assert {name: row["status"] for name, row in rows.items()} == {
        first.stem: "classified",
        second.stem: "classified",
        "gone": "unreadable",
    }
    assert "No such file" in rows["gone"]["reason"]


def test_rows_of_several_datasets_name_their_dataset_and_release(tmp_path: Path) -> None:
    one, two = sorted(BLADDER.iterdir())[:2]
    for name, source in (("left", one), ("right", two)):
        (tmp_path / name).mkdir()
        shutil.copy(source, tmp_path / name / "same.png")

    finished = run_command("classify", str(tmp_path / "left"), str(tmp_path / "right"), "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(finished.output)))
    assert [(row["annotation_id"], row["dataset_id"]) for row in rows] == [("same", "left"), ("same", "right")]
    assert {row["release"] for row in rows} == {open_release().version}


def test_output_that_cannot_be_written_is_an_error_without_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "mit Leerzeichen und ümläut 日本"
    folder.mkdir()
    shutil.copy(next(BLADDER.iterdir()), folder / "größe.png")
    assert "größe" in run_process("classify", folder, "--format", "csv", PYTHONIOENCODING="ascii").output
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(
            [sys.executable, "-m", "worker.cli.main", "classify", str(folder), "--format", "csv"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert finished.returncode != 0
    assert "Traceback" not in finished.stderr
    assert "No space left" in finished.stderr


def test_a_folder_without_readable_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\xff\xd8\xff\xe0 a JPEG by another name")
    finished = run_command("classify", str(tmp_path), "--format", "json")
    assert finished.code != 0
    assert _json_rows(finished.output)["photo"]["status"] == "unreadable"
