"""The log of evaluations on the mouse bladder: each published ensemble is evaluated on it once, and that is logged.

The log is a file of this project's repository, so commands write it only with `--log-evaluation`.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path

from model_store.release import Release
from training.data_root import DATA_ROOT
from training.metrics.border_centre import RULE_NAME
from training.metrics.real_set_scores import RealSetScores

LOGGED_SET = "mouse_bladder"
LOG_PATH = DATA_ROOT / LOGGED_SET / "evaluations.csv"
_FIELDS = ("date", "release", "ensemble_onnx_sha256", "correct", "images", "auc")


def note_evaluation(release: Release, rows: list[RealSetScores], *, log: bool, path: Path = LOG_PATH) -> str | None:
    """With `log`, log a new evaluation; return a sentence about it, or None when it was not new."""
    if log:
        return f"logged the evaluation on {LOGGED_SET} in {path}" if log_evaluation(release, rows, path) else None
    if not _find_unlogged(release, rows, path):
        return None
    return f"the evaluation of this ensemble on {LOGGED_SET} is not logged yet; --log-evaluation adds it to {path.name}"


def log_evaluation(release: Release, rows: list[RealSetScores], path: Path = LOG_PATH) -> bool:
    """Append the scores of a release on the bladder, unless its ensemble is in the log already.

    Returns
    -------
    Whether a line was added.
    """
    unlogged = _find_unlogged(release, rows, path)
    if not unlogged:
        return False
    (scores,) = unlogged
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(_FIELDS)
        today = datetime.now(UTC).date().isoformat()
        auc = "" if scores.auc is None else f"{scores.auc:.4f}"
        writer.writerow((today, release.version, _identify(release), scores.correct, scores.images, auc))
    return True


def _find_unlogged(release: Release, rows: list[RealSetScores], path: Path) -> list[RealSetScores]:
    """The release's row on the bladder, unless its ensemble is in the log."""
    if _identify(release) in _logged_ensembles(path):
        return []
    return [row for row in rows if row.data_set == LOGGED_SET and row.predictor != RULE_NAME]


def _identify(release: Release) -> str:
    """The digest of the ensemble's graph, or of the first of its area networks."""
    area = release.manifest.area
    return (release.manifest.ensemble_onnx if area is None else area.members[0]).sha256


def _logged_ensembles(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["ensemble_onnx_sha256"] for row in csv.DictReader(stream)}
