"""Evaluation of a release and of the untrained rule on each real set."""

from collections.abc import Sequence
from dataclasses import replace

from model_store.manifest import Manifest
from model_store.opening import open_predictor
from model_store.predictors.predictor import Engine
from model_store.release import Release
from shared.preprocessing import NetworkInputs
from shared.progress import ProgressCallback, follow, ignore_progress
from training.metrics.border_centre import OFF_ABOVE_RATIO, RULE_NAME, score_border_centre
from training.metrics.real_set_scores import RealSetScores, evaluate_predictions
from training.real_sets import RealSet
from training.release.set_prediction import Probabilities, predict_real_set


def evaluate_release(
    release: Release, real_sets: Sequence[RealSet], on_progress: ProgressCallback = ignore_progress
) -> list[RealSetScores]:
    """Two rows for every set: the release under ONNX Runtime, then the rule; sets are not pooled."""
    predictor = open_predictor(release, Engine.ONNX)
    rows: list[RealSetScores] = []
    what = f"evaluating {release.version} on the real sets"
    for real_set in follow(real_sets, what, len(real_sets), on_progress):
        inputs, probabilities = predict_real_set(predictor, real_set)
        rows.append(_evaluate_on_set(release.manifest, real_set, probabilities))
        rows.append(evaluate_rule(real_set, inputs))
    return rows


def evaluate_rule(real_set: RealSet, inputs: NetworkInputs) -> RealSetScores:
    """Evaluate the border/centre rule on one set."""
    ratios = score_border_centre(inputs)
    return evaluate_predictions(real_set, RULE_NAME, ratios, ratios > OFF_ABOVE_RATIO)


def _evaluate_on_set(manifest: Manifest, real_set: RealSet, probabilities: Probabilities) -> RealSetScores:
    found = evaluate_predictions(
        real_set, f"release {manifest.version}", probabilities, probabilities >= manifest.threshold
    )
    return replace(found, role=f"{found.role}{_describe_fit(real_set, manifest)}")


def _describe_fit(real_set: RealSet, manifest: Manifest) -> str:
    """Whether the release was fitted on images of this set, which limits what its scores mean."""
    fitted_on, acquisitions = manifest.provenance.fitted_on, set(real_set.dataset_of) - {""}
    if fitted_on is None:
        return "; not known whether they were fitted on"
    known = acquisitions & set(fitted_on)
    if known:
        return f"; images of {len(known)} of {len(acquisitions)} acquisitions were fitted on, whole or in patches"
    return "" if real_set.off.any() else "; none was fitted on"
