"""Exit code 2 of the operators' commands; the rule is in docs/operations.md."""

import pytest
from command_running import run_command


@pytest.mark.parametrize(
    "line",
    [
        "dead-letters retry",
        "dead-letters drop",
        "dead-letters drop --all --error too_large",
        "dead-letters list --error to_large",
        "dead-letters list --older-than 7",
        "drift --since 7",
        "releases activate",
        "releases activate 2.0 --previous",
        "releases shadow 2.0 --off",
        "results trim --ignore-groups",
        "submit",
        "submit event.json --ion-images images",
        "submit event.json --priority urgent",
        "submit event.json --ppm 5",
    ],
)
def test_a_wrong_command_line_ends_with_exit_code_2_whatever_the_server_holds(line: str) -> None:
    ended = run_command(*line.split(), redis_url="unix:///nowhere/v.sock")
    assert (ended.code, "expected" in ended.errors) == (2, True), ended.errors
