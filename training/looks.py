"""The log of looks at the mouse bladder: each published ensemble sees it once, and every look is written down."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from model_store.release import Release
from training.data_root import DATA_ROOT
from training.evaluate import RULE_NAME
from training.figures import Figures

LOOKED_AT = "mouse_bladder"
LOG_PATH = DATA_ROOT / LOOKED_AT / "looks.csv"
_FIELDS = ("date", "release", "ensemble_onnx_sha256", "right", "images", "auc")


def log_look(release: Release, rows: list[Figures], path: Path = LOG_PATH) -> bool:
    """Append what a release did on the bladder, when it was looked at and this ensemble was not before.

    Returns
    -------
    Whether a line was added: printing a known figure again is no new look.
    """
    looked = [row for row in rows if row.data_set == LOOKED_AT and row.predictor != RULE_NAME]
    digest = release.manifest.ensemble_onnx.sha256
    if not looked or digest in _known(path):
        return False
    (figures,) = looked
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(_FIELDS)
        today = datetime.now(UTC).date().isoformat()
        auc = "" if figures.auc is None else f"{figures.auc:.4f}"
        writer.writerow((today, release.version, digest, figures.right, figures.images, auc))
    return True


def _known(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["ensemble_onnx_sha256"] for row in csv.DictReader(stream)}
