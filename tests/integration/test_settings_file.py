"""`offsample init` and `--env-file`."""

import os
from pathlib import Path

import numpy as np
import pytest
from command_running import run_command, run_process

from worker.settings import Settings


def test_a_settings_file_names_every_setting_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "offsample.env"
    assert run_command("init", str(path)).code == 0
    assert path.stat().st_mode & 0o077 == 0, "it is made to hold passwords"
    lines = path.read_text(encoding="utf-8").splitlines()
    named = {line.partition("=")[0] for line in lines if line.startswith("#OFFSAMPLE_")}
    assert named == {f"#OFFSAMPLE_{name.upper()}" for name in Settings.model_fields}
    assert all(line.startswith("#") or not line for line in lines)
    refused = run_command("init", str(path))
    assert (refused.code, "--force" in refused.errors) == (1, True)
    assert run_command("init", str(path), "--force").code == 0


@pytest.mark.parametrize(("given", "named"), [(None, "2000.1.1"), ("2000.2.2", "2000.2.2")])
def test_a_settings_file_is_read_and_the_environment_comes_first(tmp_path: Path, given: str | None, named: str) -> None:
    path, images = tmp_path / "offsample.env", tmp_path / "a.npz"
    np.savez(images, images=np.ones((1, 8, 8)))
    run_command("init", str(path))
    path.write_text(path.read_text().replace("#OFFSAMPLE_RELEASE=", "OFFSAMPLE_RELEASE=2000.1.1"))
    environment = {} if given is None else {"release": given}
    ended = run_process("--env-file", path, "classify", images, **environment)
    assert (ended.code, named in ended.errors) == (1, True), ended.errors


def test_a_settings_file_that_cannot_be_read_or_has_a_misspelt_name_is_an_error(tmp_path: Path) -> None:
    assert "no.env" in run_process("--env-file", tmp_path / "no.env", "releases", "list").errors
    path = tmp_path / "a.env"
    path.write_text("OFFSAMPLE_RELEASES_ROTO=/x\n")
    ended = run_process("--env-file", path, "classify", os.devnull)
    assert "OFFSAMPLE_RELEASES_ROOT" in ended.errors


@pytest.mark.parametrize(
    "line", ["OFFSAMPLE_REDIS_URL redis://user:secret@host", "OFFSAMPLE_REDIS_URL:secret", "OFFSAMPLE_X"]
)
def test_a_line_that_sets_nothing_is_an_error_that_names_it_and_shows_no_secret(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.env"
    path.write_text(f"# a comment\n\nOFFSAMPLE_RELEASE=1\n{line}\n")
    ended = run_process("--env-file", path, "queue", "status")
    assert (ended.code, "line 4: expected NAME=VALUE" in ended.errors, "secret" in ended.errors) == (3, True, False)


def test_a_value_of_the_environment_comes_before_a_file_of_it_in_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "a.env"
    path.write_text(f"OFFSAMPLE_REDIS_URL_FILE={tmp_path / 'nothing'}\n")
    ended = run_process("--env-file", path, "queue", "status", redis_url=f"unix://{tmp_path}/no.sock")
    assert (ended.code, "no.sock" in ended.errors) == (3, True)
