"""What the commands that publish print at their end."""

from rich.console import Console

from model_store.release import Release
from training.metrics.real_set_scores import RealSetScores
from training.release.evaluation_log import note_evaluation
from training.release.evaluation_table import print_scores


def print_published(
    release: Release, rows: list[RealSetScores], console: Console, *, default: bool, log_evaluation: bool
) -> None:
    """Print the scores of a new release and where it is; log its evaluation on the bladder if told to."""
    print_scores(rows, console)
    note = note_evaluation(release, rows, log=log_evaluation)
    if note is not None:
        console.print(note, soft_wrap=True)
    made = " and made it the default" if default else ""
    console.print(f"published {release.version} in {release.folder}{made}", soft_wrap=True)
