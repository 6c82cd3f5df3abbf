"""The log of looks at the mouse bladder: each published ensemble sees it once, and every look is written down.

The log is a file of this project's repository, so a command writes it only when it is asked to.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

from model_store.release import Release
from training.data_root import DATA_ROOT
from training.metrics.real_set_scores import RealSetScores
from training.metrics.release_scores import RULE_NAME

LOGGED_SET = "mouse_bladder"
LOG_PATH = DATA_ROOT / LOGGED_SET / "evaluations.csv"
_FIELDS = ("date", "release", "ensemble_onnx_sha256", "right", "images", "auc")


def note_evaluation(release: Release, rows: list[RealSetScores], *, log: bool, path: Path = LOG_PATH) -> str | None:
    """Log a new look when asked to, and give a sentence for people; None when there was no new look."""
    if log:
        return f"logged the look at {LOGGED_SET} in {path}" if log_evaluation(release, rows, path) else None
    if not _find_unlogged(release, rows, path):
        return None
    return f"this ensemble's look at {LOGGED_SET} is not in the log of looks; --log-evaluation adds it to {path.name}"


def log_evaluation(release: Release, rows: list[RealSetScores], path: Path = LOG_PATH) -> bool:
    """Append what a release did on the bladder, when it was looked at and this ensemble was not before.

    Returns
    -------
    Whether a line was added: printing a known figure again is no new look.
    """
    looked = _find_unlogged(release, rows, path)
    if not looked:
        return False
    (figures,) = looked
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(_FIELDS)
        today = datetime.now(UTC).date().isoformat()
        auc = "" if figures.auc is None else f"{figures.auc:.4f}"
        digest = release.manifest.ensemble_onnx.sha256
        writer.writerow((today, release.version, digest, figures.correct, figures.images, auc))
    return True


def _find_unlogged(release: Release, rows: list[RealSetScores], path: Path) -> list[RealSetScores]:
    """The release's row on the bladder, when this ensemble is not in the log."""
    if release.manifest.ensemble_onnx.sha256 in _known(path):
        return []
    return [row for row in rows if row.data_set == LOGGED_SET and row.predictor != RULE_NAME]


def _known(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["ensemble_onnx_sha256"] for row in csv.DictReader(stream)}
