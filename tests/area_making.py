"""Small releases of kind `area`, whose networks are not fitted: which network decides is what tests are about."""

import shutil
from pathlib import Path

import keras

from model_store.area.decision import AreaDecision
from model_store.manifest import AreaParts, Manifest
from model_store.release import MANIFEST_NAME, Release, verify_release
from training.area.graph_files import build_area_files, name_area_members, name_graph
from training.area.network import build_network
from training.release.release_manifest import describe_file

MEMBERS = 2
DATASETS = 4
"""Of a batch that the networks are built for."""

ALWAYS = {
    "present": {"absent_up_to": 0.0, "present_from": 1e-9},
    "absent": {"absent_up_to": 1 - 1e-9, "present_from": 1.0},
    "unclear": {"absent_up_to": 0.0, "present_from": 1.0},
}
"""Bounds that lead to each verdict whatever the networks say."""


def make_decision(verdict: str = "unclear", **changes: float) -> AreaDecision:
    values = {"slope": 1.0, "context_slope": 0.0, "intercept": 0.0, "temperature": 1.0, **ALWAYS[verdict], **changes}
    return AreaDecision(**values, calibration="not calibrated")  # type: ignore[arg-type]


def make_area_release(plain: Release, root: Path) -> Release:
    """The members of a plain release and two area networks with random weights; its verdict is always `unclear`."""
    folder = root / "2000.1.1-area"
    shutil.copytree(plain.folder, folder)
    paths = []
    for number in range(1, MEMBERS + 1):
        keras.utils.set_random_seed(number)
        paths.append(root / f"fitted_{number}.keras")
        build_network(DATASETS).save(paths[-1])
    build_area_files(paths, folder, [])
    return decide_with(folder, plain.manifest, make_decision())


def decide_with(folder: Path, manifest: Manifest, decision: AreaDecision) -> Release:
    """The release in `folder`, with this decision."""
    graphs = {graph: describe_file(folder / name_graph(graph)) for graph in ("encode", "context", "judge", "verdict")}
    members = tuple(describe_file(folder / name) for name in name_area_members(MEMBERS))
    area = AreaParts(members=members, decision=decision, **graphs)
    changed = manifest.model_copy(update={"version": folder.name, "kind": "area", "area": area})
    (folder / MANIFEST_NAME).write_text(changed.model_dump_json(), encoding="utf-8")
    return verify_release(folder)
