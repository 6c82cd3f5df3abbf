"""A release of kind `area` against its plain release, on real acquisitions: `python benchmarks/area.py`.

The time is that of the whole classification, from the array file to the rows. Whatever the networks say, the decision
of the release is replaced by one that leads to each verdict in turn, because each asks other networks.
"""

from pathlib import Path

from measuring import compare, print_machine

from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine, Predictor
from model_store.release import Release, installed_versions, open_release
from shared.limits import Limits
from training.data_root import DATA_ROOT
from worker.access.allowed_roots import AllowedRoots
from worker.classification.classification import Classification, classify
from worker.messages.event import ArrayIonImages
from worker.sources.opening import SourceAccess, open_source

PLAIN = "2026.11.3"
ACQUISITIONS = ("mouse_bladder", "unlabelled/mouse_prostate_peptides", "acquisitions/rat_liver_ir_maldesi")
BOUNDS = {"present": (0.0, 1e-9), "absent": (1 - 1e-9, 1.0), "unclear": (0.0, 1.0)}


def open_with(release: Release, verdict: str) -> Predictor:
    """The release, with bounds that lead to this verdict."""
    area = release.manifest.area
    if area is None:
        raise SystemExit(f"expected a release of kind area, got {release.version}")
    absent_up_to, present_from = BOUNDS[verdict]
    decision = area.decision.model_copy(update={"absent_up_to": absent_up_to, "present_from": present_from})
    manifest = release.manifest.model_copy(update={"area": area.model_copy(update={"decision": decision})})
    return open_predictor(Release(release.folder, manifest), Engine.ONNX)


def run(path: Path, predictor: Predictor) -> Classification:
    """Classify all ion images of an array file."""
    access = SourceAccess(AllowedRoots((path.parent,)), Limits())
    source = open_source(ArrayIonImages(kind="array", uri=str(path)), access)
    return classify(source, source.annotations(), predictor)


newest = next(
    open_release(one) for one in reversed(installed_versions()) if open_release(one).manifest.area is not None
)
plain = open_predictor(open_release(PLAIN), Engine.ONNX)
predictors = {verdict: open_with(newest, verdict) for verdict in BOUNDS}
print_machine()
for name in ACQUISITIONS:
    path = DATA_ROOT / name / "ion_images.npz"
    ions = len(run(path, plain).rows)
    for verdict, predictor in predictors.items():
        print(f"{name}, {ions} ion images, verdict {verdict}: the ratio is speed of plain over speed of area")
        compare(
            f"area, release {newest.version}",
            lambda path=path, predictor=predictor: run(path, predictor),  # type: ignore[misc]
            f"plain, release {PLAIN}",
            lambda path=path: run(path, plain),  # type: ignore[misc]
            ions,
        )
