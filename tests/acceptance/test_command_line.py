"""The commands as processes, with a real server and worker."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from live_service import BLADDER, LiveService, make_event, read_by_eye
from PIL import Image

from model_store.release import RELEASES_ROOT, default_version, open_release


def _offsample(
    *arguments: object, service: LiveService | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "worker.cli.main", *map(str, arguments)],
        env=os.environ | (service.environment if service else {}) | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )


def _json_rows(text: str) -> dict[str, dict[str, Any]]:
    return {row["annotation_id"]: row for row in map(json.loads, text.splitlines())}


def _require_one_line(finished: subprocess.CompletedProcess[str]) -> None:
    assert finished.returncode != 0
    assert "Traceback" not in finished.stderr + finished.stdout
    assert finished.stderr.strip().count("\n") == 0, finished.stderr


def test_queue_and_classify_agree_on_the_same_files(service: LiveService) -> None:
    service.start_worker()
    queued = _offsample("submit", "--ion-images", BLADDER, "--wait", "--format", "json", service=service)
    direct = _offsample("classify", BLADDER, "--format", "json")

    assert (queued.returncode, direct.returncode) == (0, 0), queued.stderr + direct.stderr
    through_queue, directly = _json_rows(queued.stdout), _json_rows(direct.stdout)
    assert through_queue.keys() == directly.keys()
    assert len(directly) == 79
    for annotation_id, row in directly.items():
        assert through_queue[annotation_id]["label"] == row["label"]
        assert through_queue[annotation_id]["off_sample_probability"] == pytest.approx(
            row["off_sample_probability"], abs=1e-6
        )


def test_the_results_of_an_event_file_can_be_read_again_later(service: LiveService) -> None:
    service.start_worker()
    event = make_event(threshold=0.0)
    path = service.folder / "event.json"
    path.write_text(json.dumps(event))

    sent = _offsample("submit", path, "--wait", "--priority", "high", "--format", "csv", service=service)
    again = _offsample("submit", path, "--wait", "--format", "csv", service=service)
    read = _offsample("results", event["id"], "--format", "json", service=service)

    rows = list(csv.DictReader(io.StringIO(sent.stdout)))
    assert len(rows) == 79
    assert {row["label"] for row in rows} == {"off"}, "with threshold 0 everything is off-sample"
    assert again.stdout == sent.stdout, "a repeat is answered with the same rows"
    assert len(_json_rows(read.stdout)) == 79
    assert event["id"] in _offsample("results", service=service).stderr


def test_a_rejected_event_is_an_error(service: LiveService) -> None:
    service.start_worker()
    elsewhere = service.folder.parent / "elsewhere-offsample"
    elsewhere.mkdir(exist_ok=True)
    shutil.copy(next(BLADDER.iterdir()), elsewhere / "one.png")

    finished = _offsample("submit", "--ion-images", elsewhere, "--wait", service=service)

    shutil.rmtree(elsewhere)
    assert finished.returncode != 0
    assert "forbidden_uri" in finished.stderr
    assert "Traceback" not in finished.stderr
    (rejected,) = service.results()
    again = _offsample("results", rejected["data"]["event_id"], "--format", "json", service=service)
    assert again.returncode == 1
    assert "forbidden_uri" in again.stderr


def test_an_unanswered_event_is_reported_as_queued(service: LiveService) -> None:
    sent = _offsample("submit", "--ion-images", BLADDER, "--wait", "--timeout", "1", service=service)
    _, _, event_id = sent.stderr.partition("sent event ")
    assert "queue" in sent.stderr
    answer = _offsample("results", event_id.split()[0], service=service)
    assert "queued" in answer.stderr
    _require_one_line(answer)


def test_a_worker_that_may_read_nothing_logs_it(service: LiveService) -> None:
    worker = service.start_worker(allowed_roots="")
    assert worker.logged("nothing_is_allowed")


def test_a_worker_logs_its_release_and_what_it_may_read_at_its_start(service: LiveService) -> None:
    worker = service.start_worker(allowed_stores="https://example.org/ions")

    (started,) = worker.logged("worker_started")
    assert started["version"] == version("offsample")
    assert started["release"] == default_version()
    assert str(service.folder) in started["allowed_roots"]
    assert started["allowed_stores"] == ["https://example.org/ions"]


def test_a_misspelt_setting_is_an_error_and_an_unknown_variable_is_ignored() -> None:
    misspelt = _offsample("releases", "show", OFFSAMPLE_RELEASE_ROOT="/nowhere")
    _require_one_line(misspelt)
    assert (misspelt.returncode, "OFFSAMPLE_RELEASES_ROOT" in misspelt.stderr) == (3, True)

    foreign = _offsample("releases", "show", OFFSAMPLE_SERVICE_HOST="10.0.0.1")
    assert foreign.returncode == 0
    assert "OFFSAMPLE_SERVICE_HOST" in foreign.stderr


def test_invalid_input_of_submit_is_rejected_before_it_is_sent(service: LiveService) -> None:
    path = service.folder / "event.json"
    path.write_text('{"specversion": "1.0"}')

    wrong_options = ("--ion-images", BLADDER, "--dataset-id", "")
    for arguments in ((path,), ("/no/such/file",), (), ("--ion-images", "/no/such/folder"), wrong_options):
        _require_one_line(_offsample("submit", *arguments, service=service))
    changed = _offsample("submit", path, "--release", "1900.1.1", service=service)
    _require_one_line(changed)
    assert "options" in changed.stderr

    assert service.server.connect().xlen("offsample:events") == 0


def test_without_a_server_the_error_of_each_command_names_it(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/none.sock"
    for arguments in (("worker",), ("results",), ("health",), ("submit", "--ion-images", BLADDER)):
        finished = _offsample(*arguments, OFFSAMPLE_REDIS_URL=nowhere)
        _require_one_line(finished)
        assert "none.sock" in finished.stderr


def test_a_worker_does_not_start_on_a_release_that_was_altered(service: LiveService) -> None:
    releases = service.folder / "releases"
    shutil.copytree(RELEASES_ROOT, releases)
    member = releases / default_version() / "member_1.keras"
    member.write_bytes(member.read_bytes()[:-1] + b"?")

    finished = _offsample("worker", service=service, OFFSAMPLE_RELEASES_ROOT=str(releases))

    _require_one_line(finished)
    assert "member_1.keras" in finished.stderr


def test_a_worker_does_not_start_on_wrong_settings(service: LiveService) -> None:
    wrong = {
        "OFFSAMPLE_LEASE_SECONDS": "soon",
        "OFFSAMPLE_ALLOWED_ROOTS": "relative/folder",
        "OFFSAMPLE_REDIS_URL": "amqp://elsewhere",
        "OFFSAMPLE_RELEASE": "none-such",
    }
    for name, value in wrong.items():
        _require_one_line(_offsample("worker", service=service, **{name: value}))


def test_the_demo_classifies_the_real_bladder_and_cleans_up(tmp_path: Path) -> None:
    """Whatever the environment of its shell."""
    with TemporaryDirectory(prefix="offs-") as short:  # a unix socket's path must be short
        finished = _offsample(
            "demo", cwd=tmp_path, TMPDIR=short, OFFSAMPLE_NAMESPACE="elsewhere", OFFSAMPLE_THREADS="many"
        )
        assert list(Path(short).glob("offsample-*")) == [], "the server's data is gone"

    assert finished.returncode == 0, finished.stderr
    assert "79 ion images" in finished.stdout
    assert f"of {sum(label != 'unclear' for label in read_by_eye().values())} agree" in finished.stdout
    with Image.open(tmp_path / "offsample-demo" / "gallery.png") as page:
        assert page.size[0] > 1000
    assert "25 of 79 ion images" in (tmp_path / "offsample-demo" / "report.html").read_text(encoding="utf-8")


def test_health_succeeds_only_with_a_live_worker(service: LiveService) -> None:
    worker = service.start_worker()
    name = f"offsample-{worker.process.pid}"

    assert _offsample("health", "--name", name, service=service).returncode == 0
    assert name in _offsample("health", service=service).stdout
    _require_one_line(_offsample("health", "--name", "nobody", "--timeout", "1", service=service))


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

    finished = _offsample("classify", tmp_path, "--format", "json")

    rows = _json_rows(finished.stdout)
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

    finished = _offsample("classify", tmp_path / "left", tmp_path / "right", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(finished.stdout)))
    assert [(row["annotation_id"], row["dataset_id"]) for row in rows] == [("same", "left"), ("same", "right")]
    assert {row["release"] for row in rows} == {open_release().version}


def test_output_that_cannot_be_written_is_an_error_without_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "mit Leerzeichen und ümläut 日本"
    folder.mkdir()
    shutil.copy(next(BLADDER.iterdir()), folder / "größe.png")
    assert "größe" in _offsample("classify", folder, "--format", "csv", PYTHONIOENCODING="ascii").stdout
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
    finished = _offsample("classify", tmp_path, "--format", "json")
    assert finished.returncode != 0
    assert _json_rows(finished.stdout)["photo"]["status"] == "unreadable"
