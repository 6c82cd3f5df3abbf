"""The YAML at the head of a model card, as Hugging Face's model hub reads it."""

from collections.abc import Iterator

import yaml

from model_store.manifest import Manifest, PublishedScores
from training.metrics.border_centre import RULE_NAME

_FENCE = "---\n"
_TAGS = ("imaging-mass-spectrometry", "ion-image", "off-sample", "onnx", "keras")
_TASK = {"type": "image-classification", "name": "off-sample recognition"}


def add_front_matter(card: str, manifest: Manifest) -> str:
    """Put what the manifest states about licence, data and scores before a card, in place of such a head if it has one.

    Scores on acquisitions that were fitted on are left out: a list of numbers has no room for this warning.
    """
    fields = {
        "license": "apache-2.0",
        "library_name": "offsample",
        "pipeline_tag": _TASK["type"],
        "tags": [*_TAGS, manifest.kind],
        "model-index": [{"name": f"offsample {manifest.version}", "results": list(_results(manifest))}],
    }
    text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120)
    return f"{_FENCE}{text}{_FENCE}\n{skip_front_matter(card)}"


def skip_front_matter(card: str) -> str:
    """A card without the YAML at its head."""
    return card.partition(f"\n{_FENCE}\n")[2] if card.startswith(_FENCE) else card


def _results(manifest: Manifest) -> Iterator[dict[str, object]]:
    """A result for each set and each held-out acquisition; sets are never pooled."""
    for scores in manifest.figures:
        if scores.predictor != RULE_NAME and not _was_fitted_on(scores, manifest):
            metrics = [_metric("accuracy", scores.correct / scores.images, f"{scores.correct} of {scores.images}")]
            metrics += [] if scores.auc is None else [_metric("roc_auc", scores.auc, "AUC")]
            yield _result(scores.data_set, metrics)
    held_out = () if manifest.area is None else manifest.area.held_out
    for row in held_out:
        if row.ions is None and row.labelled:
            name = f"{row.acquisition}, by networks that did not see it"
            yield _result(name, [_metric("accuracy", row.correct / row.labelled, f"{row.correct} of {row.labelled}")])
    if manifest.benchmark is not None:
        scores_on = manifest.benchmark
        metrics = [_metric("f1", scores_on.f1, "F1"), _metric("roc_auc", scores_on.auc, "AUC")]
        yield _result("semi-synthetic benchmark", metrics)


def _was_fitted_on(scores: PublishedScores, manifest: Manifest) -> bool:
    names = {one.name for one in scores.acquisitions} | {scores.data_set}
    return not names.isdisjoint(manifest.provenance.fitted_on or ())


def _result(data_set: str, metrics: list[dict[str, object]]) -> dict[str, object]:
    return {"task": _TASK.copy(), "dataset": {"name": data_set, "type": "ion-images"}, "metrics": metrics}


def _metric(kind: str, value: float, name: str) -> dict[str, object]:
    return {"type": kind, "value": round(value, 4), "name": name}
